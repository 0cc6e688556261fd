//! The local stack: ministack, the Salesforce stand-in and the stack made from `template.yaml`.

mod deploy;
mod error;
mod ministack;
mod run;
pub mod state;
mod supervisor;
mod template;

pub use error::Error;

use std::{fs, path::Path};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, RequestChecksumCalculation, SharedCredentialsProvider};
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};

use salesforce_stand_in::{Org, StandIn};

use crate::{build, package::Package, progress::Progress, python::Venv, workspace::Workspace};
use deploy::Resources;
use ministack::Ministack;
use run::Run;
use state::{Announcement, State};

/// Where the template's notification filter looks.
const INCOMING: &str = "incoming/";

/// How to start a [`LocalStack`].
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Options {
    /// Port of the AWS endpoint; a free one when `None`.
    pub port: Option<u16>,
    /// Whether [`State::find`] finds this stack, as `cargo tt upload` does; tests leave it off.
    pub announce: bool,
}

/// An uploaded object: what a replayed notification needs.
#[derive(Debug, Clone)]
pub struct Uploaded {
    /// Bucket name.
    pub bucket: String,
    /// Object key, not encoded.
    pub key: String,
    /// Version id that S3 gave this upload.
    pub version_id: String,
}

/// A running local stack. [`LocalStack::stop`] ends it; dropping it kills what it started.
#[derive(Debug)]
pub struct LocalStack {
    // Dropped in this order: nobody is sent to a stack that is going.
    announcement: Option<Announcement>,
    ministack: Ministack,
    salesforce: StandIn,
    run: Run,
    resources: Resources,
    bucket: String,
    sdk: SdkConfig,
}

impl LocalStack {
    /// Prepares the virtual environment, builds the Lambdas, starts everything and creates the stack.
    ///
    /// Each stack has ports, processes and a directory of its own, so several run at once.
    ///
    /// # Errors
    ///
    /// One sentence for each thing that can be missing: Python, network, a free port, a build.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends what was started.
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
        let run = Run::create(&workspace.scratch())?;
        let salesforce = StandIn::start()
            .await
            .map_err(|source| Error::Salesforce { source })?;
        let ministack = async {
            let ministack = Ministack::start(&venv, &run, options.port, progress).await;
            progress.detail("packing the Lambdas");
            ministack
        };
        let (ministack, packages) = tokio::try_join!(ministack, package(binaries))?;
        let sdk = sdk_config(ministack.endpoint());
        let urls = format!(
            "AWS at {}, Salesforce at {}",
            ministack.endpoint(),
            salesforce.org().url()
        );
        progress.done(&urls);

        let created = Self::create(
            &workspace,
            &sdk,
            &salesforce,
            &ministack,
            packages,
            progress,
        );
        let resources = created.await.map_err(|error| {
            let ended = ministack.ended();
            ended.unwrap_or_else(|| error.with_log(ministack.log()))
        })?;
        let bucket = resources.require("Bucket")?.to_owned();
        let announcement = options.announce.then(|| {
            let state = State {
                endpoint: ministack.endpoint().to_owned(),
                region: ministack::REGION.to_owned(),
                bucket: bucket.clone(),
                pid: std::process::id(),
            };
            Announcement::write(run.directory(), &state)
        });
        let announcement = announcement.transpose()?;
        Ok(Self {
            announcement,
            ministack,
            salesforce,
            run,
            resources,
            bucket,
            sdk,
        })
    }

    /// Creates the stack on endpoints that answer, up to the first token.
    async fn create(
        workspace: &Workspace,
        sdk: &SdkConfig,
        salesforce: &StandIn,
        ministack: &Ministack,
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
        let (url, log) = (salesforce.org().url(), ministack.log());
        let resources = deploy::create(sdk, &template, url, log, progress).await?;
        progress.detail("fetching the first Salesforce token");
        deploy::first_token(sdk, &resources).await?;
        progress.done("");
        Ok(resources)
    }

    /// Removes what runs that ended without [`LocalStack::stop`] left in the target directory, their logs above all.
    ///
    /// # Errors
    ///
    /// When the target directory is not known.
    pub fn remove_leftovers() -> Result<(), Error> {
        run::remove_abandoned(&Workspace::find()?.scratch());
        Ok(())
    }

    /// Why the AWS endpoint does not answer any more, if it ended.
    pub fn ended(&self) -> Option<Error> {
        self.ministack.ended()
    }

    /// `http://127.0.0.1:<port>` of the AWS endpoint.
    pub fn endpoint(&self) -> &str {
        self.ministack.endpoint()
    }

    /// The process that runs the AWS endpoint and the functions.
    pub fn pid(&self) -> u32 {
        self.ministack.pid()
    }

    /// What the AWS endpoint said; [`LocalStack::stop`] removes it, a stack that is dropped leaves it to be read.
    pub fn log(&self) -> &Path {
        self.ministack.log()
    }

    /// SDK configuration that points at this stack.
    pub fn sdk_config(&self) -> &SdkConfig {
        &self.sdk
    }

    /// The bucket that takes uploads.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Physical name of a function, by its logical id in `template.yaml`.
    pub fn function(&self, logical_id: &str) -> Option<&str> {
        self.resources.get(logical_id)
    }

    /// The org of the Salesforce stand-in.
    pub fn salesforce(&self) -> &Org {
        self.salesforce.org()
    }

    /// The page that lists the Cases of the stand-in as JSON.
    pub fn cases_url(&self) -> String {
        self.salesforce.cases_url()
    }

    /// Uploads a file to where TT Producer is notified of it.
    ///
    /// # Errors
    ///
    /// When S3 refuses it.
    pub async fn upload(&self, name: &str, body: Vec<u8>) -> Result<Uploaded, Error> {
        upload(&self.sdk, &self.bucket, name, body).await
    }

    /// Stops everything this stack started, waits for it to end and removes what it wrote.
    ///
    /// # Errors
    ///
    /// When a process does not end.
    pub async fn stop(self) -> Result<(), Error> {
        drop(self.announcement);
        self.ministack.stop().await?;
        drop(self.salesforce);
        self.run.remove()
    }
}

impl State {
    /// Uploads a file to the stack that another process runs.
    ///
    /// # Errors
    ///
    /// When S3 refuses it.
    pub async fn upload(&self, name: &str, body: Vec<u8>) -> Result<Uploaded, Error> {
        upload(&sdk_config(&self.endpoint), &self.bucket, name, body).await
    }

    /// SDK configuration that points at that stack.
    pub fn sdk_config(&self) -> SdkConfig {
        sdk_config(&self.endpoint)
    }
}

/// Nothing of the user's own settings is read: no AWS profile, and no proxy, which could not reach this machine.
fn sdk_config(endpoint: &str) -> SdkConfig {
    let (key, secret) = ministack::CREDENTIALS;
    let credentials = Credentials::new(key, secret, None, None, "local stack");
    let http_client = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(CryptoMode::AwsLc))
        .build_https();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(ministack::REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .http_client(http_client)
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .build()
}

async fn upload(
    sdk: &SdkConfig,
    bucket: &str,
    name: &str,
    body: Vec<u8>,
) -> Result<Uploaded, Error> {
    let key = format!("{INCOMING}{name}");
    let put = deploy::s3(sdk)
        .put_object()
        .bucket(bucket)
        .key(&key)
        .body(body.into())
        .send()
        .await;
    let put = put.map_err(Error::aws(format!("upload {key} to {bucket}")))?;
    let version_id = put.version_id.unwrap_or_default();
    Ok(Uploaded {
        bucket: bucket.to_owned(),
        key,
        version_id,
    })
}

/// Hashing tens of megabytes would hold up the other tasks.
async fn package(binaries: Vec<build::Binary>) -> Result<Vec<Package>, Error> {
    let packing = binaries.into_iter().map(|binary| async move {
        tokio::task::spawn_blocking(move || Package::of(binary.function, &binary.path))
            .await
            .map_err(|source| Error::Packing { source })?
            .map_err(Error::from)
    });
    futures_util::future::try_join_all(packing).await
}
