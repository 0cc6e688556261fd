//! The phases of the story, each on the stack that the one before it left.

use std::path::PathBuf;

use tt_cli::operate::{Error, program::Sha256Hash, rollback::InStep};

use crate::stack::Stack;

/// The function whose code changes.
pub(crate) const FUNCTION: &str = "CaseCreation";
/// A text of every Rust program, and a harmless change of it.
const HARMLESS: [&str; 2] = [
    "called `Option::unwrap()` on a `None` value",
    "Called `Option::unwrap()` on a `None` value",
];
/// The name of a variable without which Case Creation does not start.
const BREAKING: [&str; 2] = ["SALESFORCE_TOKEN_SECRET_ID", "SALESFORCE_TOKEN_SECRET_XX"];

/// The release with the changed program, and its hash.
pub(crate) struct Changed {
    release: PathBuf,
    sha256: Sha256Hash,
}

pub(crate) async fn new_stack_is_verified(stack: &Stack) {
    let error = stack.refuses(&["verify", "--stack", "no-such-stack"]).await;
    assert!(error.text().contains("no-such-stack"), "{}", error.text());
    stack.accepts(&["plan"], "the new stack is in step").await;
    stack.accepts(&["verify"], "5 records are 5 Cases").await;
    assert_eq!(stack.distinct_cases(), 5);

    let error = stack
        .refuses(&["verify", "--expect", "SFCaseCreated=4"])
        .await;
    let expected = "SFCaseCreated is 5, expected 4";
    assert!(matches!(error, Error::Verify(text) if text.contains(expected)));
    assert_eq!(stack.distinct_cases(), 10);
}

/// The code is replaced, and the stack is not updated.
pub(crate) async fn changed_program_is_deployed(stack: &Stack, original: &Sha256Hash) -> Changed {
    let (release, sha256) = stack.release(FUNCTION, HARMLESS).await;
    let file = release.to_str().unwrap();
    let deploy = ["deploy", "--release", file];
    stack.accepts(&deploy, "the changed program works").await;
    assert_eq!(stack.live(FUNCTION).await, sha256);
    assert_eq!(stack.backups(FUNCTION), std::slice::from_ref(original));
    assert_eq!(stack.distinct_cases(), 15, "the deployment was verified");
    assert_eq!(stack.in_step().await, InStep::Release(release.clone()));

    stack
        .accepts(&deploy, "a second deployment changes nothing")
        .await;
    assert_eq!(stack.distinct_cases(), 15);
    let plan = ["plan", "--release", file];
    stack.accepts(&plan, "the release is live").await;
    let error = stack.refuses(&["plan"]).await;
    assert!(matches!(error, Error::Drift(_)), "{error}");

    let update = stack.changed_template(&release, "Timeout: 120", "Timeout: 121");
    let error = stack
        .refuses(&["deploy", "--release", update.to_str().unwrap()])
        .await;
    let expected = "in `CaseCreation` the release has `Timeout: 121`";
    assert!(error.to_string().contains(expected), "{error}");
    Changed { release, sha256 }
}

pub(crate) async fn deployment_is_undone_and_repeated(
    stack: &Stack,
    original: &Sha256Hash,
    changed: &Changed,
) {
    stack
        .accepts(&["rollback"], "the deployment is undone")
        .await;
    assert_eq!(stack.live(FUNCTION).await, *original);
    assert_eq!(stack.in_step().await, InStep::Stack);
    let error = stack.refuses(&["rollback"]).await;
    assert!(matches!(error, Error::NothingToRollBack), "{error}");
    let deploy = ["deploy", "--release", changed.release.to_str().unwrap()];
    stack
        .accepts(&deploy, "the release is deployed again")
        .await;
    assert_eq!(stack.live(FUNCTION).await, changed.sha256);
}

pub(crate) async fn broken_program_is_rolled_back(stack: &Stack, changed: &Changed) {
    let (broken, _) = stack.release(FUNCTION, BREAKING).await;
    let error = stack
        .refuses(&["deploy", "--release", broken.to_str().unwrap()])
        .await;
    let text = error.text();
    assert!(matches!(error, Error::RolledBack(_)), "{text}");
    let expected = "the smoke test of `CaseCreation` failed";
    assert!(text.contains(expected), "{text}");
    assert_eq!(stack.live(FUNCTION).await, changed.sha256);

    // Without smoke tests the metrics find it, and the events that waited become Cases.
    let error = stack.deploy_without_smoke_tests(&broken).await.unwrap_err();
    let text = error.text();
    assert!(matches!(error, Error::RolledBack(_)), "{text}");
    assert!(text.contains("SFCaseCreated is 0, expected 5"), "{text}");
    assert_eq!(stack.live(FUNCTION).await, changed.sha256);
    stack.cases_become(25).await;
}

pub(crate) async fn push_by_hand_is_found_and_undone(
    stack: &Stack,
    original: &Sha256Hash,
    changed: &Changed,
) {
    let (broken, _) = stack.release(FUNCTION, BREAKING).await;
    let pushed = stack.push_by_hand(FUNCTION, &broken).await;
    let error = stack.refuses(&["plan"]).await;
    assert!(
        matches!(&error, Error::Drift(text) if text.contains(pushed.short())),
        "{error}"
    );
    let deploy = ["deploy", "--release", changed.release.to_str().unwrap()];
    let error = stack.refuses(&deploy).await;
    assert!(matches!(error, Error::UnknownCode { .. }), "{error}");
    let error = stack.refuses(&["rollback"]).await;
    assert!(matches!(error, Error::NothingToRollBack), "{error}");

    let rollback = ["rollback", "--to", &original.hex()[..8]];
    stack.accepts(&rollback, "the backup is pushed").await;
    assert_eq!(stack.live(FUNCTION).await, *original);
    assert_eq!(stack.in_step().await, InStep::Stack);
    stack.accepts(&["plan"], "the stack is in step again").await;
    stack.accepts(&["verify"], "5 records are 5 Cases").await;
    assert_eq!(stack.distinct_cases(), 30, "no record is lost or doubled");

    // The live code and the code before it are kept.
    assert!(stack.backups(FUNCTION).contains(&changed.sha256));
    let prune = ["backups", "prune", "--keep", "0"];
    stack.accepts(&prune, "old backups are deleted").await;
    let mut kept = [original.clone(), pushed];
    kept.sort();
    assert_eq!(stack.backups(FUNCTION), kept);
}
