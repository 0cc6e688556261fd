//! The hosts that may receive the access token.

use std::{fmt, net::IpAddr};

use url::{Host, Url};

/// The domains of Salesforce orgs.
const DEFAULT: &str = "*.salesforce.com,*.salesforce.mil";

/// The hosts that may receive the access token: over https the configured ones, and loopback addresses.
///
/// The address of the org is part of the token secret. Without this check, a wrong or forged secret would send the token
/// to any host, and unencrypted.
#[derive(Clone, PartialEq, Eq)]
pub struct AllowedHosts(Vec<Pattern>);

#[derive(Clone, PartialEq, Eq)]
enum Pattern {
    Exact(String),
    /// The domain with its leading dot, for all of its subdomains.
    Subdomains(String),
}

impl AllowedHosts {
    /// Reads a list of host names separated by commas. `*.example.com` stands for all subdomains of `example.com`.
    ///
    /// # Errors
    ///
    /// Returns the entry that is no host name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let entries = text.split(',').map(str::trim).filter(|e| !e.is_empty());
        let patterns: Result<Vec<_>, _> = entries.map(Pattern::parse).collect();
        match patterns {
            Ok(patterns) if patterns.is_empty() => Err(text.to_owned()),
            other => other.map(Self),
        }
    }

    /// Whether the token may be sent to this address.
    pub(crate) fn allow(&self, url: &Url) -> bool {
        let is_loopback = match url.host() {
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => return false,
        };
        match url.scheme() {
            "http" => is_loopback,
            "https" => is_loopback || url.host_str().is_some_and(|host| self.contains(host)),
            _ => false,
        }
    }

    fn contains(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.0.iter().any(|pattern| match pattern {
            Pattern::Exact(name) => *name == host,
            Pattern::Subdomains(domain) => host.ends_with(domain) && host.len() > domain.len(),
        })
    }
}

impl Pattern {
    fn parse(entry: &str) -> Result<Self, String> {
        let (name, is_wildcard) = match entry.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (entry, false),
        };
        let is_label = |label: &str| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        // A wildcard for a whole top-level domain would allow everything.
        let min_labels = if is_wildcard { 2 } else { 1 };
        if !name.split('.').all(is_label) || name.split('.').count() < min_labels {
            return Err(entry.to_owned());
        }
        let name = name.to_ascii_lowercase();
        Ok(if is_wildcard {
            Self::Subdomains(format!(".{name}"))
        } else {
            Self::Exact(name)
        })
    }
}

impl Default for AllowedHosts {
    /// Allows the domains of Salesforce orgs.
    fn default() -> Self {
        // A test parses the constant.
        Self::parse(DEFAULT).unwrap_or(Self(Vec::new()))
    }
}

impl fmt::Debug for AllowedHosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |pattern: &Pattern| match pattern {
            Pattern::Exact(name) => name.clone(),
            Pattern::Subdomains(domain) => format!("*{domain}"),
        };
        f.debug_list().entries(self.0.iter().map(name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(hosts: &AllowedHosts, url: &str) -> bool {
        hosts.allow(&Url::parse(url).unwrap())
    }

    #[test]
    fn by_default_orgs_over_https_and_loopback_are_allowed() {
        let hosts = AllowedHosts::default();
        for url in [
            "https://acme.my.salesforce.com",
            "https://ACME--dev.sandbox.my.salesforce.com/",
            "https://acme.my.salesforce.mil",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "http://localhost:1",
            "https://127.0.0.1",
        ] {
            assert!(allows(&hosts, url), "{url}");
        }
    }

    #[test]
    fn other_hosts_and_plain_http_are_not_allowed() {
        let hosts = AllowedHosts::default();
        for url in [
            "http://acme.my.salesforce.com",
            "https://salesforce.com.evil.example",
            "https://evilsalesforce.com",
            "https://salesforce.com",
            "https://acme.my.salesforce.com@evil.example",
            "https://10.0.0.1",
            "http://127.0.0.1.evil.example",
            "http://localhost.evil.example",
            "ftp://acme.my.salesforce.com",
            "data:text/plain,https://acme.my.salesforce.com",
        ] {
            assert!(!allows(&hosts, url), "{url}");
        }
    }

    #[test]
    fn configured_hosts_replace_the_default() {
        let hosts = AllowedHosts::parse(" gateway.example, *.Org.example ").unwrap();
        assert!(allows(&hosts, "https://gateway.example"));
        assert!(allows(&hosts, "https://a.org.example"));
        assert!(!allows(&hosts, "https://a.gateway.example"));
        assert!(!allows(&hosts, "https://acme.my.salesforce.com"));
        for entry in [
            "",
            "*",
            "*.com",
            "a b",
            "https://a.example",
            "a..b",
            "*.*.b.c",
        ] {
            assert!(AllowedHosts::parse(entry).is_err(), "{entry}");
        }
    }
}
