//! A function in another workspace, which has only `tt-metrics` in common with this one.

#[cfg(test)]
#[path = "stranger/cloudwatch.rs"]
mod cloudwatch;
#[cfg(test)]
#[path = "stranger/commands.rs"]
mod commands;
#[cfg(test)]
#[path = "stranger/workspace.rs"]
mod workspace;
