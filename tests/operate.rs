//! On the whole local stack: code is verified, replaced, rolled back when it is broken, and returned to by its hash.

#[cfg(test)]
#[path = "operate/stack.rs"]
mod stack;

use stack::Stack;
use tt_cli::operate::{Error, rollback::InStep};

/// The function whose code changes.
const FUNCTION: &str = "CaseCreation";
/// A text of every Rust program, and a harmless change of it.
const HARMLESS: [&str; 2] = [
    "called `Option::unwrap()` on a `None` value",
    "Called `Option::unwrap()` on a `None` value",
];
/// The name of a variable without which Case Creation does not start.
const BREAKING: [&str; 2] = ["SALESFORCE_TOKEN_SECRET_ID", "SALESFORCE_TOKEN_SECRET_XX"];

// One stack serves the whole story, since it takes long to start.
#[tokio::test(flavor = "multi_thread")]
async fn code_is_deployed_verified_and_rolled_back() {
    let stack = Stack::start().await;
    let original = stack.live(FUNCTION).await;

    let error = stack
        .command(&["verify", "--stack", "no-such-stack"])
        .await
        .unwrap_err();
    assert!(error.text().contains("no-such-stack"), "{}", error.text());
    stack
        .command(&["plan"])
        .await
        .expect("the new stack is in step");
    stack
        .command(&["verify"])
        .await
        .expect("5 records are 5 Cases");
    assert_eq!(stack.distinct_cases(), 5);
    let too_few = ["verify", "--expect", "SFCaseCreated=4"];
    let error = stack.command(&too_few).await.unwrap_err();
    assert!(
        matches!(error, Error::Verify(text) if text.contains("SFCaseCreated is 5, expected 4"))
    );
    assert_eq!(stack.distinct_cases(), 10);

    // A changed program: the code is replaced, and the stack is not updated.
    let (release, changed) = stack.release(FUNCTION, HARMLESS).await;
    stack
        .deploy(&release)
        .await
        .expect("the changed program works");
    assert_eq!(stack.live(FUNCTION).await, changed);
    assert_eq!(stack.backups(FUNCTION), std::slice::from_ref(&original));
    assert_eq!(stack.distinct_cases(), 15, "the deployment was verified");
    assert_eq!(stack.in_step().await, InStep::Release(release.clone()));
    stack
        .deploy(&release)
        .await
        .expect("a second deployment changes nothing");
    assert_eq!(stack.distinct_cases(), 15);
    let plan = ["plan", "--release", release.to_str().unwrap()];
    stack.command(&plan).await.expect("the release is live");
    let error = stack.command(&["plan"]).await.unwrap_err();
    assert!(matches!(error, Error::Drift(_)), "{error}");

    // Back and forth.
    stack
        .command(&["rollback"])
        .await
        .expect("the deployment is undone");
    assert_eq!(stack.live(FUNCTION).await, original);
    assert_eq!(stack.in_step().await, InStep::Stack);
    let error = stack.command(&["rollback"]).await.unwrap_err();
    assert!(matches!(error, Error::NothingToRollBack), "{error}");
    stack
        .deploy(&release)
        .await
        .expect("the release is deployed again");
    assert_eq!(stack.live(FUNCTION).await, changed);

    // A release that changes more than code.
    let update = stack.changed_template(&release, "Timeout: 120", "Timeout: 121");
    let error = stack.deploy(&update).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("in `CaseCreation` the release has `Timeout: 121`"),
        "{error}"
    );

    // A program that does not start: the smoke test finds it.
    let (broken, _) = stack.release(FUNCTION, BREAKING).await;
    let error = stack.deploy(&broken).await.unwrap_err();
    let text = error.text();
    assert!(matches!(error, Error::RolledBack(_)), "{text}");
    assert!(
        text.contains("the smoke test of `CaseCreation` failed"),
        "{text}"
    );
    assert_eq!(stack.live(FUNCTION).await, changed);

    // The same without smoke tests: the metrics find it, and the events that waited become Cases.
    let error = stack.deploy_without_smoke_tests(&broken).await.unwrap_err();
    let text = error.text();
    assert!(matches!(error, Error::RolledBack(_)), "{text}");
    assert!(text.contains("SFCaseCreated is 0, expected 5"), "{text}");
    assert_eq!(stack.live(FUNCTION).await, changed);
    stack.cases_become(25).await;

    // A push by hand.
    let pushed = stack.push_by_hand(FUNCTION, &broken).await;
    let error = stack.command(&["plan"]).await.unwrap_err();
    assert!(
        matches!(&error, Error::Drift(text) if text.contains(pushed.short())),
        "{error}"
    );
    let error = stack.deploy(&release).await.unwrap_err();
    assert!(matches!(error, Error::UnknownCode { .. }), "{error}");
    let error = stack.command(&["rollback"]).await.unwrap_err();
    assert!(matches!(error, Error::NothingToRollBack), "{error}");

    // Back to the code of the stack, by the beginning of its hash.
    let rollback = ["rollback", "--to", &original.hex()[..8]];
    stack
        .command(&rollback)
        .await
        .expect("the backup is pushed");
    assert_eq!(stack.live(FUNCTION).await, original);
    assert_eq!(stack.in_step().await, InStep::Stack);
    stack
        .command(&["plan"])
        .await
        .expect("the stack is in step again");
    stack
        .command(&["verify"])
        .await
        .expect("5 records are 5 Cases");
    assert_eq!(stack.distinct_cases(), 30, "no record is lost or doubled");

    // The live code and the code before it are kept.
    let mut kept = [original, pushed];
    kept.sort();
    assert!(stack.backups(FUNCTION).contains(&changed));
    stack
        .command(&["backups", "prune", "--keep", "0"])
        .await
        .expect("old backups are deleted");
    assert_eq!(stack.backups(FUNCTION), kept);

    stack.stop().await;
}
