//! The page in a browser.

#[cfg(test)]
#[path = "page/browser.rs"]
mod browser;
#[cfg(test)]
#[path = "page/checks.rs"]
mod checks;
#[cfg(test)]
#[path = "page/summary.rs"]
mod summary;
