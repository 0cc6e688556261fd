//! JSON: streams and arrays of random objects are read as `serde_json` reads them.

use serde_json::{Map, Value, value::RawValue};
use tt_producer::{split::Splitter, upload::Position};

const FILES: u64 = 3_000;

/// A generator of numbers (xorshift): good enough to pick values, and the same on every machine.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % end.max(1)
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

fn text(numbers: &mut Numbers) -> String {
    const PARTS: [&str; 14] = [
        "a",
        "b",
        " ",
        "{",
        "}",
        "[",
        "]",
        "\"",
        "\\",
        "\n",
        "\u{1f600}",
        ",",
        ":",
        "\u{0}",
    ];
    (0..numbers.below(8))
        .map(|_| numbers.pick(&PARTS))
        .collect()
}

fn value(numbers: &mut Numbers, depth: usize) -> Value {
    match numbers.below(if depth > 4 { 4 } else { 6 }) {
        0 => Value::Null,
        1 => numbers.below(1_000_000).into(),
        2 => Value::Bool(true),
        3 => text(numbers).into(),
        4 => (0..numbers.below(4))
            .map(|_| value(numbers, depth + 1))
            .collect(),
        _ => object(numbers, depth + 1),
    }
}

fn object(numbers: &mut Numbers, depth: usize) -> Value {
    let fields = (0..numbers.below(5)).map(|_| (text(numbers), value(numbers, depth)));
    Value::Object(fields.collect::<Map<_, _>>())
}

/// A file of objects, in one of the layouts that tools write.
fn file(numbers: &mut Numbers) -> (String, bool) {
    let is_pretty = numbers.below(2) == 0;
    let number = numbers.below(6) + 1;
    let objects: Vec<_> = (0..number)
        .map(|_| {
            let object = object(numbers, 0);
            if is_pretty {
                serde_json::to_string_pretty(&object).unwrap()
            } else {
                object.to_string()
            }
        })
        .collect();
    if numbers.below(2) == 0 {
        let comma = numbers.pick(&[",", ", ", ",\n", "\n,\r\n  "]);
        (format!("[{}]", objects.join(comma)), true)
    } else {
        let separator = numbers.pick(&["\n", "\r\n", "", " ", "\n\n"]);
        (objects.join(separator), false)
    }
}

fn read(content: &str, chunk: usize) -> Vec<String> {
    let mut splitter = Splitter::new("a.json", 100_000, &Position::default());
    let mut values = Vec::new();
    let mut pull = |splitter: &mut Splitter| {
        while let Some(piece) = splitter.pull() {
            assert_eq!(piece.error, None, "{content}");
            values.push(String::from_utf8(piece.content.to_vec()).unwrap());
        }
    };
    for chunk in content.as_bytes().chunks(chunk) {
        splitter.push(chunk);
        pull(&mut splitter);
    }
    splitter.finish();
    pull(&mut splitter);
    values
}

#[test]
fn streams_and_arrays_are_read_as_serde_json_reads_them() {
    for seed in 1..=FILES {
        let mut numbers = Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (content, is_array) = file(&mut numbers);
        let expected: Vec<&RawValue> = if is_array {
            serde_json::from_str(&content).unwrap()
        } else {
            let stream = serde_json::Deserializer::from_str(&content).into_iter();
            stream.collect::<Result<_, _>>().unwrap()
        };
        let expected: Vec<_> = expected.iter().map(|value| value.get()).collect();
        for chunk in [content.len(), 1, 7] {
            assert_eq!(read(&content, chunk), expected, "seed {seed}: {content}");
        }
    }
}
