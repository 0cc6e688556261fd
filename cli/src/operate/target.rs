//! The stack of a command: its account, Region, endpoint and name.

use std::net::IpAddr;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_cloudformation::types::StackStatus;
use serde::Serialize;

use super::error::Error;
use crate::stack::{self, LocalStack, RunningStack};

/// The variable that names an endpoint.
pub const ENDPOINT: &str = "AWS_ENDPOINT_URL";

/// Where the AWS services are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// The services of AWS.
    Aws,
    /// An address.
    Url(String),
}

/// A stack, described by its ARN.
#[derive(Debug, Clone, Serialize)]
pub struct Target {
    /// The account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// `aws` in the commercial Regions.
    pub partition: String,
    /// `AWS` or an address.
    pub endpoint: String,
    /// Whether the endpoint is on this machine. On all others, changes must be confirmed.
    pub is_local: bool,
    /// The name of the stack.
    pub stack: String,
    /// The state of the stack.
    pub status: String,
    #[serde(skip)]
    sdk: SdkConfig,
}

impl Endpoint {
    /// Chooses the endpoint: the option of the command line, else the variable `AWS_ENDPOINT_URL`, else the running
    /// `cargo tt demo`, else AWS.
    ///
    /// # Errors
    ///
    /// When the option is no endpoint, names the demo and none runs, or contradicts the variable.
    pub fn choose(
        option: Option<&str>,
        variable: Option<String>,
        demo: impl FnOnce() -> Result<RunningStack, stack::Error>,
    ) -> Result<Self, Error> {
        let variable = variable.filter(|url| !url.is_empty());
        match option {
            Some("aws") => variable.map_or(Ok(Self::Aws), |url| Err(Error::EndpointVariable(url))),
            Some("local") => Ok(Self::Url(demo()?.endpoint)),
            Some(url) => Self::of_url(url),
            None => match variable {
                Some(url) => Self::of_url(&url),
                None => Ok(demo().map_or(Self::Aws, |demo| Self::Url(demo.endpoint))),
            },
        }
    }

    fn of_url(url: &str) -> Result<Self, Error> {
        let is_http = reqwest::Url::parse(url)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if is_http {
            Ok(Self::Url(url.trim_end_matches('/').to_owned()))
        } else {
            Err(Error::Endpoint(url.to_owned()))
        }
    }

    /// Whether it is on this machine.
    pub fn is_local(&self) -> bool {
        let Self::Url(url) = self else { return false };
        let url = reqwest::Url::parse(url).ok();
        let host = url.as_ref().and_then(reqwest::Url::host_str);
        host.is_some_and(|host| {
            let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
            host == "localhost" || address.is_ok_and(|address| address.is_loopback())
        })
    }

    /// The configuration of SDK clients.
    pub(crate) async fn sdk(&self) -> Result<SdkConfig, Error> {
        if let Self::Url(url) = self
            && self.is_local()
        {
            return Ok(stack::sdk::config(url));
        }
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Self::Url(url) = self {
            loader = loader.endpoint_url(url);
        }
        let sdk = loader.load().await;
        if sdk.region().is_none() {
            return Err(Error::NoRegion);
        }
        Ok(sdk)
    }
}

impl Target {
    /// Finds a stack. Without a name it is the stack of `cargo tt demo` on this machine, and an error elsewhere.
    ///
    /// # Errors
    ///
    /// When the stack does not exist or cannot be described.
    pub async fn find(endpoint: Endpoint, stack: Option<&str>) -> Result<Self, Error> {
        let default = endpoint.is_local().then_some(LocalStack::NAME);
        let stack = stack.or(default).ok_or(Error::NoStackName)?;
        let sdk = endpoint.sdk().await?;
        let action = format!("describe the stack `{stack}`");
        let described = aws_sdk_cloudformation::Client::new(&sdk)
            .describe_stacks()
            .stack_name(stack)
            .send()
            .await
            .map_err(Error::aws(action.clone()))?;
        let missing = |part| Error::Incomplete {
            action: action.clone(),
            part,
        };
        let described = described.stacks.unwrap_or_default().into_iter().next();
        let described = described.ok_or_else(|| missing("stack"))?;
        let arn = described.stack_id.as_deref().and_then(parse_arn);
        let [partition, region, account] = arn.ok_or_else(|| missing("ARN of the stack"))?;
        let status = described.stack_status;
        Ok(Self {
            account: account.to_owned(),
            region: region.to_owned(),
            partition: partition.to_owned(),
            is_local: endpoint.is_local(),
            endpoint: match &endpoint {
                Endpoint::Aws => "AWS".to_owned(),
                Endpoint::Url(url) => url.clone(),
            },
            stack: described.stack_name.unwrap_or_else(|| stack.to_owned()),
            status: status
                .as_ref()
                .map_or("unknown", StackStatus::as_str)
                .to_owned(),
            sdk,
        })
    }

    /// The line that every command prints first.
    pub fn heading(&self) -> String {
        let Self {
            account,
            region,
            endpoint,
            stack,
            ..
        } = self;
        let local = if self.is_local { " (this machine)" } else { "" };
        format!("account {account} · Region {region} · endpoint {endpoint}{local} · stack {stack}")
    }

    /// Configuration of the SDK clients.
    pub fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    pub(super) fn s3(&self) -> aws_sdk_s3::Client {
        // An address has no host name for each bucket.
        if self.sdk.endpoint_url().is_some() {
            stack::sdk::s3(&self.sdk)
        } else {
            aws_sdk_s3::Client::new(&self.sdk)
        }
    }

    /// Refuses a stack that an update changes at this time.
    pub(super) fn require_complete(&self) -> Result<(), Error> {
        if self.status.ends_with("IN_PROGRESS") {
            return Err(Error::Changing {
                stack: self.stack.clone(),
                status: self.status.clone(),
            });
        }
        Ok(())
    }
}

/// Partition, Region and account of an ARN.
fn parse_arn(arn: &str) -> Option<[&str; 3]> {
    match arn.split(':').collect::<Vec<_>>().as_slice() {
        ["arn", partition, _, region, account, _, ..] => Some([partition, region, account]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEMO: &str = "http://127.0.0.1:4566";

    fn choose(option: Option<&str>, variable: Option<&str>, demo: bool) -> Result<Endpoint, Error> {
        Endpoint::choose(option, variable.map(str::to_owned), || {
            let stack = serde_json::json!({"endpoint": DEMO, "bucket": "b"});
            let stack = demo.then(|| serde_json::from_value(stack).unwrap());
            stack.ok_or(stack::Error::NotRunning)
        })
    }

    fn url(url: &str) -> Endpoint {
        Endpoint::Url(url.to_owned())
    }

    #[test]
    fn option_precedes_variable_and_variable_precedes_demo() {
        let (one, two) = ("http://localhost:1", "https://aws.example");
        assert_eq!(choose(Some(one), Some(two), true).unwrap(), url(one));
        assert_eq!(choose(None, Some(two), true).unwrap(), url(two));
        assert_eq!(choose(None, Some(""), true).unwrap(), url(DEMO));
        assert_eq!(choose(None, None, false).unwrap(), Endpoint::Aws);
        assert_eq!(choose(Some("aws"), None, true).unwrap(), Endpoint::Aws);
        assert!(choose(Some("aws"), Some(two), true).is_err());
        assert!(choose(Some("local"), None, false).is_err());
        assert!(choose(Some("eu-west-1"), None, false).is_err());
    }

    #[test]
    fn only_this_machine_is_local() {
        for local in [DEMO, "http://localhost:4566", "http://[::1]:4566"] {
            assert!(url(local).is_local(), "{local}");
        }
        for other in [
            "https://localhost.example.com",
            "https://127.0.0.1.example.com",
            "http://10.0.0.1",
        ] {
            assert!(!url(other).is_local(), "{other}");
        }
        assert!(!Endpoint::Aws.is_local());
    }

    #[test]
    fn account_and_region_are_read_from_the_arn() {
        let arn = "arn:aws-cn:cloudformation:cn-north-1:123456789012:stack/tt/1-2";
        assert_eq!(
            parse_arn(arn),
            Some(["aws-cn", "cn-north-1", "123456789012"])
        );
        assert_eq!(parse_arn("tt"), None);
    }
}
