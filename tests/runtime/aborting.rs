//! The counted function once more, as a program whose panics abort.

use std::{
    env,
    path::{Path, PathBuf},
};

use tokio::{process::Command, sync::OnceCell};

/// Builds the function without the AWS SDK, in a separate target directory below that of the tests.
///
/// All of a program has to be compiled for it: the library asks the compiler whether panics abort.
pub(crate) async fn aborting_function() -> PathBuf {
    static BUILT: OnceCell<PathBuf> = OnceCell::const_new();
    BUILT.get_or_init(build).await.clone()
}

async fn build() -> PathBuf {
    let tested = Path::new(env!("CARGO_BIN_EXE_counted-function"));
    let target = tested.ancestors().nth(2).expect("is in a target directory");
    let target = target.join("tt").join("abort");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--locked", "--profile", "abort"])
        .args(["--package", "tt-tests", "--no-default-features"])
        .args(["--bin", "counted-function", "--target-dir"])
        .arg(&target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .await
        .expect("cargo runs");
    assert!(built.success(), "cargo built the function");
    target.join("abort").join("counted-function")
}
