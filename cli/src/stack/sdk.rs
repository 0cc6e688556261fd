//! SDK clients of the local stack, and uploads.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, RequestChecksumCalculation, SharedCredentialsProvider};
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};

use super::error::Error;

/// The Region of the local stack.
pub(super) const REGION: &str = "us-east-1";
/// Access key and secret; the endpoint checks neither.
pub(super) const CREDENTIALS: (&str, &str) = ("test", "test");
/// The prefix of the notification filter in the template.
const INCOMING: &str = "incoming/";

/// An uploaded object: the fields of its S3 notification.
#[derive(Debug, Clone)]
pub struct Uploaded {
    /// Bucket name.
    pub bucket: String,
    /// Object key, not encoded.
    pub key: String,
    /// Version id of this upload.
    pub version_id: String,
}

/// SDK configuration without the user's settings: no AWS profile, and no proxy, which could not reach this machine.
pub(crate) fn config(endpoint: &str) -> SdkConfig {
    let (key, secret) = CREDENTIALS;
    let credentials = Credentials::new(key, secret, None, None, "local stack");
    let http_client = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(CryptoMode::AwsLc))
        .build_https();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .http_client(http_client)
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .build()
}

/// A client that addresses buckets by path, since 127.0.0.1 has no host name for each bucket.
pub fn s3(sdk: &SdkConfig) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(sdk)
        .force_path_style(true)
        .build();
    aws_sdk_s3::Client::from_conf(config)
}

/// Uploads a file under `incoming/`.
pub(super) async fn upload(
    sdk: &SdkConfig,
    bucket: &str,
    name: &str,
    body: Vec<u8>,
) -> Result<Uploaded, Error> {
    let key = format!("{INCOMING}{name}");
    let put = s3(sdk)
        .put_object()
        .bucket(bucket)
        .key(&key)
        .body(body.into())
        .send()
        .await;
    let put = put.map_err(Error::aws(format!("upload {key} to {bucket}")))?;
    let version_id = put.version_id.unwrap_or_default();
    Ok(Uploaded {
        bucket: bucket.to_owned(),
        key,
        version_id,
    })
}
