//! Every format, in chunks of every size, and with a new splitter after every chunk.

use super::*;
use crate::upload::{Position, Reader};

const LIMIT: usize = 40;

/// Offset, content and error of a piece.
type Found = (u64, String, Option<SplitError>);
type Outcome = Result<String, SplitError>;

fn pull(splitter: &mut Splitter, found: &mut Vec<Found>) {
    while let Some(piece) = splitter.pull() {
        let text = String::from_utf8_lossy(piece.content).into_owned();
        found.push((piece.offset, text, piece.error));
    }
}

/// All pieces of a file that arrives in chunks of `size` bytes.
fn split_by(key: &str, content: &[u8], size: usize) -> Vec<Found> {
    let mut splitter = Splitter::new(key, LIMIT, &Position::default());
    let mut found = Vec::new();
    for chunk in content.chunks(size) {
        splitter.push(chunk);
        pull(&mut splitter, &mut found);
    }
    splitter.finish();
    pull(&mut splitter, &mut found);
    found
}

/// All pieces of a file of which another splitter reads on after each chunk of `size` bytes, with nothing but the position,
/// as text.
fn split_in_hops(key: &str, content: &[u8], size: usize) -> Vec<Found> {
    let mut found = Vec::new();
    let mut position = Position::default();
    let mut pushed = 0;
    loop {
        let mut splitter = Splitter::new(key, LIMIT, &position);
        if let Reader::Csv(csv) = position.reader
            && let Some(header) = csv.header
        {
            let start = usize::try_from(header.offset).unwrap();
            splitter.set_header(&content[start..start + header.length]);
        }
        let start = usize::try_from(splitter.offset()).unwrap();
        // What was pushed and not pulled comes again, and some more.
        pushed = content.len().min(pushed + size);
        splitter.push(&content[start..pushed]);
        let last = pushed == content.len();
        if last {
            splitter.finish();
        }
        pull(&mut splitter, &mut found);
        if last {
            return found;
        }
        position.offset = splitter.offset();
        position.reader = splitter.reader();
        let text = serde_json::to_string(&position).unwrap();
        position = serde_json::from_str(&text).unwrap();
    }
}

/// All pieces of a file; asserts that neither chunks nor hops make a difference.
#[track_caller]
fn split(key: &str, content: impl AsRef<[u8]>) -> Vec<Found> {
    let content = content.as_ref();
    let whole = split_by(key, content, content.len().max(1));
    for size in 1..content.len() {
        let cut = split_by(key, content, size);
        let places = |found: &[Found]| found.iter().map(|(o, _, e)| (*o, *e)).collect::<Vec<_>>();
        assert_eq!(places(&cut), places(&whole), "in chunks of {size}");
        let hops = split_in_hops(key, content, size);
        assert_eq!(places(&hops), places(&whole), "in hops of {size}");
    }
    whole
}

#[track_caller]
fn records(key: &str, content: impl AsRef<[u8]>) -> Vec<String> {
    let found = split(key, content);
    assert!(
        found.iter().all(|(_, _, error)| error.is_none()),
        "{found:?}"
    );
    found.into_iter().map(|(_, text, _)| text).collect()
}

#[track_caller]
fn outcomes(key: &str, content: impl AsRef<[u8]>) -> Vec<Outcome> {
    split(key, content)
        .into_iter()
        .map(|(_, text, error)| outcome(text, error))
        .collect()
}

/// The outcome of a good record.
fn ok(text: &str) -> Outcome {
    outcome(text.to_owned(), None)
}

fn outcome(text: String, error: Option<SplitError>) -> Outcome {
    error.map_or(Ok(text), Err)
}

/// A CSV file of these rows. Its header has the required columns alone.
fn csv(rows: &str) -> String {
    format!("{HEADER}\n{rows}")
}

const HEADER: &str = "record_id,customer_id,event_type";

const TOO_LONG: Outcome = Err(SplitError::TooLong { limit: LIMIT });

#[test]
fn files_without_content_have_no_record() {
    for content in ["", "\n", "\u{feff}", "\u{feff} \r\n\n", "[]", " [ ] \n"] {
        assert!(split("a.csv", content).is_empty(), "{content:?}");
    }
}

#[test]
fn lines_end_with_line_feed_carriage_return_or_the_file() {
    assert_eq!(records("a", "{1}\n{2}\r\n{3}"), ["{1}", "{2}", "{3}"]);
    assert_eq!(records("a", "\u{feff}{1}\n\n  \r\n{2}\n"), ["{1}", "{2}"]);
}

#[test]
fn offsets_are_those_of_the_file() {
    let offsets: Vec<_> = split("a", "\u{feff}{1}\n\n{2}\r\n{3}")
        .iter()
        .map(|f| f.0)
        .collect();
    assert_eq!(offsets, [3, 8, 13]);
}

#[test]
fn a_giant_line_is_one_fault_and_the_next_line_is_read() {
    let giant = "x".repeat(500);
    let content = format!("{{1}}\n{giant}\n{{2}}\n");
    assert_eq!(
        outcomes("a.jsonl", content),
        [ok("{1}"), TOO_LONG, ok("{2}")]
    );
    assert_eq!(outcomes("a.jsonl", &giant), [TOO_LONG]);
}

#[test]
fn a_line_of_exactly_the_limit_is_a_record() {
    let line = "x".repeat(LIMIT);
    assert_eq!(
        records("a.jsonl", format!("{line}\r\n{line}\n{line}")).len(),
        3
    );
}

#[test]
fn the_kept_part_of_a_giant_is_its_beginning() {
    let mut splitter = Splitter::new("a.jsonl", LIMIT, &Position::default());
    splitter.push("y".repeat(90).as_bytes());
    let piece = splitter.pull().unwrap();
    assert_eq!((piece.content.len(), piece.truncated), (LIMIT, true));
}

#[test]
fn quoted_line_ends_and_commas_belong_to_the_row() {
    let content = csv("\"1\n,\r\n2\",x,z\r\n\"say \"\"hi\"\"\n\",y,z\n");
    let expected = ["\"1\n,\r\n2\",x,z", "\"say \"\"hi\"\"\n\",y,z"];
    assert_eq!(records("a.csv", content), expected);
}

#[test]
fn a_quote_inside_a_plain_field_is_text() {
    assert_eq!(
        records("a.csv", csv("5\" disk,x,y\n1,2,3")),
        ["5\" disk,x,y", "1,2,3"]
    );
}

#[test]
fn text_behind_a_closing_quote_costs_one_line() {
    let content = csv("\"x\"y,1,2\n3,4,5\n");
    assert_eq!(
        outcomes("a.csv", content),
        [Err(SplitError::Quotes), ok("3,4,5")]
    );
}

#[test]
fn a_quote_that_is_never_closed_costs_one_line() {
    let rows = "3,4,5\n".repeat(4);
    let found = outcomes("a.csv", csv(&format!("\"x,1,2\n{rows}")));
    assert_eq!(found.len(), 5);
    assert_eq!(found[0], Err(SplitError::Quotes));
    assert!(found[1..].iter().all(|row| *row == ok("3,4,5")));
}

#[test]
fn an_open_quote_above_the_limit_costs_one_line() {
    let rows = "3,4,5\n".repeat(30);
    let found = outcomes("a.csv", csv(&format!("\"x,1,2\n{rows}")));
    assert_eq!(found.len(), 31);
    assert_eq!(found.iter().filter(|row| row.is_err()).count(), 1);
}

#[test]
fn a_giant_row_is_one_fault_and_the_next_row_is_read() {
    let giant = "x,".repeat(50);
    let content = csv(&format!("{giant}\n1,2,3\n\"{giant}\n3,4,5\n"));
    let expected = [TOO_LONG, ok("1,2,3"), TOO_LONG, ok("3,4,5")];
    assert_eq!(outcomes("a.csv", content), expected);
}

#[test]
fn a_quoted_field_above_the_limit_costs_its_first_line_however_it_arrives() {
    let field = "0123456789\n".repeat(5);
    let found = outcomes("a.csv", csv(&format!("\"x\n{field}\",1,2\n3,4,5\n")));
    assert_eq!(found[0], Err(SplitError::Quotes));
    assert_eq!(found[1..6], [(); 5].map(|()| ok("0123456789")));
    assert_eq!(found.last(), Some(&ok("3,4,5")));
}

#[test]
fn array_values_are_handed_out_as_written() {
    let content = r#" [ {"a":"]},\"{"} , [1,[2]],
        "x\\" ,3,null ] "#;
    let expected = [r#"{"a":"]},\"{"}"#, "[1,[2]]", r#""x\\""#, "3", "null"];
    assert_eq!(records("a.json", content), expected);
}

#[test]
fn a_comma_before_the_closing_bracket_does_no_harm() {
    assert_eq!(records("a.json", "[{1},]"), ["{1}"]);
}

#[test]
fn a_truncated_array_gives_what_was_whole_and_one_fault() {
    let expected = [ok("{1}"), Err(SplitError::NotClosed)];
    for content in ["[{1},{\"a", "[{1},", "[{1}", "[{1},{\"\\"] {
        assert_eq!(outcomes("a.json", content), expected, "{content}");
    }
}

#[test]
fn a_broken_array_gives_what_came_before_and_one_fault() {
    assert_eq!(
        outcomes("a.json", "[{1}] and more"),
        [ok("{1}"), Err(SplitError::Trailing)]
    );
    assert_eq!(
        outcomes("a.json", "[{1},{\"a\":\"cut\n,{2}]"),
        [ok("{1}"), ok("{\"a\":\"cut"), ok("{2}")]
    );
}

#[test]
fn a_giant_array_value_is_one_fault_and_the_next_value_is_read() {
    let giant = format!(r#"{{"a":"{}"}}"#, r#"\"]"#.repeat(60));
    let content = format!("[{{1}},{giant},{{2}}]");
    assert_eq!(
        outcomes("a.json", content),
        [ok("{1}"), TOO_LONG, ok("{2}")]
    );
    let cut = format!("[{{1}},{}", &giant[..150]);
    assert_eq!(outcomes("a.json", cut), [ok("{1}"), TOO_LONG]);
    let unclosed = format!("[{giant}");
    assert_eq!(
        outcomes("a.json", unclosed),
        [TOO_LONG, Err(SplitError::NotClosed)]
    );
}

#[test]
fn values_need_no_separator() {
    let expected = ["{1}", "{2}", "{3}"];
    for content in [
        "{1}{2}{3}",
        "{1} {2}\n{3}",
        "{1},\n{2},\n{3},\n",
        "[{1} {2}, {3}]",
        "[{1},,{2},{3}]",
        "[{1}]\n[{2},{3}]",
        "[{1}]{2}{3}",
        "\u{1e}{1}\n\u{1e}{2}\n\u{1e}{3}\n",
        "{1}\r{2}\r{3}\r",
        "\u{feff}{1}\n\u{feff}{2}\n{3}\0\0\0\x1a",
    ] {
        assert_eq!(records("a.json", content), expected, "{content:?}");
    }
}

#[test]
fn an_object_may_take_several_lines() {
    let one = "{\n \"a\": {\n  \"b\": [\n   {\n }\n ]\n }\n}";
    assert_eq!(records("a.json", format!("{one}\n")), [one]);
    let two = "{\r\n \"a\": 1\r\n}\r\n{\r\n \"a\": 2\r\n}\r\n";
    let expected = ["{\r\n \"a\": 1\r\n}", "{\r\n \"a\": 2\r\n}"];
    assert_eq!(records("a.jsonl", two), expected);
}

#[test]
fn a_line_that_is_cut_off_swallows_no_other() {
    for cut in [
        "{\"a\":\"x",
        "{\"a\":\"x\"",
        "{\"a\":",
        "{\"a\":[",
        "{",
        "{\"a\":\"x\\",
    ] {
        let content = format!("{{1}}\n{cut}\n{{\"a\":2}}\n{{\"a\":3}}\n");
        let found = records("a.jsonl", &content);
        assert_eq!(found, ["{1}", cut, "{\"a\":2}", "{\"a\":3}"], "{cut}");
    }
}

#[test]
fn an_object_over_several_lines_that_is_broken_is_one_record() {
    let content = "{\n \"a\": \"x\n}\n{\n \"a\": 2\n}\n";
    let expected = ["{\n \"a\": \"x\n}", "{\n \"a\": 2\n}"];
    assert_eq!(records("a.json", content), expected);
}

#[test]
fn the_delimiter_is_detected_and_a_sep_line_is_no_record() {
    for delimiter in [",", ";", "\t", "|"] {
        let rows = format!("{HEADER}\nr,c,e\nr,,e\n").replace(',', delimiter);
        let expected = ["r,c,e", "r,,e"].map(|row| row.replace(',', delimiter));
        for sep in [
            "",
            "sep=,\n",
            "\"sep=,\"\r\n",
            "\u{feff}SEP=,\r",
            "\u{feff}\"sep=,\"\r\n",
        ] {
            let content = format!("{}{rows}", sep.replace(',', delimiter));
            assert_eq!(records("a.csv", &content), expected, "{content:?}");
        }
    }
    let content = "sep=^\nrecord_id^customer_id^event_type\nr^c^e\n";
    assert_eq!(records("a.csv", content), ["r^c^e"]);
}

#[test]
fn rows_without_a_value_are_no_records() {
    let content = csv(",,\n\n  \nr,c,e\n , ,\t\n\"\",\"\",\"\"\n,\n,,,,\n\0\0\n");
    assert_eq!(records("a.csv", content), ["r,c,e"]);
}

#[test]
fn rows_end_with_carriage_returns_too() {
    let content = format!("{HEADER}\rr,c,1\rr,\"c\rc\",2\r\nr,c,3\nr,c,4\x1a");
    let expected = ["r,c,1", "r,\"c\rc\",2", "r,c,3", "r,c,4"];
    assert_eq!(records("a.csv", content), expected);
}

#[test]
fn padding_at_the_end_is_no_content() {
    for padding in ["\0\0\0\0", "\x1a", "\n\x1a", "\r\n\0\0", "\n \n"] {
        assert_eq!(records("a.csv", csv(&format!("r,c,e{padding}"))), ["r,c,e"]);
        assert_eq!(records("a.jsonl", format!("{{1}}{padding}")), ["{1}"]);
    }
}

#[test]
fn the_header_of_an_appended_file_is_no_record() {
    let first = csv("r,c,1\n");
    for second in [
        csv("r,c,2\n"),
        format!("\u{feff}{}", csv("r,c,2\n")),
        csv("r,c,2\n").replace('\n', "\r\n"),
    ] {
        let found = records("a.csv", format!("{first}{second}"));
        assert_eq!(found, ["r,c,1", "r,c,2"]);
        let glued = format!("{}{second}", first.trim_end());
        assert_eq!(records("a.csv", &glued), ["r,c,1", "r,c,2"], "{glued:?}");
    }
    let other = "event_type;record_id;customer_id\ne;r;c\n";
    assert_eq!(
        records("a.csv", format!("{first}{other}")),
        ["r,c,1", "e;r;c"]
    );
    let marked = records("a.csv", format!("{first}\u{feff}r,c,2\n"));
    assert_eq!(marked, ["r,c,1", "r,c,2"]);
}

#[test]
fn a_backslash_in_front_of_a_quote_is_an_escape_where_that_gives_a_row() {
    for rows in [
        r#"r,c,"say \"yes\", e""#,
        r#"r,c,"{\"a\":\"1,2\"}""#,
        r#"r,c,"ends with \"""#,
        r#"r,c,"C:\dir\""#,
        r#"r,"C:\dir\",e"#,
        r#"r, "c" ,"e""#,
    ] {
        let content = csv(&format!("{rows}\nr,c,e\n"));
        assert_eq!(records("a.csv", content), [rows, "r,c,e"], "{rows}");
    }
}

#[test]
fn a_row_never_swallows_another_one() {
    for (rows, expected, broken) in [
        ("r,c,\"x \\\"\"\nr,c,\", y\"\nr,c,e\n", 3, 0),
        ("r,c,\"x\nr,c,\", y\"\nr,c,e\n", 3, 1),
        ("r,c,\"x\nr,c,e\nr,c,e\n", 3, 1),
        ("r,c,x\"\nr,c,e\n", 2, 0),
        ("\"r\",\"c\",\"x\"\"\n\"r\",\"c\",\"e\"\n", 2, 1),
    ] {
        let found = outcomes("a.csv", csv(rows));
        let errors = found.iter().filter(|row| row.is_err()).count();
        assert_eq!(
            (found.len(), errors),
            (expected, broken),
            "{rows:?}: {found:?}"
        );
    }
}

#[test]
fn a_header_of_too_many_columns_is_one_fault() {
    let row = "c,".repeat(MAX_COLUMNS + 1);
    let mut splitter = Splitter::new("a.csv", 1_000_000, &Position::default());
    splitter.push(format!("{row}\n1,2\n3,4\n").as_bytes());
    splitter.finish();
    let error = splitter.pull().unwrap().error;
    assert_eq!(error, Some(SplitError::Header(HeaderError::TooMany)));
    assert!(splitter.pull().is_none());
}

#[test]
fn nested_and_repeated_lines_are_split_in_linear_time() {
    const BYTES: usize = 600_000;
    const LIMIT: usize = 100_000;
    for line in [
        "{\"a\":[",
        "{\"a\":[1,",
        "{",
        "[",
        "\"x",
        "\"\\\"",
        "\\\"",
        "{\"",
        "\"\"\"x\n",
        "a\r",
        ",",
    ] {
        for key in ["a.csv", "a.jsonl"] {
            let began = std::time::Instant::now();
            let mut splitter = Splitter::new(key, LIMIT, &Position::default());
            let text = format!("{line}\n").repeat(BYTES / (line.len() + 1));
            for chunk in text.as_bytes().chunks(16 * 1024) {
                splitter.push(chunk);
                while splitter.pull().is_some() {}
            }
            splitter.finish();
            while splitter.pull().is_some() {}
            assert!(
                began.elapsed() < std::time::Duration::from_mins(1),
                "{line:?} {key}"
            );
        }
    }
}
