//! Runs the measurements. Contenders alternate, so that other load on the machine affects all of them.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use crate::{
    build::Functions,
    content::{Content, Layout},
    cost,
    error::Error,
    event,
    floor::{self, Work},
    plan::{Part, Plan},
    process::{Contender, Running},
    python,
    server::{Services, Tally},
    table::{Table, say},
};

/// Records of one call to Salesforce, and of one measured batch.
const CASES_PER_BATCH: u64 = 200;
const MEBIBYTE: f64 = 1_048_576.0;

/// The result of one run of one contender.
#[derive(Debug, Clone, Copy)]
struct Measured {
    cpu_per_record: Duration,
    wall_per_record: Duration,
    peak: u64,
    records_per_request: f64,
}

/// The input of a function.
#[derive(Debug, Clone, Copy)]
enum Task {
    File(Content),
    Batches(u64),
}

pub(crate) async fn run(plan: &Plan) -> Result<(), Error> {
    say("building the functions for release; the AWS SDK takes minutes the first time");
    let functions = Functions::build()?;
    let producer = rust("TT Producer", functions.tt_producer);
    let cases = rust("Case Creation", functions.case_creation);
    let python = plan.python.then(python::environment).transpose()?;
    let python = |module| {
        python
            .as_deref()
            .map(|python| python::contender(python, module))
    };
    let producers = contenders(Work::Producer, producer.clone(), python("producer"))?;
    let creators = contenders(Work::Cases, cases, python("case_creation"))?;
    if plan.has(Part::Producer) {
        for (title, layout) in [("CSV", Layout::Csv), ("JSON Lines", Layout::JsonLines)] {
            let task = Task::File(Content {
                layout,
                rows: plan.records,
            });
            let title = format!(
                "TT Producer, {title}, {} records of 200 bytes",
                plan.records
            );
            compare(title, &producers, task, plan.repeats).await?;
        }
    }
    if plan.has(Part::Cases) {
        let batches = plan.records.div_ceil(CASES_PER_BATCH);
        let title = format!("Case Creation, {batches} batches of {CASES_PER_BATCH} events");
        compare(title, &creators, Task::Batches(batches), plan.repeats).await?;
    }
    if plan.has(Part::Start) {
        start(&[&producers[..], &creators[..]].concat(), plan.repeats).await?;
    }
    if plan.has(Part::Memory) {
        memory(&producer, plan.largest).await?;
    }
    if plan.has(Part::Cost) {
        cost::Prices::shipped()?
            .table(&cost::Shape::default())
            .print();
    }
    Ok(())
}

fn rust(name: &'static str, program: PathBuf) -> Contender {
    Contender {
        name,
        program,
        arguments: Vec::new(),
        env: Vec::new(),
    }
}

/// Returns the contenders, beginning with the floor, with which the others are compared.
fn contenders(
    work: Work,
    rust: Contender,
    python: Option<Contender>,
) -> Result<Vec<Contender>, Error> {
    let floor = Contender {
        name: "floor",
        program: std::env::current_exe().map_err(|source| Error::Io {
            action: "find this program",
            source,
        })?,
        arguments: Vec::new(),
        env: vec![(floor::VARIABLE, work.name().to_owned())],
    };
    Ok([floor, rust].into_iter().chain(python).collect())
}

async fn compare(
    title: String,
    contenders: &[Contender],
    task: Task,
    repeats: u32,
) -> Result<(), Error> {
    let mut runs: Vec<Vec<Measured>> = vec![Vec::new(); contenders.len()];
    for repeat in 1..=repeats {
        for (contender, runs) in contenders.iter().zip(&mut runs) {
            say(&format!(
                "{title}: {}, {repeat} of {repeats}",
                contender.name
            ));
            runs.push(measure(contender, task).await?);
        }
    }
    let columns = [
        "",
        "CPU/record",
        "x floor",
        "records/CPU s",
        "records/s",
        "peak",
        "records/request",
    ];
    let mut table = Table::new(title, &columns);
    let medians: Vec<Measured> = runs.into_iter().filter_map(median).collect();
    let floor = medians
        .first()
        .map_or(Duration::ZERO, |floor| floor.cpu_per_record);
    for (contender, measured) in contenders.iter().zip(&medians) {
        let cpu = measured.cpu_per_record.as_secs_f64();
        table.add([
            contender.name.to_owned(),
            format!("{:.2} us", cpu * 1e6),
            format!("{:.1}", cpu / floor.as_secs_f64()),
            format!("{:.0}", 1.0 / cpu),
            format!("{:.0}", 1.0 / measured.wall_per_record.as_secs_f64()),
            mebibytes(measured.peak),
            format!("{:.0}", measured.records_per_request),
        ]);
    }
    table.print();
    Ok(())
}

/// Measures one task in a new process, after a small task to warm up.
async fn measure(contender: &Contender, task: Task) -> Result<Measured, Error> {
    let services = Services::start().await?;
    let mut running = Running::start(contender, &services).await?;
    let (warm_up, events, records) = match task {
        Task::File(content) => {
            let small = Content {
                rows: 1_000,
                ..content
            };
            let events = vec![event::notification(content)];
            (
                (event::notification(small), small.rows),
                events,
                content.rows,
            )
        }
        Task::Batches(batches) => {
            let events = (0..batches)
                .map(|number| event::batch(number * CASES_PER_BATCH, CASES_PER_BATCH))
                .collect();
            let warm_up = event::batch(u64::from(u32::MAX), CASES_PER_BATCH);
            (
                (warm_up, CASES_PER_BATCH),
                events,
                batches * CASES_PER_BATCH,
            )
        }
    };
    let (warm_up, warm_up_records) = warm_up;
    running.invoke(&services, warm_up).await?;
    let before = running.usage()?;
    let began = Instant::now();
    for event in events {
        running.invoke(&services, event).await?;
    }
    let wall = began.elapsed();
    let after = running.usage()?;
    let tally = services.tally();
    let (done, requests) = match task {
        Task::File(_) => (&tally.published, &tally.put_requests),
        Task::Batches(_) => (&tally.cases, &tally.case_requests),
    };
    let (done, requests) = (Tally::get(done), Tally::get(requests));
    let expected = records + warm_up_records;
    if done != expected {
        return Err(running.failed(format!("{done} of {expected} records arrived")));
    }
    Ok(Measured {
        cpu_per_record: per_record(after.cpu.saturating_sub(before.cpu), records),
        wall_per_record: per_record(wall, records),
        peak: after.peak,
        records_per_request: approximately(done) / approximately(requests.max(1)),
    })
}

async fn start(contenders: &[Contender], repeats: u32) -> Result<(), Error> {
    let mut table = Table::new("Process start to the first request for work", &["", "time"]);
    for contender in contenders {
        let mut times = Vec::new();
        for _ in 0..repeats.max(5) {
            let services = Services::start().await?;
            times.push(Running::start(contender, &services).await?.start);
        }
        times.sort();
        let median = times.get(times.len() / 2).copied().unwrap_or_default();
        table.add([
            contender.name.to_owned(),
            format!("{:.1} ms", median.as_secs_f64() * 1e3),
        ]);
    }
    table.print();
    Ok(())
}

async fn memory(producer: &Contender, largest: u64) -> Result<(), Error> {
    let mut table = Table::new("Memory of TT Producer", &["CSV file", "peak", "records"]);
    for megabytes in [1, 10, 100, 512, 2_048] {
        if megabytes > largest {
            break;
        }
        say(&format!("memory: a file of {megabytes} MB"));
        let rows = megabytes * 1_048_576 / crate::content::ROW_BYTES;
        let task = Task::File(Content {
            layout: Layout::Csv,
            rows,
        });
        let measured = measure(producer, task).await?;
        table.add([
            format!("{megabytes} MB"),
            mebibytes(measured.peak),
            rows.to_string(),
        ]);
    }
    table.print();
    Ok(())
}

fn median(mut runs: Vec<Measured>) -> Option<Measured> {
    runs.sort_by_key(|run| run.cpu_per_record);
    runs.get(runs.len() / 2).copied()
}

fn per_record(time: Duration, records: u64) -> Duration {
    Duration::from_secs_f64(time.as_secs_f64() / approximately(records.max(1)))
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", approximately(bytes) / MEBIBYTE)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "figures are shown with few digits"
)]
fn approximately(number: u64) -> f64 {
    number as f64
}
