//! A small program with counted functions, built with the settings of production.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The names of all metrics of the program, sorted.
pub(crate) const METRICS: [&str; 7] = [
    "GenericCalls",
    "InnerDone",
    "OrderCut",
    "OrderRefused",
    "OrderShipped",
    "ProgramCalls",
    "QuotaUsed",
];

/// The line of the attribute of `ship`.
pub(crate) const LINE_OF_SHIP: u32 = 13;

/// A library in an older edition, of which the program calls nothing.
const ORDERS: &str = r#"#![forbid(unsafe_code)]

use tt_metrics::{count, count_outcome, MetricName};

const REFUSED: MetricName = MetricName::new("OrderRefused");

pub struct Orders;

impl Orders {
    /// Ships an order.
    ///
    /// Once.
    #[count_outcome(success = "OrderShipped", failure = REFUSED, interrupted = "OrderCut")]
    pub async fn ship(&self, order: &str) -> Result<usize, String> {
        Ok(order.len())
    }
}

#[count("GenericCalls")]
pub fn generic<T: Clone>(value: &T) -> T {
    #[count_outcome(success = "InnerDone")]
    fn inner() -> Option<()> {
        None
    }
    inner();
    value.clone()
}
"#;

const PROGRAM: &str = r#"use orders as _;

#[tt_metrics::count("ProgramCalls")]
fn never_called() {}

fn main() {
    if std::env::args().count() > 9 {
        never_called();
        tt_metrics::gauge!("QuotaUsed", tt_metrics::Unit::Percent, 80.0);
    }
    for declared in tt_metrics::catalogue() {
        println!("{declared:?}");
    }
}
"#;

/// Builds it and returns its file.
pub(crate) fn build() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("catalogue");
    fs::create_dir_all(home.join("src")).unwrap();
    fs::create_dir_all(home.join("orders")).unwrap();
    let library = root.join("tt-metrics");
    let library = library.display();
    let write = |name: &str, text: &str| fs::write(home.join(name), text).unwrap();
    let manifest = format!(
        r#"[package]
name = "program"
edition = "2024"

[dependencies]
tt-metrics = {{ path = "{library}" }}
orders = {{ path = "orders" }}

[profile.release]
lto = "fat"
codegen-units = 1
strip = true
panic = "abort"

[workspace]
"#
    );
    write("Cargo.toml", &manifest);
    write("src/main.rs", PROGRAM);
    let manifest = format!(
        "[package]\nname = \"orders\"\nedition = \"2021\"\n\n[lib]\npath = \"orders.rs\"\n\n\
         [dependencies]\ntt-metrics = {{ path = \"{library}\" }}\n"
    );
    write("orders/Cargo.toml", &manifest);
    write("orders/orders.rs", ORDERS);
    // The versions of the workspace are in the local registry cache.
    fs::copy(root.join("Cargo.lock"), home.join("Cargo.lock")).unwrap();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--release", "--offline", "--quiet"])
        .env("CARGO_TARGET_DIR", home.join("target"))
        .env_remove("RUSTFLAGS")
        .current_dir(&home)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo build failed: {errors}");
    home.join("target/release/program")
}
