//! A local stack, its releases, and the commands of `cargo tt` on it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use aws_sdk_cloudformation::types::TemplateStage;
use clap::Parser;
use tempfile::TempDir;
use tt_cli::{
    args::Args,
    commands,
    operate::{
        Endpoint, Error, Target,
        backup::Backups,
        live,
        program::Sha256Hash,
        release::Release,
        rollback::{self, InStep},
    },
    stack::{
        LocalStack, Options,
        functions::{build, package::Package},
    },
    terminal::progress::Silent,
    workspace::Workspace,
};

/// Long enough for a cold start on a busy two-core machine.
const TIMEOUT: Duration = Duration::from_secs(90);
/// The same for the metrics, in seconds.
const PATIENCE: &str = "90";
const POLL: Duration = Duration::from_millis(200);

pub(crate) struct Stack {
    local: LocalStack,
    target: Target,
    /// Backups and releases.
    directory: TempDir,
}

impl Stack {
    pub(crate) async fn start() -> Self {
        let local = LocalStack::start(Options::default(), &Silent)
            .await
            .unwrap_or_else(|error| panic!("the local stack did not start: {error}"));
        let endpoint = Endpoint::Url(local.endpoint().to_owned());
        let target = Target::find(endpoint, None)
            .await
            .expect("the stack exists");
        Self {
            local,
            target,
            directory: TempDir::new().unwrap(),
        }
    }

    pub(crate) async fn stop(self) {
        if let Err(error) = self.local.stop().await {
            panic!("the stack did not stop: {error}");
        }
    }

    /// Runs `cargo tt <args>` on this stack.
    async fn command(&self, args: &[&str]) -> Result<(), Error> {
        let mut line = vec!["cargo-tt"];
        line.extend(args);
        line.extend(["--endpoint", self.local.endpoint()]);
        let backups = self.directory.path().to_str().unwrap();
        if !matches!(args[0], "plan" | "verify") {
            line.extend(["--backups", backups]);
        }
        if matches!(args[0], "deploy" | "verify") && !args.contains(&"--timeout") {
            line.extend(["--timeout", PATIENCE]);
        }
        let command = Args::try_parse_from(&line).unwrap_or_else(|error| panic!("{error}"));
        match commands::run(command.command).await {
            Ok(()) => Ok(()),
            Err(commands::Error::Operate(error)) => {
                let code = commands::Error::from(error);
                assert_eq!(code.exit_code(), 1, "{code}");
                let commands::Error::Operate(error) = code else {
                    unreachable!("it was just created");
                };
                Err(error)
            }
            Err(other) => panic!("{other}"),
        }
    }

    /// Runs a command that must succeed.
    pub(crate) async fn accepts(&self, args: &[&str], claim: &str) {
        if let Err(error) = self.command(args).await {
            panic!("{claim}: {}", error.text());
        }
    }

    /// Runs a command that must fail.
    pub(crate) async fn refuses(&self, args: &[&str]) -> Error {
        match self.command(args).await {
            Ok(()) => panic!("{args:?} succeeded"),
            Err(error) => error,
        }
    }

    /// Deploys with settings that lack the smoke tests, and gives up after a few seconds.
    pub(crate) async fn deploy_without_smoke_tests(&self, release: &Path) -> Result<(), Error> {
        let root = Workspace::find().unwrap().root().to_owned();
        let text = fs::read_to_string(root.join("tt.toml")).unwrap();
        let payloads = text.lines().filter(|line| line.starts_with("payloads"));
        assert_eq!(payloads.count(), 3);
        let file = root.join("cli/samples");
        let lines = text.lines().map(|line| match line {
            line if line.starts_with("payloads") => "payloads = []".to_owned(),
            line => line.replace("cli/samples", file.to_str().unwrap()),
        });
        let config = self.directory.path().join("tt.toml");
        fs::write(&config, lines.collect::<Vec<_>>().join("\n")).unwrap();
        let release = release.to_str().unwrap();
        let config = config.to_str().unwrap();
        let args = [
            "deploy",
            "--release",
            release,
            "--config",
            config,
            "--timeout",
            "5",
        ];
        self.command(&args).await
    }

    /// Changes a text of a function's program, uploads its zip, and writes the release. Returns its path and the hash.
    pub(crate) async fn release(
        &self,
        logical_id: &str,
        change: [&str; 2],
    ) -> (PathBuf, Sha256Hash) {
        let workspace = Workspace::find().unwrap();
        let binaries = build::build(&workspace, &Silent)
            .await
            .expect("the functions build");
        let binary = binaries
            .iter()
            .find(|one| one.function == "case-creation")
            .unwrap();
        let mut content = fs::read(&binary.path).unwrap();
        let replaced = replace(&mut content, change[0].as_bytes(), change[1].as_bytes());
        assert!(replaced > 0, "the program contains `{}`", change[0]);
        let path = self.directory.path().join("program");
        fs::write(&path, content).unwrap();
        let package = Package::of("case-creation", &path).unwrap();
        let sha256 = Sha256Hash::from_hex(package.sha256()).unwrap();

        let template = self.template().await;
        let code = Release::parse(&template).unwrap();
        let code = code
            .code_of(logical_id)
            .expect("the function has a zip")
            .clone();
        let key = package.key();
        let put = self.s3().put_object().bucket(&code.bucket).key(&key);
        put.body(package.into_zip().into())
            .send()
            .await
            .expect("the zip is uploaded");
        let uri = format!("s3://{}/{key}", code.bucket);
        let releases = self.directory.path().join("releases");
        fs::create_dir_all(&releases).unwrap();
        let path = releases.join(format!("{}.yaml", sha256.short()));
        fs::write(&path, template.replace(&code.uri(), &uri)).unwrap();
        (path, sha256)
    }

    /// A release with another line.
    pub(crate) fn changed_template(&self, release: &Path, old: &str, new: &str) -> PathBuf {
        let text = fs::read_to_string(release).unwrap();
        assert!(text.contains(old));
        let path = self.directory.path().join("update.yaml");
        fs::write(&path, text.replacen(old, new, 1)).unwrap();
        path
    }

    /// Pushes the zip of a release without `cargo tt`.
    pub(crate) async fn push_by_hand(&self, logical_id: &str, release: &Path) -> Sha256Hash {
        let release = Release::parse(&fs::read_to_string(release).unwrap()).unwrap();
        let code = release.code_of(logical_id).unwrap();
        aws_sdk_lambda::Client::new(self.local.sdk_config())
            .update_function_code()
            .function_name(self.local.resource(logical_id).unwrap())
            .s3_bucket(&code.bucket)
            .s3_key(&code.key)
            .send()
            .await
            .expect("the code is replaced");
        self.live(logical_id).await
    }

    /// The hash of the live code.
    pub(crate) async fn live(&self, logical_id: &str) -> Sha256Hash {
        let name = self.local.resource(logical_id).unwrap();
        let function = live::function(&self.target, logical_id, name)
            .await
            .unwrap();
        function.expect("its code is a zip").sha256
    }

    /// The hashes of the backups, sorted.
    pub(crate) fn backups(&self, logical_id: &str) -> Vec<Sha256Hash> {
        let Target {
            account, region, ..
        } = &self.target;
        let backups = Backups::new(self.directory.path(), account, region);
        let list = backups
            .list(self.local.resource(logical_id).unwrap())
            .unwrap();
        let mut hashes: Vec<_> = list.into_iter().map(|backup| backup.sha256).collect();
        hashes.sort();
        hashes
    }

    pub(crate) async fn in_step(&self) -> InStep {
        let releases = self.directory.path().join("releases");
        rollback::in_step(&self.target, &releases).await.unwrap()
    }

    /// The number of Cases; asserts that no event has two.
    pub(crate) fn distinct_cases(&self) -> usize {
        let cases = self.local.salesforce().cases();
        let ids: BTreeSet<_> = cases.iter().map(|case| case.event_id.as_deref()).collect();
        assert_eq!(ids.len(), cases.len(), "no event has two Cases");
        ids.len()
    }

    /// Waits until there are this many Cases.
    pub(crate) async fn cases_become(&self, count: usize) {
        let deadline = Instant::now() + TIMEOUT;
        while self.distinct_cases() < count {
            assert!(Instant::now() < deadline, "{} Cases", self.distinct_cases());
            tokio::time::sleep(POLL).await;
        }
        assert_eq!(self.distinct_cases(), count);
    }

    async fn template(&self) -> String {
        aws_sdk_cloudformation::Client::new(self.local.sdk_config())
            .get_template()
            .stack_name(LocalStack::NAME)
            .template_stage(TemplateStage::Original)
            .send()
            .await
            .expect("the template can be read")
            .template_body
            .expect("a template")
    }

    fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(self.local.sdk_config());
        aws_sdk_s3::Client::from_conf(config.force_path_style(true).build())
    }
}

/// Replaces each `old` by the equally long `new`, and returns how many there were.
fn replace(content: &mut [u8], old: &[u8], new: &[u8]) -> usize {
    assert_eq!(old.len(), new.len());
    let mut found = 0;
    let mut at = 0;
    while let Some(window) = content.get(at..at + old.len()) {
        if window == old {
            content[at..at + old.len()].copy_from_slice(new);
            found += 1;
        }
        at += 1;
    }
    found
}
