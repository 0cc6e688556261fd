//! The account, Region and endpoint that a command reads from, and what a deployed stack contains.

use std::error::Error as StdError;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_cloudformation::{config::ProvideCredentials, error::ProvideErrorMetadata};

use crate::{
    operate::{self, Endpoint},
    stack::RunningStack,
};

/// The variable from which `tt-metrics` reads its namespace.
const NAMESPACE: &str = "TT_METRICS_NAMESPACE";

/// Why an account or a stack cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An AWS operation failed.
    #[error("failed to {action} ({account})")]
    Aws {
        /// The operation.
        action: String,
        /// Region and endpoint.
        account: String,
        /// The cause.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// There is no such stack.
    #[error("there is no stack `{stack}` ({account})")]
    NoStack {
        /// As given.
        stack: String,
        /// Region and endpoint.
        account: String,
    },
    /// No function of the stack sends metrics.
    #[error("no function of the stack `{stack}` has {NAMESPACE} in its environment")]
    NoNamespace {
        /// As given.
        stack: String,
    },
    /// The functions have different namespaces.
    #[error("the functions of the stack `{stack}` have different namespaces: {}", namespaces.join(", "))]
    Namespaces {
        /// As given.
        stack: String,
        /// The namespaces.
        namespaces: Vec<String>,
    },
}

/// An account as the endpoint and the AWS settings select it.
#[derive(Debug)]
pub struct Account {
    /// The configuration of SDK clients.
    pub sdk: SdkConfig,
    /// The Region.
    pub region: String,
}

/// A deployed stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// The account, from the stack's ARN.
    pub account: Option<String>,
    /// Logical and physical ids with the type of the resource.
    resources: Vec<Resource>,
    name: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Resource {
    logical_id: String,
    physical_id: String,
    kind: String,
}

impl Account {
    /// Reads the AWS settings: variables, profiles, or the instance; those of the local stack for the running demo.
    ///
    /// # Errors
    ///
    /// When they contain no Region.
    pub async fn at(endpoint: &Endpoint) -> Result<Self, operate::Error> {
        let sdk = match endpoint {
            Endpoint::Url(url) if !is_demo(url) => {
                let settings = aws_config::defaults(BehaviorVersion::latest());
                settings.endpoint_url(url).load().await
            }
            _ => endpoint.sdk().await?,
        };
        let region = sdk.region().ok_or(operate::Error::NoRegion)?.to_string();
        Ok(Self { sdk, region })
    }

    /// The address of the endpoint, or `None` for that of AWS.
    pub fn endpoint(&self) -> Option<&str> {
        self.sdk.endpoint_url()
    }

    /// The id of the account, if the credentials or the ARN of a stack contain it.
    pub async fn id(&self) -> Option<String> {
        let credentials = self
            .sdk
            .credentials_provider()?
            .provide_credentials()
            .await
            .ok()?;
        if let Some(id) = credentials.account_id() {
            return Some(id.as_str().to_owned());
        }
        let stacks = aws_sdk_cloudformation::Client::new(&self.sdk)
            .list_stacks()
            .send()
            .await
            .ok()?;
        stacks
            .stack_summaries()
            .iter()
            .find_map(|stack| account_of(stack.stack_id()?))
    }

    /// Reads a stack.
    ///
    /// # Errors
    ///
    /// When it does not exist or cannot be read.
    pub async fn stack(&self, name: &str) -> Result<Stack, Error> {
        let client = aws_sdk_cloudformation::Client::new(&self.sdk);
        let described = match client.describe_stacks().stack_name(name).send().await {
            Ok(described) => described,
            Err(error)
                if error
                    .message()
                    .is_some_and(|text| text.contains("does not exist")) =>
            {
                return Err(Error::NoStack {
                    stack: name.to_owned(),
                    account: self.place(),
                });
            }
            Err(error) => return Err(self.failed(format!("describe the stack {name}"), error)),
        };
        let id = described
            .stacks()
            .first()
            .and_then(|stack| stack.stack_id());
        let account = id.and_then(account_of);
        let mut pages = client
            .list_stack_resources()
            .stack_name(name)
            .into_paginator()
            .send();
        let mut resources = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                self.failed(format!("list the resources of the stack {name}"), error)
            })?;
            resources.extend(
                page.stack_resource_summaries()
                    .iter()
                    .filter_map(|resource| {
                        Some(Resource {
                            logical_id: resource.logical_resource_id()?.to_owned(),
                            physical_id: resource.physical_resource_id()?.to_owned(),
                            kind: resource.resource_type()?.to_owned(),
                        })
                    }),
            );
        }
        Ok(Stack {
            account,
            resources,
            name: name.to_owned(),
        })
    }

    /// The namespace in the environment of the stack's functions.
    ///
    /// # Errors
    ///
    /// When no function has one, or they have different ones.
    pub async fn namespace(&self, stack: &Stack) -> Result<String, Error> {
        let client = aws_sdk_lambda::Client::new(&self.sdk);
        let mut namespaces: Vec<String> = Vec::new();
        let functions = stack
            .resources
            .iter()
            .filter(|resource| resource.kind == "AWS::Lambda::Function");
        for function in functions {
            let name = &function.physical_id;
            let read = client
                .get_function_configuration()
                .function_name(name)
                .send()
                .await;
            let read = read
                .map_err(|error| self.failed(format!("read the environment of {name}"), error))?;
            let variables = read
                .environment()
                .and_then(|environment| environment.variables());
            let namespace = variables.and_then(|variables| variables.get(NAMESPACE));
            namespaces.extend(
                namespace
                    .filter(|namespace| !namespaces.contains(namespace))
                    .cloned(),
            );
        }
        let stack = stack.name.clone();
        match namespaces.as_slice() {
            [] => Err(Error::NoNamespace { stack }),
            [namespace] => Ok(namespace.clone()),
            _ => Err(Error::Namespaces { stack, namespaces }),
        }
    }

    fn place(&self) -> String {
        format!(
            "Region {}, endpoint {}",
            self.region,
            self.endpoint().unwrap_or("AWS")
        )
    }

    /// The error of an AWS operation, reduced to code and message.
    fn failed<E>(&self, action: String, error: E) -> Error
    where
        E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let source: Box<dyn StdError + Send + Sync> = match (error.code(), error.message()) {
            (Some(code), message) => {
                let words: Vec<_> = message.unwrap_or_default().split_whitespace().collect();
                format!("{code}: {}", words.join(" ")).into()
            }
            (None, _) => Box::new(error),
        };
        Error::Aws {
            action,
            account: self.place(),
            source,
        }
    }
}

impl Stack {
    /// The physical id of a resource.
    pub fn resource(&self, logical_id: &str) -> Option<&str> {
        let mut resources = self.resources.iter();
        let found = resources.find(|resource| resource.logical_id == logical_id);
        found.map(|resource| resource.physical_id.as_str())
    }
}

/// Whether this is the endpoint of the running demo.
fn is_demo(url: &str) -> bool {
    RunningStack::find().is_ok_and(|demo| demo.endpoint == url)
}

/// The account in an ARN.
fn account_of(arn: &str) -> Option<String> {
    let account = arn.split(':').nth(4)?;
    (!account.is_empty()).then(|| account.to_owned())
}

#[cfg(test)]
mod tests {
    use super::account_of;

    #[test]
    fn arn_contains_the_account() {
        let arn = "arn:aws:cloudformation:eu-central-1:123456789012:stack/tt-prod/1";
        assert_eq!(account_of(arn).as_deref(), Some("123456789012"));
        assert_eq!(account_of("arn:aws:s3:::bucket"), None);
        assert_eq!(account_of("stack"), None);
    }
}
