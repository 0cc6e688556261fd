//! The commands of `cargo tt`.

mod error;

mod demo;
mod graph;
mod upload;

mod catalogue;

pub use self::error::Error;

use crate::args::Command;

/// The namespace of the metrics: the default of `MetricNamespace` in template.yaml.
const NAMESPACE: &str = "pkyc/Salesforce";

/// Period of the sums that are read; the local stack stores one value for each second.
const PERIOD_SECONDS: i32 = 1;

/// Runs one command.
///
/// # Errors
///
/// When the command fails; the error describes the cause and what to do.
pub async fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Demo(args) => demo::run(&args).await,
        Command::Upload(args) => upload::run(&args).await,
        Command::Graph => graph::run().await,
        Command::Catalogue(args) => catalogue::run(args.program.as_deref()),
    }
}

#[cfg(test)]
mod tests {
    use super::NAMESPACE;

    #[test]
    fn namespace_is_the_default_of_the_template() {
        let template = include_str!("../../template.yaml");
        let parameter = template.split("MetricNamespace:").nth(1);
        let default = parameter
            .unwrap_or_default()
            .lines()
            .find_map(|line| line.trim().strip_prefix("Default: "));
        assert_eq!(default, Some(NAMESPACE));
    }
}
