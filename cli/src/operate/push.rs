//! Replaces the code of a function, waits until Lambda has accepted it, and invokes the function.

use std::time::{Duration, Instant};

use aws_sdk_lambda::{
    Client,
    primitives::Blob,
    types::{Architecture, LastUpdateStatus, LogType},
};
use data_encoding::BASE64;
use serde_json::Value;

use super::{
    backup::Backups,
    error::Error,
    live::{self, Function},
    program::Sha256Hash,
    release::Location,
    target::Target,
};

/// The largest zip of a request
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const MAX_ZIP_BYTES: usize = 50 * 1024 * 1024;
/// Longer than Lambda takes to replace the code of a function.
const UPDATE_TIMEOUT: Duration = Duration::from_mins(5);
/// A smoke test has no effect and takes no time, but the function may be slow to start.
const SMOKE_TIMEOUT: Duration = Duration::from_mins(1);
/// The longest quotation of an answer.
const MAX_ANSWER: usize = 300;

/// New code.
#[derive(Debug)]
pub(super) enum Code<'a> {
    /// An object in S3.
    Object(&'a Location),
    /// A zip in memory.
    Zip(Vec<u8>),
}

/// Replaces the code of `function`, unless it has changed since it was read, and waits until the function has it.
pub(super) async fn update(
    target: &Target,
    function: &Function,
    code: Code<'_>,
    sha256: &Sha256Hash,
) -> Result<(), Error> {
    let logical_id = &function.logical_id;
    let update = Client::new(target.sdk())
        .update_function_code()
        .function_name(&function.name)
        .revision_id(&function.revision_id)
        // Without it, the default of the request is x86_64.
        .architectures(Architecture::from(function.architecture.as_str()));
    let update = match code {
        Code::Object(location) => update
            .s3_bucket(&location.bucket)
            .s3_key(&location.key)
            .set_s3_object_version(location.version.clone()),
        Code::Zip(zip) => update.zip_file(Blob::new(zip)),
    };
    let updated = update.send().await;
    updated.map_err(Error::aws(format!("replace the code of `{logical_id}`")))?;
    let started_at = Instant::now();
    let poll = if target.is_local {
        Duration::from_millis(50)
    } else {
        Duration::from_secs(1)
    };
    loop {
        let read = Client::new(target.sdk())
            .get_function_configuration()
            .function_name(&function.name)
            .send()
            .await
            .map_err(Error::aws(format!("read the state of `{logical_id}`")))?;
        let refused = |reason: &str| Error::Update {
            logical_id: logical_id.clone(),
            reason: reason.to_owned(),
        };
        match read.last_update_status() {
            Some(LastUpdateStatus::InProgress) if started_at.elapsed() < UPDATE_TIMEOUT => {}
            Some(LastUpdateStatus::InProgress) => return Err(refused("it takes too long")),
            Some(LastUpdateStatus::Failed) => {
                return Err(refused(
                    read.last_update_status_reason().unwrap_or("no reason"),
                ));
            }
            _ => {
                let live = read.code_sha256().and_then(Sha256Hash::from_base64);
                if live.as_ref() == Some(sha256) {
                    return Ok(());
                }
                let found = live.as_ref().map_or("other code", Sha256Hash::short);
                return Err(Error::ChangedBetween {
                    logical_id: logical_id.clone(),
                    found: found.to_owned(),
                });
            }
        }
        tokio::time::sleep(poll).await;
    }
}

/// Whether a zip can be sent in a request.
pub(super) fn check_size(target: &Target, logical_id: &str, zip: &[u8]) -> Result<(), Error> {
    if target.is_local || zip.len() <= MAX_ZIP_BYTES {
        return Ok(());
    }
    Err(Error::TooLarge {
        logical_id: logical_id.to_owned(),
        bytes: zip.len(),
    })
}

/// Stores the live code of a function, and returns whether it is new.
pub(super) async fn keep(
    target: &Target,
    backups: &Backups,
    function: &Function,
) -> Result<bool, Error> {
    let zip = live::code(target, function).await?;
    check_size(target, &function.logical_id, &zip)?;
    store(backups, function, zip).await
}

/// Stores the live code of a function on another thread, since it is hashed.
pub(super) async fn store(
    backups: &Backups,
    function: &Function,
    zip: Vec<u8>,
) -> Result<bool, Error> {
    let (backups, name) = (backups.clone(), function.name.clone());
    let configuration = function.configuration.clone();
    let storing = tokio::task::spawn_blocking(move || backups.keep(&name, &zip, &configuration));
    Ok(storing.await??)
}

/// Pushes the backup `before` to a function that runs `pushed`. A function that runs `before` already is not changed.
pub(super) async fn restore(
    target: &Target,
    backups: &Backups,
    names: (&str, &str),
    pushed: &Sha256Hash,
    before: &Sha256Hash,
) -> Result<(), Error> {
    let (logical_id, name) = names;
    let function = settled(target, logical_id, name).await?;
    if function.sha256 == *before {
        return Ok(());
    }
    if function.sha256 != *pushed {
        return Err(Error::ChangedBetween {
            logical_id: logical_id.to_owned(),
            found: function.sha256.short().to_owned(),
        });
    }
    let zip = load(backups, &function, before).await?;
    update(target, &function, Code::Zip(zip), before).await
}

/// A backup of a function.
pub(super) async fn load(
    backups: &Backups,
    function: &Function,
    sha256: &Sha256Hash,
) -> Result<Vec<u8>, Error> {
    let (backups, name, hash) = (backups.clone(), function.name.clone(), sha256.clone());
    let loading = tokio::task::spawn_blocking(move || backups.load(&name, &hash));
    loading
        .await??
        .ok_or_else(|| Error::NoBackup(sha256.hex().to_owned()))
}

/// A function that accepts a change: an update that another request started has ended.
async fn settled(target: &Target, logical_id: &str, name: &str) -> Result<Function, Error> {
    let started_at = Instant::now();
    loop {
        let function = live::function(target, logical_id, name).await?;
        let function = function.ok_or_else(|| Error::NoFunction(target.stack.clone()))?;
        if function.busy.is_none() || started_at.elapsed() >= UPDATE_TIMEOUT {
            return Ok(function);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Invokes a function with a payload that has no effect.
pub(super) async fn smoke(
    target: &Target,
    logical_id: &str,
    name: &str,
    payload: &str,
) -> Result<(), Error> {
    let failed = |answer: String| Error::Smoke {
        logical_id: logical_id.to_owned(),
        payload: payload.to_owned(),
        answer,
    };
    let client = Client::new(target.sdk());
    let invoke = client.invoke().function_name(name).log_type(LogType::Tail);
    let invoke = invoke.payload(Blob::new(payload)).send();
    let Ok(invoked) = tokio::time::timeout(SMOKE_TIMEOUT, invoke).await else {
        return Err(failed(format!(
            "no answer within {} s",
            SMOKE_TIMEOUT.as_secs()
        )));
    };
    let invoked = invoked.map_err(Error::aws(format!("invoke `{logical_id}`")))?;
    if invoked.function_error().is_none() {
        return Ok(());
    }
    let answer = invoked.payload().map(AsRef::as_ref).unwrap_or_default();
    Err(failed(failure(answer, invoked.log_result())))
}

/// The error of a function, and the last line of its log that does not belong to the platform.
fn failure(answer: &[u8], log: Option<&str>) -> String {
    let parsed: Value = serde_json::from_slice(answer).unwrap_or(Value::Null);
    let message = parsed
        .get("errorMessage")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let message = message.unwrap_or_else(|| String::from_utf8_lossy(answer).into_owned());
    let log = log.and_then(|log| BASE64.decode(log.as_bytes()).ok());
    let log = log.map(|log| String::from_utf8_lossy(&log).into_owned());
    let log = log.unwrap_or_default();
    let platform = ["START ", "END ", "REPORT ", "INIT_", "EXTENSION\t"];
    let line = log
        .lines()
        .map(str::trim)
        .rfind(|line| !line.is_empty() && !platform.iter().any(|prefix| line.starts_with(prefix)));
    let text = line.map_or(message.clone(), |line| {
        format!("{message}; last log line: {line}")
    });
    text.chars()
        .filter(|c| !c.is_control())
        .take(MAX_ANSWER)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_has_the_message_and_the_last_line_of_the_function() {
        let log =
            "START RequestId: 1\nerror: no variable X\nEND RequestId: 1\nREPORT RequestId: 1\n";
        let log = BASE64.encode(log.as_bytes());
        let answer = br#"{"errorType":"Runtime.ExitError","errorMessage":"exit status 1"}"#;
        assert_eq!(
            failure(answer, Some(&log)),
            "exit status 1; last log line: error: no variable X"
        );
        assert_eq!(failure(b"text", None), "text");
        assert_eq!(failure(&[b'x'; 1000], None).len(), MAX_ANSWER);
    }
}
