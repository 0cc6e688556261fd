//! The memory of an invocation is kept for the next one.

use crate::program::{Program, Shared, batch, serve};

/// The largest size of a batch.
const RECORDS: u64 = 10_000;
/// After the sixth batch all buffers have their final size, including the remembered Cases.
const BATCHES: u64 = 8;
/// Page faults after the first batch: 2100 to 2500 with the memory kept, 4400 to 4700 without (glibc 2.36, pages of 4 KiB).
const MOST: u64 = 3400;

#[test]
fn the_memory_of_an_invocation_is_kept_for_the_next_one() {
    let world = Shared::default();
    serve(&world);
    let batches = (0..BATCHES).map(|n| batch(n * RECORDS, RECORDS)).collect();
    world.lock().unwrap().events = batches;
    let url = world.lock().unwrap().url.clone();
    let mut program = Program::start(&url);
    let mut faults = (0..BATCHES).map(|_| {
        assert_eq!(program.document()["SFCaseCreated"], RECORDS);
        program.page_faults()
    });
    let first = faults.next().unwrap();
    let more = faults.last().unwrap() - first;
    assert!(more < MOST, "{more} more page faults");
}
