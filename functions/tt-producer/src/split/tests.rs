//! Every format, cut into chunks of every size.

use super::*;

const LIMIT: usize = 40;

/// What a piece says, owned.
type Found = (u64, String, Option<SplitError>);
type Outcome = Result<String, SplitError>;

/// All pieces of a file that arrives in chunks of `size` bytes.
fn split_by(key: &str, content: &[u8], size: usize) -> Vec<Found> {
    let mut splitter = Splitter::new(key, LIMIT);
    let mut found = Vec::new();
    let mut chunks = content.chunks(size);
    loop {
        while let Some(piece) = splitter.pull() {
            let text = String::from_utf8_lossy(piece.content).into_owned();
            found.push((piece.offset, text, piece.error));
        }
        if splitter.last {
            return found;
        }
        match chunks.next() {
            Some(chunk) => splitter.push(chunk),
            None => splitter.finish(),
        }
    }
}

/// All pieces of a file of which another splitter reads on after each chunk of `size` bytes, with
/// nothing but the place, as text.
fn split_in_hops(key: &str, content: &[u8], size: usize) -> Vec<Found> {
    let mut found = Vec::new();
    let mut place = Place::default();
    let mut pushed = 0;
    loop {
        let mut splitter = Splitter::resume(key, LIMIT, place);
        let start = usize::try_from(splitter.offset()).unwrap();
        // What was pushed and not pulled comes again, and some more.
        pushed = content.len().min(pushed + size);
        splitter.push(&content[start..pushed]);
        let last = pushed == content.len();
        if last {
            splitter.finish();
        }
        while let Some(piece) = splitter.pull() {
            let text = String::from_utf8_lossy(piece.content).into_owned();
            found.push((piece.offset, text, piece.error));
        }
        if last {
            return found;
        }
        let text = serde_json::to_string(&splitter.place()).unwrap();
        place = serde_json::from_str(&text).unwrap();
    }
}

/// All pieces of a file; asserts that neither chunks nor hops make a difference.
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

fn records(key: &str, content: impl AsRef<[u8]>) -> Vec<String> {
    let found = split(key, content);
    assert!(
        found.iter().all(|(_, _, error)| error.is_none()),
        "{found:?}"
    );
    found.into_iter().map(|(_, text, _)| text).collect()
}

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
fn a_parked_line_may_be_longer_than_a_record() {
    let begin = crate::parked::LINE_BEGINS;
    let parked = format!("{begin}{}", "x".repeat(LIMIT * 2));
    assert_eq!(
        records("a.jsonl", format!("{parked}\n{{2}}\n")),
        [&parked, "{2}"]
    );
    let giant = format!("{begin}{}", "x".repeat(crate::parked::line_bytes(LIMIT)));
    let found = split_by("a.jsonl", format!("{giant}\n{{2}}\n").as_bytes(), 1000);
    assert!(
        found[0].2.is_some() && found[1].2.is_none(),
        "{}",
        found.len()
    );
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
    let mut splitter = Splitter::new("a.jsonl", LIMIT);
    splitter.push("y".repeat(90).as_bytes());
    let piece = splitter.pull().unwrap();
    assert_eq!((piece.content.len(), piece.truncated), (LIMIT, true));
}

#[test]
fn quoted_line_ends_and_commas_belong_to_the_row() {
    let content = "a,b\r\n\"1\n,\r\n2\",x\r\n\"say \"\"hi\"\"\n\",y\n";
    let expected = ["a,b", "\"1\n,\r\n2\",x", "\"say \"\"hi\"\"\n\",y"];
    assert_eq!(records("a.csv", content), expected);
}

#[test]
fn a_quote_inside_a_plain_field_is_text() {
    assert_eq!(
        records("a.csv", "a,b\n5\" disk,x\n1,2"),
        ["a,b", "5\" disk,x", "1,2"]
    );
}

#[test]
fn text_behind_a_closing_quote_costs_one_line() {
    let content = "a,b\n\"x\"y,1\n3,4\n";
    assert_eq!(
        outcomes("a.csv", content),
        [ok("a,b"), Err(SplitError::Quotes), ok("3,4")]
    );
}

#[test]
fn a_quote_that_is_never_closed_costs_one_line() {
    let rows = "3,4\n".repeat(4);
    let found = outcomes("a.csv", format!("a,b\n\"x,1\n{rows}"));
    assert_eq!(found.len(), 6);
    assert_eq!(found[1], Err(SplitError::Quotes));
    assert!(found[2..].iter().all(|row| *row == ok("3,4")));
}

#[test]
fn an_open_quote_above_the_limit_costs_one_line() {
    let rows = "3,4\n".repeat(40);
    let found = outcomes("a.csv", format!("a,b\n\"x,1\n{rows}"));
    assert_eq!(found.len(), 42);
    assert_eq!(found.iter().filter(|row| row.is_err()).count(), 1);
}

#[test]
fn a_giant_row_is_one_fault_and_the_next_row_is_read() {
    let giant = "x,".repeat(50);
    let content = format!("a,b\n{giant}\n1,2\n\"{giant}\n3,4\n");
    let expected = [ok("a,b"), TOO_LONG, ok("1,2"), TOO_LONG, ok("3,4")];
    assert_eq!(outcomes("a.csv", content), expected);
}

#[test]
fn a_quoted_field_above_the_limit_costs_its_first_line_however_it_arrives() {
    let field = "0123456789\n".repeat(5);
    let found = outcomes("a.csv", format!("a,b\n\"x\n{field}\",1\n3,4\n"));
    assert_eq!(found[1], Err(SplitError::Quotes));
    assert_eq!(found[2..7], [(); 5].map(|()| ok("0123456789")));
    assert_eq!(found.last(), Some(&ok("3,4")));
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
        outcomes("a.json", "[{1} {2}, {3}]"),
        [ok("{1}"), Err(SplitError::Comma)]
    );
    assert_eq!(
        outcomes("a.json", "[{1},,{3}]"),
        [ok("{1}"), Err(SplitError::Comma)]
    );
    assert_eq!(
        outcomes("a.json", "[{1}] {2}"),
        [ok("{1}"), Err(SplitError::Trailing)]
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
fn utf_16_is_one_fault() {
    assert_eq!(split("a.csv", b"\xff\xfea\0\n\0a\0").len(), 1);
    assert_eq!(split("a.csv", b"a\0\n\0a\0")[0].2, Some(SplitError::Utf16));
}
