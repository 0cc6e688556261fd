//! The request in an event.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::token::Fingerprint;

/// The `ahead_seconds` of a scheduled event: the period of the schedule in `template.yaml`, one minute because
/// `EventBridge` may be late, and half a minute because Case Creation does not use a token shortly before it expires.
const SCHEDULE_AHEAD: Duration = Duration::from_secs(690);

/// The largest `ahead_seconds`: the longest lifetime of a token.
const MAX_AHEAD_SECONDS: u64 = 86_400;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// Replaces the stored token if a new one is due.
    Refresh(Refresh),
    /// Describes the stored token.
    Status,
}

/// The conditions of a refresh.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refresh {
    /// The token that Salesforce rejected with 401.
    pub rejected: Option<Fingerprint>,
    /// A token that expires within this time is replaced, too.
    pub ahead: Duration,
    /// Whether the request is a scheduled event.
    pub is_scheduled: bool,
}

/// The error of an invalid event. The text quotes only words that look like a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The event has no action and is not a scheduled event.
    #[error(
        "the event has no `action`: expected {{\"action\":\"refresh\"}} or {{\"action\":\"status\"}}"
    )]
    NoAction,
    /// The action does not exist.
    #[error("unknown action `{action}`, expected `refresh` or `status`")]
    UnknownAction {
        /// The action, if it looks like a name.
        action: String,
    },
    /// The action has no such field.
    #[error("unknown field `{field}` for action `{action}`")]
    UnknownField {
        /// The action.
        action: &'static str,
        /// The field, if it looks like a name.
        field: String,
    },
    /// `rejected` is not a fingerprint. It may be the token, so it is not quoted.
    #[error("`rejected` must be a token's fingerprint: 16 lower-case hexadecimal digits")]
    NoFingerprint,
    /// `ahead_seconds` is not a number in range.
    #[error("`ahead_seconds` must be a whole number from 0 to {MAX_AHEAD_SECONDS}")]
    NoAhead,
}

impl Request {
    /// Parses an event.
    ///
    /// # Errors
    ///
    /// When the event is neither of the two actions nor a scheduled event.
    pub fn parse(event: &Value) -> Result<Self, RequestError> {
        let fields = event.as_object().ok_or(RequestError::NoAction)?;
        let Some(action) = fields.get("action") else {
            let is_schedule =
                fields.get("detail-type").and_then(Value::as_str) == Some("Scheduled Event");
            let scheduled = Refresh {
                ahead: SCHEDULE_AHEAD,
                is_scheduled: true,
                ..Refresh::default()
            };
            return is_schedule
                .then_some(Self::Refresh(scheduled))
                .ok_or(RequestError::NoAction);
        };
        match action.as_str() {
            Some("refresh") => {
                refuse_unknown("refresh", fields, &["rejected", "ahead_seconds"])?;
                Ok(Self::Refresh(Refresh {
                    rejected: rejected(fields.get("rejected"))?,
                    ahead: ahead(fields.get("ahead_seconds"))?,
                    is_scheduled: false,
                }))
            }
            Some("status") => {
                refuse_unknown("status", fields, &[])?;
                Ok(Self::Status)
            }
            other => Err(RequestError::UnknownAction {
                action: name_like(other.unwrap_or("")),
            }),
        }
    }
}

fn rejected(value: Option<&Value>) -> Result<Option<Fingerprint>, RequestError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Fingerprint::parse(text)
            .map(Some)
            .ok_or(RequestError::NoFingerprint),
        Some(_) => Err(RequestError::NoFingerprint),
    }
}

fn ahead(value: Option<&Value>) -> Result<Duration, RequestError> {
    let seconds = value.map_or(Some(0), Value::as_u64);
    let seconds = seconds.filter(|&seconds| seconds <= MAX_AHEAD_SECONDS);
    seconds
        .map(Duration::from_secs)
        .ok_or(RequestError::NoAhead)
}

fn refuse_unknown(
    action: &'static str,
    fields: &Map<String, Value>,
    known: &[&str],
) -> Result<(), RequestError> {
    let is_unknown = |name: &&String| *name != "action" && !known.contains(&name.as_str());
    match fields.keys().find(is_unknown) {
        Some(field) => Err(RequestError::UnknownField {
            action,
            field: name_like(field),
        }),
        None => Ok(()),
    }
}

/// Returns the text if it looks like a name. A token or key in the wrong place is not repeated.
fn name_like(text: &str) -> String {
    let is_name = (1..=24).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    if is_name {
        text.to_owned()
    } else {
        "..".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_two_actions_and_the_schedule_are_distinguished() {
        assert_eq!(
            Request::parse(&json!({"action": "status"})),
            Ok(Request::Status)
        );
        let refresh = Request::parse(&json!({"action": "refresh"}));
        assert_eq!(refresh, Ok(Request::Refresh(Refresh::default())));
        let event = json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}});
        let scheduled = Refresh {
            rejected: None,
            ahead: Duration::from_secs(690),
            is_scheduled: true,
        };
        assert_eq!(Request::parse(&event), Ok(Request::Refresh(scheduled)));
    }

    #[test]
    fn a_refresh_contains_the_fingerprint_of_the_rejected_token() {
        let event = json!({"action": "refresh", "rejected": "0123456789abcdef"});
        let Ok(Request::Refresh(refresh)) = Request::parse(&event) else {
            panic!("no refresh")
        };
        assert_eq!(refresh.rejected, Fingerprint::parse("0123456789abcdef"));
    }

    #[test]
    fn the_error_of_another_event_names_the_expected_actions() {
        let error = |event: Value| Request::parse(&event).unwrap_err().to_string();
        assert_eq!(
            error(json!({"action": "revoke"})),
            "unknown action `revoke`, expected `refresh` or `status`"
        );
        assert_eq!(
            error(json!({"action": "refresh", "reject": 1})),
            "unknown field `reject` for action `refresh`"
        );
        assert_eq!(
            error(json!({"Records": []})),
            r#"the event has no `action`: expected {"action":"refresh"} or {"action":"status"}"#
        );
        assert_eq!(Request::parse(&json!([])), Err(RequestError::NoAction));
        let event = json!({"action": "refresh", "ahead_seconds": -1});
        assert_eq!(Request::parse(&event), Err(RequestError::NoAhead));
    }

    #[test]
    fn an_error_does_not_repeat_a_token() {
        let token = "00D5g000004!AQ4AQCanary";
        for event in [
            json!({"action": token}),
            json!({"action": "refresh", "rejected": token}),
            json!({"action": "refresh", token: 1}),
        ] {
            let error = Request::parse(&event).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("Canary"));
        }
    }
}
