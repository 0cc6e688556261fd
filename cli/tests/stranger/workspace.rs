//! A workspace in a temporary directory, whose function has three metrics.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

const SHIP: &str = r#"//! Ships orders.

/// Ships an order.
#[tt_metrics::count_outcome(success = "OrderShipped", failure = "OrderRejected")]
fn ship(order: &str) -> Result<usize, String> {
    if order.is_empty() { Err("empty".to_owned()) } else { Ok(order.len()) }
}

fn main() {
    let shipped = std::env::args().filter(|order| ship(order).is_ok()).count();
    tt_metrics::gauge!("QueueDepth", tt_metrics::Unit::Count, 42.0);
    println!("{shipped}");
}
"#;

const CLEAN: &str = "//! Has no metrics.\n\nfn main() {\n    println!(\"clean\");\n}\n";

const TEMPLATE: &str = "\
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: provided.al2023
    Handler: bootstrap
    Environment:
      Variables:
        TT_METRICS_NAMESPACE: shop/orders
Resources:
  Ship:
    Type: AWS::Serverless::Function
    Metadata:
      BuildMethod: rust-cargolambda
      BuildProperties:
        Binary: ship-orders
    Properties:
      CodeUri: .
      EventInvokeConfig:
        DestinationConfig:
          OnFailure: {Type: SQS, Destination: !GetAtt LostOrders.Arn}
      Events:
        Orders:
          Type: DynamoDB
          Properties: {Stream: !GetAtt Table.StreamArn, StartingPosition: LATEST}
  Clean:
    Type: AWS::Serverless::Function
    Metadata:
      BuildMethod: rust-cargolambda
      BuildProperties:
        Binary: clean-up
    Properties:
      CodeUri: .
  LostOrders:
    Type: AWS::SQS::Queue
";

pub(crate) struct Workspace(tempfile::TempDir);

impl Workspace {
    /// Writes the workspace and builds its programs.
    pub(crate) fn build() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let this = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .canonicalize()
            .unwrap();
        let library = this.join("tt-metrics");
        let library = library.display();
        let manifest = format!(
            "[package]\nname = \"orders\"\nedition = \"2024\"\n\n[dependencies]\ntt-metrics = {{ path = \"{library}\" }}\n\n\
             [[bin]]\nname = \"ship-orders\"\npath = \"src/ship.rs\"\n\n[[bin]]\nname = \"clean-up\"\npath = \"src/clean.rs\"\n\n[workspace]\n"
        );
        fs::create_dir(root.join("src")).unwrap();
        for (name, text) in [
            ("Cargo.toml", manifest.as_str()),
            ("src/ship.rs", SHIP),
            ("src/clean.rs", CLEAN),
            ("template.yaml", TEMPLATE),
            ("README.md", "# Orders\n\n"),
        ] {
            fs::write(root.join(name), text).unwrap();
        }
        // The versions of this workspace are in the local registry cache.
        fs::copy(this.join("Cargo.lock"), root.join("Cargo.lock")).unwrap();
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["build", "--offline", "--quiet"])
            // Kept between runs, so that the library is compiled once.
            .env("CARGO_TARGET_DIR", target())
            .env_remove("RUSTFLAGS")
            .current_dir(root)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "cargo build failed: {errors}");
        Self(directory)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn append(&self, name: &str, text: &str) {
        let file = OpenOptions::new().append(true).open(self.path().join(name));
        file.unwrap().write_all(text.as_bytes()).unwrap();
    }
}

/// The path of a program of the workspace.
pub(crate) fn program(name: &str) -> String {
    target().join("debug").join(name).display().to_string()
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("stranger")
}
