//! The records that the demo uploads: a shipped file or generated records.

use std::io::{self, Write};

/// File name of the shipped sample.
pub const FIVE_RECORDS_NAME: &str = "five-records.csv";
/// The shipped sample: a header and five valid records.
pub const FIVE_RECORDS: &[u8] = include_bytes!("../../samples/five-records.csv");
/// The most records that the demo generates: about 100 MB.
pub const MAX_RECORDS: u64 = 1_000_000;

const HEADER: &str = "record_id,customer_id,event_type,risk_rating,occurred_at,subject,details";
const EVENTS: [(&str, &str); 5] = [
    ("RISK_RATING_CHANGED", "Risk rating changed"),
    ("ADDRESS_CHANGED", "Registered address changed"),
    ("OWNERSHIP_CHANGED", "Beneficial owner changed"),
    ("DOCUMENT_EXPIRED", "Identity document expired"),
    ("SCREENING_HIT", "Name screening found a match"),
];
const RATINGS: [&str; 3] = ["LOW", "MEDIUM", "HIGH"];

/// Writes a CSV file of `records` valid, distinct records. The same number always gives the same file.
///
/// # Errors
///
/// When writing fails.
pub fn write(records: u64, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{HEADER}")?;
    let events = EVENTS.iter().cycle();
    let ratings = RATINGS.iter().cycle();
    for ((number, (event, subject)), rating) in (1..=records).zip(events).zip(ratings) {
        let customer = number.wrapping_mul(7919) % 100_000;
        let (hour, minute, second) = (number / 3600 % 24, number / 60 % 60, number % 60);
        writeln!(
            out,
            "R{number:07},C{customer:05},{event},{rating},\
             2026-01-02T{hour:02}:{minute:02}:{second:02}Z,{subject},Generated record {number}"
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{FIVE_RECORDS, HEADER, write};

    fn text(records: u64) -> String {
        let mut out = Vec::new();
        write(records, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn shipped_file_has_five_records_and_the_same_header() {
        let shipped = std::str::from_utf8(FIVE_RECORDS).unwrap();
        assert_eq!(shipped.lines().count(), 6);
        assert_eq!(shipped.lines().next(), Some(HEADER));
    }

    #[test]
    fn generated_file_has_the_requested_number_of_records() {
        for records in [1, 5, 1234] {
            assert_eq!(text(records).lines().count() as u64, records + 1);
        }
    }

    #[test]
    fn generated_record_ids_are_distinct() {
        let text = text(10_000);
        let mut ids: Vec<&str> = text
            .lines()
            .filter_map(|line| line.split(',').next())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 10_001);
    }

    #[test]
    fn generated_record_fills_every_column() {
        let text = text(20);
        assert!(
            text.lines().all(|line| line.split(',').count() == 7),
            "{text}"
        );
    }
}
