//! The adapter to the queue through which one invocation hands the rest of an upload to the next.

use aws_sdk_sqs::{Client, error::ProvideErrorMetadata};

use crate::{Error, upload::Upload};

/// The queue of the function, if it has one.
#[derive(Debug, Clone)]
pub(crate) struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    pub(crate) fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Sends an upload to the next invocation.
    pub(crate) async fn send(&self, upload: &Upload) -> Result<(), Error> {
        let mut request = self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_body(upload.encode());
        let kind = self.url.rsplit_once('.').map(|(_, kind)| kind);
        if kind == Some("fifo") {
            // A message sent twice because its answer was lost arrives once.
            let file = Upload::new(upload.object.clone()).name();
            request = request
                .message_group_id(file)
                .message_deduplication_id(upload.name());
        }
        match Box::pin(request.send()).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Error::Queue {
                code: error.code().unwrap_or("no answer").to_owned(),
                source: Box::new(error),
            }),
        }
    }
}
