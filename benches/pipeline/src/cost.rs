//! The cost of a million records, from a price list.

use serde::Deserialize;

use crate::{error::Error, table::Table};

const SHIPPED: &str = include_str!("../prices.toml");
const MILLION: f64 = 1e6;
const GB: f64 = 1e9;

/// The price list in USD; `prices.toml` contains the source of each price.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Prices {
    kinesis_gb_written: f64,
    kinesis_gb_read: f64,
    kinesis_billed_bytes_step: f64,
    put_metric_data_per_1000: f64,
    lambda_gb_second: f64,
    lambda_request_per_million: f64,
    s3_get_per_1000: f64,
}

/// The grouping of the records, and their processing time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// Records of one uploaded file.
    pub(crate) records_per_file: f64,
    /// Bytes of one event on the stream, including the partition key.
    pub(crate) event_bytes: f64,
    /// Events of one `PutRecords`: its limit is 500.
    pub(crate) records_per_put: f64,
    /// Events of one delivery of the event source mapping, which are one call to Salesforce as well.
    pub(crate) records_per_batch: f64,
    /// Seconds of TT Producer for one record, including waits: a stream of four shards accepts 4,000 a second.
    pub(crate) producer_seconds: f64,
    /// Seconds of Case Creation for one batch: an assumed response time of Salesforce for 200 records.
    pub(crate) batch_seconds: f64,
    /// Memory of each function, in GB.
    pub(crate) memory: f64,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            records_per_file: 10_000.0,
            event_bytes: 600.0,
            records_per_put: 500.0,
            records_per_batch: 200.0,
            producer_seconds: 1.0 / 4_000.0,
            batch_seconds: 3.0,
            memory: 0.25,
        }
    }
}

/// One item of the sum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Item {
    pub(crate) name: &'static str,
    /// The quantity for a million records.
    pub(crate) amount: f64,
    pub(crate) unit: &'static str,
    /// Cost in USD; `None` for an item with a limit and no price.
    pub(crate) cost: Option<f64>,
}

impl Prices {
    pub(crate) fn shipped() -> Result<Self, Error> {
        Ok(toml::from_str(SHIPPED)?)
    }

    /// Returns the items of a million records.
    pub(crate) fn of_a_million(&self, shape: &Shape) -> Vec<Item> {
        let files = MILLION / shape.records_per_file;
        let batches = MILLION / shape.records_per_batch;
        let billed = (shape.event_bytes / self.kinesis_billed_bytes_step).ceil();
        let written = MILLION * billed * self.kinesis_billed_bytes_step / GB;
        let seconds = MILLION * shape.producer_seconds + batches * shape.batch_seconds;
        let item = |name, amount, unit, price: f64| Item {
            name,
            amount,
            unit,
            cost: Some(amount * price),
        };
        vec![
            item(
                "S3, reading the files",
                files,
                "requests",
                self.s3_get_per_1000 / 1e3,
            ),
            item("Kinesis, written", written, "GB", self.kinesis_gb_written),
            item("Kinesis, read", written, "GB", self.kinesis_gb_read),
            Item {
                name: "Kinesis, PutRecords",
                amount: MILLION / shape.records_per_put,
                unit: "requests",
                cost: None,
            },
            item(
                "Lambda, time",
                seconds * shape.memory,
                "GB-seconds",
                self.lambda_gb_second,
            ),
            item(
                "Lambda, invocations",
                files + batches,
                "requests",
                self.lambda_request_per_million / MILLION,
            ),
            item(
                "CloudWatch, PutMetricData",
                files + batches,
                "requests",
                self.put_metric_data_per_1000 / 1e3,
            ),
            Item {
                name: "Salesforce, API calls",
                amount: batches,
                unit: "requests",
                cost: None,
            },
        ]
    }

    pub(crate) fn table(&self, shape: &Shape) -> Table {
        let title = format!(
            "A million records in files of {}, USD (prices.toml)",
            shape.records_per_file
        );
        let mut table = Table::new(title, &["", "amount", "unit", "USD"]);
        let items = self.of_a_million(shape);
        let total: f64 = items.iter().filter_map(|item| item.cost).sum();
        for item in items {
            let cost = item
                .cost
                .map_or_else(|| "-".to_owned(), |cost| format!("{cost:.4}"));
            table.add([
                item.name.to_owned(),
                format!("{:.2}", item.amount),
                item.unit.to_owned(),
                cost,
            ]);
        }
        table.add([
            "in all".to_owned(),
            String::new(),
            String::new(),
            format!("{total:.4}"),
        ]);
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(shape: &Shape, name: &str) -> Item {
        let items = Prices::shipped().unwrap().of_a_million(shape);
        items.into_iter().find(|item| item.name == name).unwrap()
    }

    #[test]
    fn a_record_is_billed_in_whole_kilobytes() {
        let small = Shape {
            event_bytes: 1.0,
            ..Shape::default()
        };
        let full = Shape {
            event_bytes: 1024.0,
            ..small
        };
        let over = Shape {
            event_bytes: 1025.0,
            ..small
        };
        let written = |shape| item(shape, "Kinesis, written").amount;
        assert!((written(&small) - written(&full)).abs() < 1e-9);
        assert!((written(&over) - 2.0 * written(&full)).abs() < 1e-9);
    }

    #[test]
    fn one_flush_an_invocation_is_one_request() {
        let shape = Shape {
            records_per_file: 1_000.0,
            records_per_batch: 100.0,
            ..Shape::default()
        };
        let flushes = item(&shape, "CloudWatch, PutMetricData");
        assert!((flushes.amount - 11_000.0).abs() < 1e-9);
        assert!((flushes.cost.unwrap() - 0.11).abs() < 1e-9);
        assert_eq!(item(&shape, "Salesforce, API calls").cost, None);
    }
}
