//! The adapter to the queue through which one invocation hands the rest of an upload on to the next.

use std::{error::Error as StdError, time::Duration};

use aws_sdk_sqs::{Client, error::ProvideErrorMetadata};
use function_log::Text;
use retry::Deadline;

use crate::{
    notification,
    upload::{Position, Upload},
};

/// The longest time for handing on one upload.
const MAX_SEND: Duration = Duration::from_secs(20);

/// The queue of the function, if it has one.
#[derive(Debug, Clone)]
pub(crate) struct Queue {
    client: Client,
    url: String,
}

/// The queue did not take a message.
#[derive(Debug, thiserror::Error)]
#[error("failed to send a message to the queue: {}", Text(.code))]
struct QueueError {
    code: String,
    source: Box<dyn StdError + Send + Sync>,
}

impl Queue {
    pub(crate) fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Hands the rest of an upload on to the next invocation; false when that fails, or did not lead to any progress the
    /// last times.
    pub(crate) async fn hand_on(
        &self,
        upload: &Upload,
        position: Position,
        deadline: Deadline,
    ) -> bool {
        let Some(rest) = upload.rest_at(position) else {
            return false;
        };
        let key = &upload.object.key;
        let Position { index, offset, .. } = rest.position;
        // A queue that hangs must leave the time for parking what it does not take.
        match tokio::time::timeout(deadline.share(MAX_SEND), self.send(&rest)).await {
            Ok(Ok(())) => {
                tracing::info!(key, index, offset, "handed on to the next invocation");
                true
            }
            Ok(Err(error)) => {
                tracing::error!(key, index, offset, %error, "not handed on");
                false
            }
            Err(_) => {
                tracing::error!(key, index, offset, "no answer in time, not handed on");
                false
            }
        }
    }

    async fn send(&self, upload: &Upload) -> Result<(), QueueError> {
        let mut request = self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_body(notification::continuation(upload));
        let kind = self.url.rsplit_once('.').map(|(_, kind)| kind);
        if kind == Some("fifo") {
            // A message that is sent twice, because its answer was lost, arrives once.
            let file = Upload::new(upload.object.clone()).name();
            request = request
                .message_group_id(file)
                .message_deduplication_id(upload.name());
        }
        match Box::pin(request.send()).await {
            Ok(_) => Ok(()),
            Err(error) => Err(QueueError {
                code: error.code().unwrap_or("no answer").to_owned(),
                source: Box::new(error),
            }),
        }
    }
}
