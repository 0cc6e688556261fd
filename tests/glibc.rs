//! Checks that the Lambda binaries start on Amazon Linux 2023, which has glibc 2.34.

use tt_cli::{
    operate::program::{AMAZON_LINUX_2023, newest_glibc},
    stack::functions::build,
    terminal::progress::Silent,
    workspace::Workspace,
};

#[tokio::test]
async fn the_lambdas_require_no_newer_glibc_than_that_of_amazon_linux_2023() {
    let workspace = Workspace::find().unwrap();
    let binaries = build::build(&workspace, &Silent).await.unwrap();
    assert_eq!(binaries.len(), build::FUNCTIONS.len());
    for binary in binaries {
        let content = std::fs::read(&binary.path).unwrap();
        let newest = newest_glibc(&content).unwrap();
        assert!(
            newest.is_some_and(|version| version <= AMAZON_LINUX_2023),
            "{} requires glibc {newest:?}, Lambda has {AMAZON_LINUX_2023:?}; build it for deployment \
             with `cargo lambda build --release` or on a system with an older glibc",
            binary.function
        );
    }
}
