//! A function in another workspace, which has only `tt-metrics` in common with this one: catalogue, alarms, dashboard and graph.

use crate::cloudwatch;
use std::{
    collections::BTreeSet,
    fs,
    process::{Command, Output},
};

use crate::workspace::{Workspace, program};
use cloudwatch_stand_in::{check_alarm, check_composite_alarm, check_dashboard};
use serde_json::Value;
use tt_cli::template;

/// Words of the pipeline in this repository, which has nothing to do with the other workspace.
const FOREIGN: [&str; 6] = [
    "TTEvent",
    "SFCase",
    "S3Records",
    "pkyc",
    "Salesforce",
    "WritesEmf",
];

fn cargo_tt(workspace: &Workspace, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cargo-tt"))
        .args(args)
        .current_dir(workspace.path())
        .env("LC_ALL", "C")
        .env_remove("AWS_PROFILE")
        .env_remove("RUST_BACKTRACE")
        .output()
        .unwrap()
}

/// Standard output of a command that succeeds.
fn text(workspace: &Workspace, args: &[&str]) -> String {
    let output = cargo_tt(workspace, args);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {stderr}");
    let text = String::from_utf8(output.stdout).unwrap();
    for word in FOREIGN {
        assert!(!text.contains(word), "{args:?} contains {word}:\n{text}");
    }
    text
}

fn refusal(workspace: &Workspace, args: &[&str]) -> String {
    let output = cargo_tt(workspace, args);
    assert_eq!(output.status.code(), Some(1), "{args:?}");
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_works_for_another_workspace() {
    let workspace = Workspace::build();
    let programs = [program("ship-orders"), program("clean-up")];
    let programs = [programs[0].as_str(), programs[1].as_str()];
    catalogue(&workspace, programs);
    alarms_and_dashboard(&workspace, programs);
    check(&workspace, programs);
    let address = cloudwatch::serve().await;
    tokio::task::spawn_blocking(move || {
        graph(&workspace, &program("ship-orders"), &address);
    })
    .await
    .unwrap();
}

fn catalogue(workspace: &Workspace, programs: [&str; 2]) {
    let table = text(workspace, &["catalogue", programs[0], programs[1]]);
    let lines: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines[0][..3], ["metric", "unit", "counts"]);
    for (metric, counts) in [
        ("OrderRejected", "failure"),
        ("OrderShipped", "success"),
        ("QueueDepth", "level"),
    ] {
        let line = lines
            .iter()
            .find(|line| line.first() == Some(&metric))
            .unwrap();
        assert!(line.contains(&counts), "{line:?}");
    }
    assert!(table.ends_with("metrics of clean-up: none\n"), "{table}");

    let json = text(workspace, &["catalogue", programs[0], "--format", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["programs"][0]["program"], "ship-orders");
    assert_eq!(json["programs"][0]["metrics"].as_array().unwrap().len(), 3);
    assert_eq!(json["monthly_cost"], "0.90 USD");
    let markdown = text(
        workspace,
        &["catalogue", programs[1], "--format", "markdown"],
    );
    assert!(
        markdown.contains("Programs without metrics: clean-up."),
        "{markdown}"
    );
}

fn alarms_and_dashboard(workspace: &Workspace, programs: [&str; 2]) {
    let from = ["--template", "template.yaml"];
    let alarms = text(
        workspace,
        &[&["alarms", programs[0], programs[1]], &from[..]].concat(),
    );
    let alarms = template::parse(&alarms).unwrap();
    let alarms = alarms.as_object().unwrap();
    let ids: BTreeSet<&str> = alarms.keys().map(String::as_str).collect();
    for id in [
        "OrderRejectedAlarm",
        "OrderRejectedRateAlarm",
        "OrderShippedBurnAlarm",
        "ShipSilentAlarm",
        "ShipAgeAlarm",
        "EmfErrorsAlarm",
        "LostOrdersAlarm",
        "CleanErrorsAlarm",
    ] {
        assert!(ids.contains(id), "{id} in {ids:?}");
    }
    for (id, alarm) in alarms {
        let properties = &alarm["Properties"];
        let answer = if alarm["Type"] == "AWS::CloudWatch::CompositeAlarm" {
            check_composite_alarm(properties, &ids)
        } else {
            check_alarm(properties)
        };
        assert_eq!(answer, Ok(()), "{id}");
    }
    let dashboard = text(
        workspace,
        &[&["dashboard", programs[0]], &from[..]].concat(),
    );
    let body: Value = serde_json::from_str(&dashboard).unwrap();
    check_dashboard(&body).unwrap();
    for part in [
        "\"shop/orders\", \"OrderShipped\"",
        "${Ship}",
        "IteratorAge",
        "\"QueueDepth\"",
        "${LostOrders.QueueName}",
    ] {
        assert!(dashboard.contains(part), "{part} in {dashboard}");
    }

    // Without a template there are no functions, queues and log groups.
    let error = refusal(workspace, &["alarms", programs[0]]);
    assert!(error.contains("--namespace"), "{error}");
    let alone = text(
        workspace,
        &["dashboard", programs[0], "--namespace", "shop/orders"],
    );
    check_dashboard(&serde_json::from_str(&alone).unwrap()).unwrap();
    assert!(!alone.contains("AWS/Lambda"), "{alone}");
}

fn check(workspace: &Workspace, programs: [&str; 2]) {
    let check = [
        "catalogue",
        programs[0],
        programs[1],
        "--check",
        "template.yaml",
    ];
    let error = refusal(workspace, &check);
    assert!(
        error.contains("no dashboard shows `OrderShipped`"),
        "{error}"
    );
    assert!(
        error.contains("README.md does not mention `QueueDepth`"),
        "{error}"
    );

    let write = |command| {
        text(
            workspace,
            &[
                command,
                programs[0],
                programs[1],
                "--write",
                "template.yaml",
            ],
        )
    };
    let error = refusal(
        workspace,
        &["alarms", programs[0], "--write", "template.yaml"],
    );
    assert!(
        error.contains("add the lines `# BEGIN alarms` and `# END alarms`"),
        "{error}"
    );
    workspace.append(
        "template.yaml",
        "  # BEGIN alarms\n  # END alarms\n  # BEGIN dashboard\n  # END dashboard\n",
    );
    write("alarms");
    write("dashboard");
    assert_eq!(write("alarms"), "template.yaml is current\n");
    workspace.append("README.md", "| metric | counts |\n|---|---|\n| `OrderShipped` | |\n| `OrderRejected` | |\n| `QueueDepth` | |\n");
    text(workspace, &check);

    // A metric that is renamed in the program, a document and the settings only.
    let template = fs::read_to_string(workspace.path().join("template.yaml")).unwrap();
    workspace.append("README.md", "| `OrderLost` | |\n");
    fs::write(
        workspace.path().join("tt.toml"),
        "[funnel]\nstages = [\"OrderTaken\"]\n",
    )
    .unwrap();
    fs::write(
        workspace.path().join("template.yaml"),
        template.replace("\"QueueDepth\"", "\"QueueLength\""),
    )
    .unwrap();
    let error = refusal(workspace, &check);
    for finding in [
        "a dashboard names `QueueLength`, which no program declares",
        "no dashboard shows `QueueDepth`",
        "the section `dashboard` is stale: run `cargo tt dashboard --write`",
        "README.md names `OrderLost`, which no program declares",
        "tt.toml names `OrderTaken`, which no program declares",
        "5 differences between the programs and `template.yaml`",
    ] {
        assert!(error.contains(finding), "{finding} in {error}");
    }
    fs::remove_file(workspace.path().join("tt.toml")).unwrap();
}

fn graph(workspace: &Workspace, program: &str, address: &str) {
    let graph = |args: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_cargo-tt"))
            .args(["graph", "--namespace", "shop/orders", "--program", program])
            .args(args)
            .current_dir(workspace.path())
            .env_clear()
            .env("AWS_ENDPOINT_URL", address)
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .output()
            .unwrap()
    };
    let output = graph(&["--html", "page.html"]);
    let (text, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{stderr}");
    let first = format!("account unknown, Region eu-central-1, endpoint {address}\n");
    assert!(text.starts_with(&first), "{text}");
    for part in [
        "  OrderShipped   1200",
        "  OrderRejected     7",
        "  QueueDepth       42",
        "  ColdStart         1",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let page = fs::read_to_string(workspace.path().join("page.html")).unwrap();
    assert!(
        page.contains("<h1>4 metrics of shop/orders</h1>") && page.contains("1,200"),
        "{page}"
    );

    let output = graph(&["--json", "--since", "2h"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&json["region"], &json["account"]),
        (&"eu-central-1".into(), &Value::Null)
    );
    let series = json["series"].as_array().unwrap();
    let found: Vec<_> = series
        .iter()
        .map(|one| {
            (
                one["metric"].as_str().unwrap(),
                one["statistic"].as_str().unwrap(),
                one["total"].as_u64().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("OrderShipped", "Sum", 1200),
        ("OrderRejected", "Sum", 7),
        ("QueueDepth", "Maximum", 42),
        ("ColdStart", "Sum", 1),
    ];
    assert_eq!(found, expected);
    assert_eq!(series[0]["unit"], "Count");
}
