//! The origin of a host that may receive secrets: https, or http on a loopback address.

use std::fmt;

use reqwest::Url;
use salesforce_hosts::AllowedHosts;

/// Scheme, host and port, without a path.
#[derive(Clone, PartialEq, Eq)]
pub struct Origin(String);

/// The error of an invalid origin. It does not quote the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OriginError {
    /// Not a URL.
    #[error("it is not a URL")]
    NotUrl,
    /// Plain http to another machine, or another scheme.
    #[error("it must begin with https:// (http:// is for loopback addresses only)")]
    NotTls,
    /// More than scheme, host and port.
    #[error("it must have no user, path, query or fragment")]
    NotBare,
}

impl Origin {
    /// Parses a URL.
    ///
    /// # Errors
    ///
    /// When it is not `https://host[:port]` or `http://<loopback>[:port]`.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let url = Url::parse(text.trim()).map_err(|_| OriginError::NotUrl)?;
        let host = url.host_str().ok_or(OriginError::NotUrl)?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(host) => {}
            _ => return Err(OriginError::NotTls),
        }
        let has_user = !url.username().is_empty() || url.password().is_some();
        if has_user || url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(OriginError::NotBare);
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }

    /// Returns `https://host[:port]`, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reports whether the origin is one of these hosts, so that it may receive a token.
    pub fn is_one_of(&self, hosts: &AllowedHosts) -> bool {
        Url::parse(&self.0).is_ok_and(|url| hosts.allow(&url))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_and_loopback_are_accepted_and_displayed_without_a_slash() {
        for (text, origin) in [
            (
                "https://acme.my.salesforce.com/",
                "https://acme.my.salesforce.com",
            ),
            (
                " https://login.salesforce.com ",
                "https://login.salesforce.com",
            ),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://localhost:1", "http://localhost:1"),
        ] {
            assert_eq!(Origin::parse(text).unwrap().as_str(), origin);
        }
    }

    #[test]
    fn other_urls_are_rejected() {
        for (text, error) in [
            ("login.salesforce.com", OriginError::NotUrl),
            ("http://login.salesforce.com", OriginError::NotTls),
            ("http://127.0.0.1.evil.org", OriginError::NotTls),
            ("http://localhost.evil.org", OriginError::NotTls),
            ("ftp://127.0.0.1", OriginError::NotTls),
            ("https://user:password@host.org", OriginError::NotBare),
            (
                "https://host.org/services/oauth2/token",
                OriginError::NotBare,
            ),
            ("https://host.org?x=1", OriginError::NotBare),
        ] {
            assert_eq!(Origin::parse(text), Err(error), "{text}");
        }
    }
}
