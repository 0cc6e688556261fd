//! Why an operation on a stack failed, and what to do.

use std::{error::Error as StdError, io, iter::successors, path::PathBuf};

use aws_sdk_cloudformation::error::ProvideErrorMetadata;

use super::{backup, program, release, settings};
use crate::{file, stack};

/// Why an operation on a stack failed, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] settings::Error),
    /// A backup cannot be written or used.
    #[error(transparent)]
    Backup(#[from] backup::Error),
    /// The running local stack cannot be found.
    #[error(transparent)]
    LocalStack(#[from] stack::Error),
    /// The file cannot be uploaded.
    #[error(transparent)]
    File(#[from] file::Error),
    /// Neither the command line nor the settings name a stack.
    #[error("no stack is named")]
    NoStackName,
    /// The endpoint is not an address.
    #[error("`{0}` is not the address of an endpoint")]
    Endpoint(String),
    /// The environment contradicts the command line.
    #[error("`--endpoint aws` was given, and AWS_ENDPOINT_URL is set to `{0}`")]
    EndpointVariable(String),
    /// No Region is configured.
    #[error("no Region is configured")]
    NoRegion,
    /// An AWS operation failed.
    #[error("failed to {action}")]
    Aws {
        /// The operation.
        action: String,
        /// The cause.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The response of an AWS operation lacks a part.
    #[error("the response to `{action}` has no {part}")]
    Incomplete {
        /// The operation.
        action: String,
        /// The part.
        part: &'static str,
    },
    /// The code of a function cannot be downloaded.
    #[error("failed to download the code of `{function}`")]
    Download {
        /// The function.
        function: String,
        /// The cause, without the signed address.
        source: reqwest::Error,
    },
    /// A downloaded zip is not the one of the configuration.
    #[error(
        "the downloaded code of `{function}` has the hash {found}, and the function {expected}; repeat the command"
    )]
    Hash {
        /// The function.
        function: String,
        /// The hash in the configuration.
        expected: program::Sha256Hash,
        /// The hash of the download.
        found: program::Sha256Hash,
    },
    /// The stack changes.
    #[error("the stack `{stack}` is in state {status}; wait until it is complete")]
    Changing {
        /// Its name.
        stack: String,
        /// Its state.
        status: String,
    },
    /// The stack has no Lambda function.
    #[error("the stack `{0}` has no Lambda function with a zip")]
    NoFunction(String),
    /// A release cannot be read.
    #[error("failed to read the release `{}`", path.display())]
    ReadRelease {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A release is not a packaged template.
    #[error("`{}` is not a packaged template", path.display())]
    Release {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: release::Error,
    },
    /// The template of the stack cannot be read.
    #[error("the template of the stack `{stack}` cannot be compared")]
    StackTemplate {
        /// The stack.
        stack: String,
        /// The cause.
        source: release::Error,
    },
    /// The events of a function reach a published version.
    #[error(
        "the stack has the alias `{0}`: events reach a published version, which new code does not change"
    )]
    Alias(String),
    /// A release needs more than new code.
    #[error("the release `{}` needs a stack update: {difference}", path.display())]
    NotOnlyCode {
        /// The file.
        path: PathBuf,
        /// The first difference.
        difference: release::Difference,
    },
    /// A zip of a release does not exist.
    #[error("the zip {uri} of `{logical_id}` does not exist")]
    NoZip {
        /// The function.
        logical_id: String,
        /// The zip.
        uri: String,
    },
    /// A package does not run on its function.
    #[error("the zip of `{logical_id}` is refused: {reason}")]
    Package {
        /// The function.
        logical_id: String,
        /// The reason.
        reason: String,
    },
    /// The content of a package cannot be used.
    #[error("the zip of `{logical_id}` is refused")]
    Program {
        /// The function.
        logical_id: String,
        /// The cause.
        source: program::Error,
    },
    /// The live code is neither that of the stack nor in a backup.
    #[error(
        "the live code {live} of `{logical_id}` is not from the stack and has no backup: it was pushed by hand"
    )]
    UnknownCode {
        /// The function.
        logical_id: String,
        /// The beginning of the live hash.
        live: String,
    },
    /// The stack is not in step.
    #[error("{0}")]
    Drift(String),
    /// A change on a real account was not confirmed.
    #[error("nothing was changed; repeat the command with `--yes`")]
    NotConfirmed,
    /// A function does not accept its new code.
    #[error("`{logical_id}` did not accept the new code: {reason}")]
    Update {
        /// The function.
        logical_id: String,
        /// The reason that Lambda gave.
        reason: String,
    },
    /// Another program changed the code in between.
    #[error(
        "`{logical_id}` runs {found}, which this command did not push; its code was not changed back"
    )]
    ChangedBetween {
        /// The function.
        logical_id: String,
        /// The beginning of the live hash.
        found: String,
    },
    /// A smoke test failed.
    #[error("the smoke test of `{logical_id}` failed with {payload}: {answer}")]
    Smoke {
        /// The function.
        logical_id: String,
        /// The payload.
        payload: String,
        /// The error of the function.
        answer: String,
    },
    /// The end-to-end check failed.
    #[error("verify failed: {0}")]
    Verify(String),
    /// The settings do not describe an upload.
    #[error("the settings have no section `[operate.verify]`")]
    NoVerify,
    /// There is nothing to verify.
    #[error("no expected metric is given")]
    NothingExpected,
    /// The expectations of the settings are for another file.
    #[error("the settings have the expected metrics of their own file only")]
    OtherFile,
    /// The bucket of the settings does not exist.
    #[error("the stack `{stack}` has no resource `{logical_id}`")]
    NoResource {
        /// The stack.
        stack: String,
        /// The resource.
        logical_id: String,
    },
    /// The functions have no namespace, or different ones.
    #[error("the functions have no common variable TT_METRICS_NAMESPACE")]
    NoNamespace,
    /// A deployment failed and was rolled back.
    #[error("the deployment failed, and each function has its code of before again")]
    RolledBack(#[source] Box<Self>),
    /// A deployment failed, and so did its rollback.
    #[error("the deployment failed ({reason}), and so did the rollback")]
    NotRolledBack {
        /// Why the deployment failed.
        reason: String,
        /// Why the rollback failed.
        source: Box<Self>,
    },
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// No deployment can be undone.
    #[error("no live code is from a deployment of `cargo tt`")]
    NothingToRollBack,
    /// No backup has this name.
    #[error("no backup of the functions of this stack begins with `{0}`")]
    NoBackup(String),
    /// Several backups have this name.
    #[error("several backups begin with `{0}`; give more digits")]
    Ambiguous(String),
    /// The hash is too short or has other characters.
    #[error("`{0}` is not the beginning of a hash of at least 8 hexadecimal digits")]
    NotAHash(String),
    /// A backup is too large to be sent with the request.
    #[error(
        "the backup of `{logical_id}` has {bytes} bytes, more than Lambda accepts in a request; deploy its release with `sam deploy`"
    )]
    TooLarge {
        /// The function.
        logical_id: String,
        /// The size.
        bytes: usize,
    },
    /// A thread ended unexpectedly.
    #[error("failed to read a package")]
    Thread(#[from] tokio::task::JoinError),
}

impl Error {
    /// Maps the error of an AWS operation, reduced to code and message.
    pub(super) fn aws<E>(action: impl Into<String>) -> impl FnOnce(E) -> Self
    where
        E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let action = action.into();
        move |error| Self::Aws {
            action,
            source: stack::error::reduced(error),
        }
    }

    /// What to do, unless the message contains it.
    pub fn help(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoStackName => {
                "give `--stack NAME`, or set `stack` in tt.toml; `--endpoint local` uses the running `cargo tt demo`"
            }
            Self::Endpoint(_) => "give `aws`, `local` or an address such as http://127.0.0.1:4566",
            Self::EndpointVariable(_) => "unset AWS_ENDPOINT_URL",
            Self::NoRegion => "set AWS_REGION, or the Region of your AWS profile",
            Self::Aws { .. } => {
                "check the name of the stack, the Region, the endpoint, and your credentials and permissions"
            }
            Self::Alias(_) | Self::NotOnlyCode { .. } => {
                "deploy it with `sam deploy --template-file ..`; `cargo tt deploy` replaces code only"
            }
            Self::UnknownCode { .. } => "keep it with `cargo tt backup`, then repeat the command",
            Self::NoVerify => {
                "add it to tt.toml: file, bucket, prefix and expected metrics of an upload"
            }
            Self::NothingExpected | Self::OtherFile => {
                "give `--expect NAME=N` for each metric that the file changes"
            }
            Self::NothingToRollBack => {
                "`cargo tt backups list` shows the backups; name one with `cargo tt rollback --to SHA`"
            }
            Self::NoBackup(_) => "`cargo tt backups list` shows the backups",
            Self::NoNamespace => "set it for every function to the same value",
            Self::NotRolledBack { .. } => {
                "`cargo tt plan` shows what is live, and `cargo tt rollback --to SHA` pushes a backup"
            }
            Self::Drift(_) => {
                "`sam deploy` of the release that is live brings the stack in step; `cargo tt rollback` returns to other code"
            }
            _ => return None,
        })
    }

    /// The message and its causes, on one line.
    pub fn text(&self) -> String {
        let causes = successors(self.source(), |error| (*error).source());
        let texts = causes.map(ToString::to_string);
        let texts: Vec<String> = [self.to_string()].into_iter().chain(texts).collect();
        texts.join(": ")
    }

    /// Whether the command line is wrong.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::NoStackName
                | Self::Endpoint(_)
                | Self::EndpointVariable(_)
                | Self::Settings(_)
                | Self::File(_)
                | Self::ReadRelease { .. }
                | Self::NotConfirmed
                | Self::NoVerify
                | Self::NothingExpected
                | Self::OtherFile
                | Self::NotAHash(_)
        )
    }
}
