//! CSV: tables that Python writes in random dialects are read as Python reads them.

use std::{path::Path, process::Command};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use tt_producer::{
    split::{Form, Splitter, Values},
    upload::Position,
};

const TABLES: u32 = 3_000;

#[derive(Deserialize)]
struct Table {
    content: String,
    rows: Vec<Vec<String>>,
    dialect: String,
}

fn tables() -> Vec<Table> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential/dialects.py");
    let output = Command::new("python3")
        .arg(script)
        .args(["0", &TABLES.to_string()])
        .env("PYTHONUTF8", "1")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let lines = output.stdout.split(|byte| *byte == b'\n');
    lines
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

fn read(content: &[u8], chunk: usize) -> Vec<Vec<String>> {
    let mut splitter = Splitter::new("a.csv", 100_000, &Position::default());
    let mut rows = Vec::new();
    let mut pull = |splitter: &mut Splitter| {
        while let Some(piece) = splitter.pull() {
            let Form::Row { header, backslash } = piece.form else {
                panic!("file is not read as CSV");
            };
            assert_eq!(piece.error, None);
            let text = std::str::from_utf8(piece.content).unwrap();
            let values = Values::new(text, header.delimiter(), backslash);
            rows.push(values.map(Into::into).collect());
        }
    };
    for chunk in content.chunks(chunk) {
        splitter.push(chunk);
        pull(&mut splitter);
    }
    splitter.finish();
    pull(&mut splitter);
    rows
}

#[test]
fn tables_in_every_dialect_are_read_as_python_reads_them() {
    let tables = tables();
    assert_eq!(u32::try_from(tables.len()), Ok(TABLES));
    let mut rows = 0;
    for (seed, table) in tables.iter().enumerate() {
        let content = BASE64_STANDARD.decode(&table.content).unwrap();
        for chunk in [content.len(), 1, 7] {
            assert_eq!(
                read(&content, chunk),
                table.rows,
                "seed {seed}, {}: {:?}",
                table.dialect,
                String::from_utf8_lossy(&content)
            );
        }
        rows += table.rows.len();
    }
    assert!(rows > 10_000, "{rows}");
}
