//! The graph fits the terminal and shows every value.

use super::{lines, short};
use crate::{
    report::summary::tests::{five_records, summary},
    terminal::screen::Terminal,
};

const PLAIN: Terminal = Terminal {
    columns: 66,
    rows: 18,
    unicode: true,
    colour: false,
    interactive: false,
};

fn without_colour(line: &str) -> String {
    let mut pieces = line.split('\u{1b}');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| {
        text + piece.split_once('m').map_or("", |(_, rest)| rest)
    })
}

#[test]
fn bars_are_at_the_times_of_the_values() {
    let expected = "
  pkyc/Salesforce                      sum per 1 s, 2026-01-02 UTC

  S3RecordsReceived 5┤   █
  5 in total         │   █
                     └─────────────────────────
  TTEventPublished  5┤   █
  5 in total         │   █
                     └─────────────────────────
  TTEventFailed     5┤
  0 in total         │
                     └─────────────────────────
  SFCaseCreated     5┤     ▂
  5 in total         │    ▇█
                     └─────────────────────────
  SFCaseFailed      5┤
  0 in total         │
                     └┬──────────────┬─────────
                      03:04:05       03:04:20";
    let drawn = format!("\n{}", lines(&five_records(), &PLAIN).join("\n"));
    assert_eq!(drawn, expected, "{drawn}");
}

#[test]
fn lines_fit_the_columns_of_the_terminal() {
    let wide = 123_456_789_012.0;
    let summaries = [
        five_records(),
        summary([
            &[(0, wide), (24, wide)],
            &[(3, 1.0)],
            &[],
            &[],
            &[(20, wide)],
        ]),
    ];
    for (summary, columns) in summaries
        .iter()
        .flat_map(|p| (40..=200).map(move |c| (p, c)))
    {
        for unicode in [true, false] {
            for line in lines(
                summary,
                &Terminal {
                    columns,
                    unicode,
                    ..PLAIN
                },
            ) {
                assert!(line.chars().count() <= columns, "{columns}: {line:?}");
            }
        }
    }
}

#[test]
fn graph_fits_the_rows_of_the_terminal() {
    for rows in [13, 16, 24, 40, 100] {
        let drawn = lines(&five_records(), &Terminal { rows, ..PLAIN }).len();
        assert!(drawn <= rows, "{drawn} lines on {rows} rows");
    }
}

#[test]
fn every_character_is_ascii_without_a_utf_8_locale() {
    let drawn = lines(
        &five_records(),
        &Terminal {
            unicode: false,
            ..PLAIN
        },
    )
    .join("\n");
    assert!(drawn.is_ascii(), "{drawn}");
    assert!(drawn.contains('#'), "{drawn}");
}

#[test]
fn colour_does_not_change_the_text() {
    let plain = lines(&five_records(), &PLAIN);
    let coloured = lines(
        &five_records(),
        &Terminal {
            colour: true,
            ..PLAIN
        },
    );
    assert_ne!(plain, coloured);
    for (plain, coloured) in plain.iter().zip(&coloured) {
        assert_eq!(plain.trim_end(), without_colour(coloured).trim_end());
    }
}

#[test]
fn one_failure_among_a_million_is_visible() {
    let summary = summary([&[(1, 1e6)], &[(1, 1e6)], &[(1, 1.0)], &[], &[]]);
    let drawn = lines(&summary, &PLAIN);
    assert!(drawn.iter().any(|line| line.contains('▁')), "{drawn:?}");
}

#[test]
fn numbers_of_the_scale_have_at_most_five_characters() {
    let numbers = [
        0,
        9999,
        10_000,
        12_345,
        999_999,
        1_234_567,
        5_000_000_000,
        u64::MAX,
    ];
    let short = numbers.map(short);
    assert_eq!(
        short,
        [
            "0", "9999", "10.0k", "12.3k", "999k", "1.2M", "5.0G", ">999G"
        ]
    );
}
