//! Creates the resources of template.yaml and stores the first Salesforce token.

use std::{collections::BTreeMap, path::Path, time::Duration};

use aws_config::SdkConfig;
use aws_sdk_cloudformation::{
    Client as CloudFormation,
    types::{Capability, Parameter, ResourceStatus, StackStatus},
};
use aws_sdk_lambda::primitives::Blob;
use futures_util::future::try_join_all;
use serde_json::json;

use super::{
    error::Error,
    functions::{package::Package, template},
    sdk,
};
use crate::terminal::progress::Progress;

/// Lower case and short, since it is the prefix of the bucket name.
pub(super) const STACK: &str = "tt-local";
const ARTIFACTS: &str = "tt-local-artifacts";
const TEMPLATE: &str = "template.yaml";

/// Short enough that a user does not notice it.
const POLL: Duration = Duration::from_millis(100);

/// Physical ids of the stack's resources, by logical id.
#[derive(Debug)]
pub(super) struct Resources(BTreeMap<String, String>);

impl Resources {
    pub(super) fn get(&self, logical_id: &str) -> Option<&str> {
        self.0.get(logical_id).map(String::as_str)
    }

    pub(super) fn require(&self, logical_id: &str) -> Result<&str, Error> {
        self.get(logical_id).ok_or_else(|| Error::NoResource {
            logical_id: logical_id.to_owned(),
        })
    }
}

/// Stores each package under its key.
pub(super) async fn upload(sdk: &SdkConfig, packages: Vec<Package>) -> Result<(), Error> {
    let s3 = sdk::s3(sdk);
    let bucket = format!("create the bucket {ARTIFACTS}");
    s3.create_bucket()
        .bucket(ARTIFACTS)
        .send()
        .await
        .map_err(Error::aws(bucket))?;
    let uploads = packages.into_iter().map(|package| {
        let s3 = &s3;
        async move {
            let key = package.key();
            // Signing the body would hash it, which is slow in an unoptimized build.
            s3.put_object()
                .bucket(ARTIFACTS)
                .key(&key)
                .body(package.into_zip().into())
                .customize()
                .disable_payload_signing()
                .send()
                .await
                .map_err(Error::aws(format!("upload {key}")))
        }
    });
    try_join_all(uploads).await.map(drop)
}

/// Stores the template, as SAM does: a request may contain one of 51,200 bytes, and an object one of a megabyte.
async fn upload_template(sdk: &SdkConfig, template: &str) -> Result<String, Error> {
    sdk::s3(sdk)
        .put_object()
        .bucket(ARTIFACTS)
        .key(TEMPLATE)
        .body(template.as_bytes().to_vec().into())
        .send()
        .await
        .map_err(Error::aws("upload the template"))?;
    let endpoint = sdk.endpoint_url().unwrap_or_default();
    Ok(format!("{endpoint}/{ARTIFACTS}/{TEMPLATE}"))
}

/// Creates the stack and waits until it is complete.
pub(super) async fn create(
    sdk: &SdkConfig,
    template: &str,
    parameters: &BTreeMap<String, String>,
    log: &Path,
    progress: &dyn Progress,
) -> Result<Resources, Error> {
    let client = CloudFormation::new(sdk);
    let parameters = parameters.iter().map(|(key, value)| parameter(key, value));
    let template_url = upload_template(sdk, template).await?;
    client
        .create_stack()
        .stack_name(STACK)
        .template_url(template_url)
        .capabilities(Capability::CapabilityIam)
        .capabilities(Capability::CapabilityAutoExpand)
        .set_parameters(Some(parameters.collect()))
        .send()
        .await
        .map_err(Error::aws("create the stack from template.yaml"))?;
    loop {
        let described = client.describe_stacks().stack_name(STACK).send().await;
        let described = described.map_err(Error::aws("describe the stack"))?;
        let status = described
            .stacks()
            .first()
            .and_then(|stack| stack.stack_status());
        match status {
            Some(StackStatus::CreateComplete) => break,
            Some(StackStatus::CreateInProgress) | None => {}
            Some(_) => return Err(failure(&client, log).await),
        }
        progress.detail("creating its resources");
        tokio::time::sleep(POLL).await;
    }
    resources(&client).await
}

/// template.yaml with the code location of each function.
pub(super) fn packaged(template: &str, packages: &[Package]) -> Result<String, Error> {
    Ok(template::with_code(template, ARTIFACTS, packages)?)
}

/// Stores the credentials of the local Salesforce and invokes TMS Token Manager to fetch the first token.
pub(super) async fn first_token(sdk: &SdkConfig, resources: &Resources) -> Result<(), Error> {
    let credentials = json!({
        "client_id": salesforce_stand_in::CLIENT_ID,
        "client_secret": salesforce_stand_in::CLIENT_SECRET,
    });
    aws_sdk_secretsmanager::Client::new(sdk)
        .put_secret_value()
        .secret_id(resources.require("SalesforceCredentials")?)
        .secret_string(credentials.to_string())
        .send()
        .await
        .map_err(Error::aws("store the Salesforce credentials"))?;

    let answer = aws_sdk_lambda::Client::new(sdk)
        .invoke()
        .function_name(resources.require("TMSTokenManager")?)
        .payload(Blob::new(json!({"action": "refresh"}).to_string()))
        .send()
        .await
        .map_err(Error::aws("invoke TMS Token Manager"))?;
    if answer.function_error().is_none() {
        return Ok(());
    }
    let payload = answer.payload().map(AsRef::as_ref).unwrap_or_default();
    Err(Error::FirstToken {
        answer: String::from_utf8_lossy(payload).into_owned(),
    })
}

/// The error of the first resource that failed; the others were cancelled because of it.
async fn failure(client: &CloudFormation, log: &Path) -> Error {
    let log = log.to_owned();
    let mut events = match client
        .describe_stack_events()
        .stack_name(STACK)
        .send()
        .await
    {
        Ok(events) => events.stack_events.unwrap_or_default(),
        Err(error) => return Error::aws("read why the stack failed")(error),
    };
    // CloudFormation lists the newest first.
    events.reverse();
    let first = events
        .iter()
        .find(|event| event.resource_status() == Some(&ResourceStatus::CreateFailed))
        .or(events.last());
    let resource = first
        .and_then(|event| event.logical_resource_id())
        .unwrap_or(STACK)
        .to_owned();
    let reason = first
        .and_then(|event| event.resource_status_reason())
        .unwrap_or("no reason given")
        .to_owned();
    Error::Create {
        resource,
        reason,
        log,
    }
}

async fn resources(client: &CloudFormation) -> Result<Resources, Error> {
    let described = client
        .describe_stack_resources()
        .stack_name(STACK)
        .send()
        .await
        .map_err(Error::aws("list the resources of the stack"))?;
    let ids = described.stack_resources().iter().filter_map(|resource| {
        let logical = resource.logical_resource_id()?;
        Some((
            logical.to_owned(),
            resource.physical_resource_id()?.to_owned(),
        ))
    });
    Ok(Resources(ids.collect()))
}

fn parameter(key: &str, value: &str) -> Parameter {
    Parameter::builder()
        .parameter_key(key)
        .parameter_value(value)
        .build()
}
