//! The properties of the fuzz targets hold for their seeds, and for variations of these that are the same in every run.

use std::{fs, path::Path};

use crate::properties as fuzz;

const VARIATIONS: u64 = 10_000;

/// A generator of numbers (xorshift): good enough to pick bytes, and the same on every machine.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % end.max(1)
    }
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    let files = fs::read_dir(seeds.join(target)).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// One small change: a byte replaced, taken away or added, or a part of another seed inserted.
fn vary(bytes: &mut Vec<u8>, others: &[Vec<u8>], numbers: &mut Numbers) {
    const SPECIAL: &[u8] = b"{}[]\",:\\\r\n \0\xff\xc2x0";
    let at = numbers.below(bytes.len() + 1);
    let special = SPECIAL[numbers.below(SPECIAL.len())];
    match numbers.below(5) {
        0 => bytes.insert(at, special),
        1 if at < bytes.len() => bytes[at] = special,
        2 if at < bytes.len() => bytes[at] ^= 1 << numbers.below(8),
        3 => bytes.truncate(at),
        _ => {
            let other = &others[numbers.below(others.len())];
            let start = numbers.below(other.len());
            let end = start + numbers.below(other.len() - start + 1);
            bytes.splice(at..at, other[start..end].iter().copied());
        }
    }
}

fn check(target: &str, holds: fn(&[u8])) {
    let seeds = seeds(target);
    assert!(seeds.len() >= 3, "{target}");
    for seed in &seeds {
        holds(seed);
    }
    for variation in 1..=VARIATIONS {
        let mut numbers = Numbers(variation.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut bytes = seeds[numbers.below(seeds.len())].clone();
        for _ in 0..=numbers.below(6) {
            vary(&mut bytes, &seeds, &mut numbers);
        }
        bytes.truncate(600);
        holds(&bytes);
    }
}

#[test]
fn the_places_of_records_do_not_depend_on_chunks_or_hops() {
    check("split", fuzz::split);
}

#[test]
fn events_are_decoded_as_they_were_encoded() {
    check("event", fuzz::event);
}

#[test]
fn notifications_are_read_or_refused() {
    check("notification", fuzz::notification);
}

#[test]
fn aggregates_are_read_or_refused() {
    check("aggregate", fuzz::aggregate);
}
