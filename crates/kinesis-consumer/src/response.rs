//! The answer to the event source mapping.

use serde::Serialize;

/// Which record the mapping has to deliver again, with everything after it
/// ([partial batch responses](https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html)).
///
/// Of several identifiers of a stream Lambda takes the lowest, so there is at most one; of a queue it takes each.
/// The default is success.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    batch_item_failures: Vec<ItemFailure>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    item_identifier: String,
}

impl BatchResponse {
    /// Asks for everything from this sequence number on. Without one the identifier is empty, and
    /// Lambda delivers the whole batch again.
    pub fn again_from(sequence_number: Option<String>) -> Self {
        Self {
            batch_item_failures: vec![ItemFailure {
                item_identifier: sequence_number.unwrap_or_default(),
            }],
        }
    }

    /// Asks for these messages of a queue again, and no others.
    pub fn again(message_ids: impl IntoIterator<Item = String>) -> Self {
        let failure = |item_identifier| ItemFailure { item_identifier };
        Self {
            batch_item_failures: message_ids.into_iter().map(failure).collect(),
        }
    }

    /// Whether something is to be delivered again.
    pub fn asks_again(&self) -> bool {
        !self.batch_item_failures.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_has_the_form_that_the_mapping_reads() {
        let text = |answer: &BatchResponse| serde_json::to_string(answer).unwrap();
        assert_eq!(
            text(&BatchResponse::default()),
            r#"{"batchItemFailures":[]}"#
        );
        assert_eq!(
            text(&BatchResponse::again_from(Some("10".to_owned()))),
            r#"{"batchItemFailures":[{"itemIdentifier":"10"}]}"#
        );
        assert_eq!(
            text(&BatchResponse::again_from(None)),
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#
        );
        assert_eq!(
            text(&BatchResponse::again(["a".to_owned(), "b".to_owned()])),
            r#"{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"b"}]}"#
        );
    }
}
