//! The environment of the function, read once at cold start.

use std::time::Duration;

use salesforce_hosts::AllowedHosts;

use crate::{Error, Mapping};

const DEFAULT_API_VERSION: &str = "v62.0";

/// The configuration of the function.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// `SALESFORCE_TOKEN_SECRET_ID`: the secret that contains the token.
    pub token_secret_id: String,
    /// `TOKEN_MANAGER_FUNCTION`: the function that refreshes it.
    pub token_manager_function: String,
    /// `PARKING_BUCKET`: the bucket of rejected records, which are stored under `parked/case-creation/`.
    pub parking_bucket: String,
    /// `SALESFORCE_API_VERSION`, by default `v62.0`.
    pub api_version: String,
    /// `CASE_MAPPING`, by default the shipped `case-mapping.toml`.
    pub mapping: Mapping,
    /// `SALESFORCE_ALLOWED_HOSTS`: the hosts that may receive the token, by default the domains of Salesforce orgs.
    pub allowed_hosts: AllowedHosts,
    /// `MAX_RECORD_AGE_SECONDS`: the `MaximumRecordAgeInSeconds` of the event source mapping. A record that is about to
    /// reach it is parked. Without it records are delivered again at any age.
    pub max_record_age: Option<Duration>,
    /// Whether the name of the bucket is part of the path: a custom endpoint (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3`)
    /// has no host name for each bucket.
    pub path_style: bool,
}

impl Config {
    /// Reads the environment of the process.
    ///
    /// # Errors
    ///
    /// When a variable is missing or invalid; the error names it.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads variables through `lookup`. Empty ones count as not set.
    ///
    /// # Errors
    ///
    /// When a variable is missing or invalid; the error names it.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let optional = |name| lookup(name).filter(|value| !value.trim().is_empty());
        let required = |name| optional(name).ok_or(Error::MissingVariable { name });
        Ok(Self {
            token_secret_id: required("SALESFORCE_TOKEN_SECRET_ID")?,
            token_manager_function: required("TOKEN_MANAGER_FUNCTION")?,
            parking_bucket: required("PARKING_BUCKET")?,
            api_version: api_version(optional("SALESFORCE_API_VERSION"))?,
            mapping: match optional("CASE_MAPPING") {
                Some(text) => Mapping::parse(&text, "`CASE_MAPPING`")?,
                None => Mapping::shipped()?,
            },
            allowed_hosts: match optional("SALESFORCE_ALLOWED_HOSTS") {
                Some(text) => {
                    AllowedHosts::parse(&text).map_err(|entry| Error::AllowedHosts { entry })?
                }
                None => AllowedHosts::default(),
            },
            max_record_age: max_record_age(optional("MAX_RECORD_AGE_SECONDS"))?,
            path_style: optional("AWS_ENDPOINT_URL")
                .or(optional("AWS_ENDPOINT_URL_S3"))
                .is_some(),
        })
    }
}

/// As in Lambda, `-1` is no maximum.
fn max_record_age(value: Option<String>) -> Result<Option<Duration>, Error> {
    let Some(value) = value.filter(|value| value.trim() != "-1") else {
        return Ok(None);
    };
    match value.trim().parse() {
        Ok(seconds) if seconds >= 60 => Ok(Some(Duration::from_secs(seconds))),
        _ => Err(Error::MaxRecordAge { value }),
    }
}

fn api_version(value: Option<String>) -> Result<String, Error> {
    let Some(value) = value else {
        return Ok(DEFAULT_API_VERSION.to_owned());
    };
    let number = value
        .strip_prefix('v')
        .and_then(|rest| rest.split_once('.'));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match number {
        Some((major, minor)) if digits(major) && digits(minor) => Ok(value),
        _ => Err(Error::ApiVersion { value }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(changes: &[(&str, &str)]) -> Result<Config, Error> {
        let base = [
            ("SALESFORCE_TOKEN_SECRET_ID", "token"),
            ("TOKEN_MANAGER_FUNCTION", "tms"),
            ("PARKING_BUCKET", "bucket"),
        ];
        Config::from_lookup(|name| {
            let mut all = changes.iter().chain(&base);
            all.find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn optional_variables_have_defaults() {
        let config = read(&[]).unwrap();
        assert_eq!(config.api_version, "v62.0");
        assert_eq!(config.mapping.external_id(), "TT_Event_Id__c");
        assert!(!config.path_style);
    }

    #[test]
    fn a_missing_or_empty_variable_is_named() {
        let error = read(&[("PARKING_BUCKET", " ")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "environment variable `PARKING_BUCKET` is not set"
        );
    }

    #[test]
    fn an_api_version_without_v_is_rejected() {
        let error = read(&[("SALESFORCE_API_VERSION", "62.0")]).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("`62.0`, expected a form like `v62.0`")
        );
        assert!(read(&[("SALESFORCE_API_VERSION", "v59.0")]).is_ok());
    }

    #[test]
    fn the_maximum_age_is_seconds_or_none() {
        let age = |value| read(&[("MAX_RECORD_AGE_SECONDS", value)]).map(|c| c.max_record_age);
        assert_eq!(age("21600").unwrap(), Some(Duration::from_hours(6)));
        assert_eq!(age("-1").unwrap(), None);
        assert_eq!(read(&[]).unwrap().max_record_age, None);
        for value in ["59", "x", "-2"] {
            let error = age(value).unwrap_err().to_string();
            assert!(error.contains("60 seconds or more"), "{error}");
        }
    }

    #[test]
    fn an_invalid_allowed_host_is_an_error() {
        let hosts = |value| read(&[("SALESFORCE_ALLOWED_HOSTS", value)]);
        let error = hosts("gateway.example, https://x").unwrap_err();
        assert!(
            error.to_string().contains("contains `https://x`"),
            "{error}"
        );
        assert_eq!(
            hosts("gateway.example").unwrap().allowed_hosts,
            AllowedHosts::parse("gateway.example").unwrap()
        );
    }

    #[test]
    fn a_bad_mapping_is_a_clear_error() {
        let error = read(&[("CASE_MAPPING", "fields = 3")]).unwrap_err();
        assert!(
            error.to_string().contains("`CASE_MAPPING` is not usable"),
            "{error}"
        );
    }

    #[test]
    fn with_a_custom_endpoint_the_bucket_is_part_of_the_path() {
        assert!(
            read(&[("AWS_ENDPOINT_URL_S3", "http://x")])
                .unwrap()
                .path_style
        );
        assert!(
            read(&[("AWS_ENDPOINT_URL", "http://x")])
                .unwrap()
                .path_style
        );
    }
}
