//! The options of the command line.

use clap::{Parser, ValueEnum};

/// Measures TT Producer and Case Creation from file to accepted requests.
///
/// Each contender runs as a separate process, with local services that respond immediately: runtime API, S3, Kinesis,
/// Secrets Manager, CloudWatch and Salesforce. CPU is that of the process after its start. The floor sends the same bytes
/// with nothing but JSON, base64, SHA-256 and a socket.
#[derive(Debug, Parser)]
#[command(name = "tt-bench-pipeline")]
pub(crate) struct Plan {
    /// Records of each file, about 200 bytes each.
    #[arg(long, default_value_t = 300_000, value_parser = clap::value_parser!(u64).range(1_000..))]
    pub(crate) records: u64,
    /// The number of measurements, of which the median is reported.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) repeats: u32,
    /// The measurements to run.
    #[arg(long, value_enum, default_values_t = [Part::Producer, Part::Cases, Part::Memory, Part::Start, Part::Cost])]
    pub(crate) only: Vec<Part>,
    /// The largest file of the memory measurement, in MB.
    #[arg(long, default_value_t = 2_048)]
    pub(crate) largest: u64,
    /// Also measures functions in Python with boto3 and Powertools, in a virtual environment below `target`.
    #[arg(long)]
    pub(crate) python: bool,
}

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// CPU of TT Producer for each record.
    Producer,
    /// CPU of Case Creation for each record, in batches of 200.
    Cases,
    /// Memory of TT Producer by size of the file.
    Memory,
    /// Process start to the first request for work.
    Start,
    /// Cost of a million records.
    Cost,
}

impl Plan {
    pub(crate) fn has(&self, part: Part) -> bool {
        self.only.contains(&part)
    }
}
