//! The local stack: the AWS endpoint, the local Salesforce, and the resources of `template.yaml`.

pub mod functions;

pub(crate) mod error;

mod run_directory;
pub(crate) mod sdk;

mod announcement;

mod deploy;
mod endpoint;

pub use self::{
    announcement::RunningStack,
    error::Error,
    sdk::{Uploaded, s3},
};

use std::{collections::BTreeMap, fs, path::Path};

use aws_config::SdkConfig;
use salesforce_stand_in::{Org, StandIn};

use crate::{python::Venv, terminal::progress::Progress, workspace::Workspace};
use announcement::Announcement;
use deploy::Resources;
use endpoint::Endpoint;
use functions::{build, package::Package};
use run_directory::RunDirectory;

/// How to start a [`LocalStack`].
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Options {
    /// Whether [`RunningStack::find`] finds this stack, as `cargo tt upload` does.
    pub announce: bool,
    /// Parameters of `template.yaml` whose values differ from their defaults, for example `MetricSink`.
    pub parameters: BTreeMap<String, String>,
}

/// A running local stack. [`LocalStack::stop`] ends it; dropping it kills the processes that it started.
#[derive(Debug)]
pub struct LocalStack {
    // Dropped in this order: the announcement is removed before the endpoint stops.
    announcement: Option<Announcement>,
    endpoint: Endpoint,
    salesforce: StandIn,
    run: RunDirectory,
    resources: Resources,
    bucket: String,
    sdk: SdkConfig,
}

impl LocalStack {
    /// The name of the `CloudFormation` stack.
    pub const NAME: &str = deploy::STACK;

    /// Prepares the virtual environment, builds the Lambdas, starts the servers and creates the stack.
    ///
    /// Each stack has separate ports, processes and directories, so several can run at the same time.
    ///
    /// # Errors
    ///
    /// When Python, the network, a free port or a build is missing.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the processes that it started.
    pub async fn start(options: Options, progress: &dyn Progress) -> Result<Self, Error> {
        let workspace = Workspace::find()?;

        progress.begin("preparing Python packages");
        let requirements = workspace.root().join("cli/requirements.txt");
        let venv = Venv::prepare("stack", &requirements, progress).await?;
        progress.done("");

        progress.begin("building three Lambdas");
        let binaries = build::build(&workspace, progress).await?;
        progress.done(&build::FUNCTIONS.join(", "));

        progress.begin("starting the local AWS endpoint and Salesforce");
        let run = RunDirectory::create(&workspace.scratch())?;
        let salesforce = StandIn::start().await.map_err(Error::Salesforce)?;
        let endpoint = async {
            let endpoint = Endpoint::start(&venv, &run, progress).await;
            progress.detail("packing the Lambdas");
            endpoint
        };
        let (endpoint, packages) = tokio::try_join!(endpoint, package(binaries))?;
        let sdk = sdk::config(endpoint.url());
        let (aws, org) = (endpoint.url(), salesforce.org().url());
        progress.done(&format!("AWS at {aws}, Salesforce at {org}"));

        let mut parameters = options.parameters;
        parameters.insert("SalesforceLoginUrl".to_owned(), org.to_owned());
        let created =
            Self::create(&workspace, &sdk, &endpoint, &parameters, packages, progress).await;
        let resources = created.map_err(|error| {
            let ended = endpoint.ended();
            ended.unwrap_or_else(|| error.with_log(endpoint.log()))
        })?;
        let bucket = resources.require("Bucket")?.to_owned();
        let announcement = options.announce.then(|| {
            let stack = RunningStack {
                endpoint: endpoint.url().to_owned(),
                bucket: bucket.clone(),
            };
            Announcement::write(&run, &stack)
        });
        let announcement = announcement.transpose()?;
        Ok(Self {
            announcement,
            endpoint,
            salesforce,
            run,
            resources,
            bucket,
            sdk,
        })
    }

    /// Creates the stack on running servers and stores the first Salesforce token.
    async fn create(
        workspace: &Workspace,
        sdk: &SdkConfig,
        endpoint: &Endpoint,
        parameters: &BTreeMap<String, String>,
        packages: Vec<Package>,
        progress: &dyn Progress,
    ) -> Result<Resources, Error> {
        progress.begin("creating the stack from template.yaml");
        let path = workspace.root().join("template.yaml");
        let template = fs::read_to_string(&path).map_err(|source| Error::Io {
            action: "read",
            path,
            source,
        })?;
        let template = deploy::packaged(&template, &packages)?;
        progress.detail("uploading the Lambdas");
        deploy::upload(sdk, packages).await?;
        let log = endpoint.log();
        let resources = deploy::create(sdk, &template, parameters, log, progress).await?;
        progress.detail("fetching the first Salesforce token");
        deploy::first_token(sdk, &resources).await?;
        progress.done("");
        Ok(resources)
    }

    /// Removes the directories of runs that ended without [`LocalStack::stop`], with their logs.
    ///
    /// # Errors
    ///
    /// When the target directory is not found.
    pub fn remove_leftovers() -> Result<(), Error> {
        run_directory::remove_abandoned(&Workspace::find()?.scratch());
        Ok(())
    }

    /// Why the AWS endpoint ended, if it did.
    pub fn ended(&self) -> Option<Error> {
        self.endpoint.ended()
    }

    /// `http://127.0.0.1:<port>` of the AWS endpoint.
    pub fn endpoint(&self) -> &str {
        self.endpoint.url()
    }

    /// The process that runs the AWS endpoint and the functions.
    pub fn pid(&self) -> u32 {
        self.endpoint.pid()
    }

    /// The log of the AWS endpoint. [`LocalStack::stop`] removes it; dropping the stack does not.
    pub fn log(&self) -> &Path {
        self.endpoint.log()
    }

    /// SDK configuration of this stack.
    pub fn sdk_config(&self) -> &SdkConfig {
        &self.sdk
    }

    /// The bucket for uploads.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The physical id of a resource, by its logical id in `template.yaml`.
    pub fn resource(&self, logical_id: &str) -> Option<&str> {
        self.resources.get(logical_id)
    }

    /// The local Salesforce org.
    pub fn salesforce(&self) -> &Org {
        self.salesforce.org()
    }

    /// The page that lists the Cases of the org as JSON.
    pub fn cases_url(&self) -> String {
        self.salesforce.cases_url()
    }

    /// Uploads a file under `incoming/`, of which S3 notifies TT Producer.
    ///
    /// # Errors
    ///
    /// When S3 refuses it.
    pub async fn upload(&self, name: &str, body: Vec<u8>) -> Result<Uploaded, Error> {
        sdk::upload(&self.sdk, &self.bucket, name, body).await
    }

    /// Stops all processes of this stack, waits until they have ended and removes their files.
    ///
    /// # Errors
    ///
    /// When a process does not end.
    pub async fn stop(self) -> Result<(), Error> {
        drop(self.announcement);
        self.endpoint.stop().await?;
        drop(self.salesforce);
        self.run.remove()
    }
}

/// Packs the binaries on other threads, since hashing tens of megabytes would block this one.
async fn package(binaries: Vec<build::Binary>) -> Result<Vec<Package>, Error> {
    let packing = binaries.into_iter().map(|binary| async move {
        tokio::task::spawn_blocking(move || Package::of(binary.function, &binary.path))
            .await
            .map_err(Error::Packing)?
            .map_err(Error::from)
    });
    futures_util::future::try_join_all(packing).await
}
