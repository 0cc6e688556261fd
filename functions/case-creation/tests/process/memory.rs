//! What becomes of the memory of an invocation.

use crate::program::{Program, Shared, batch, serve};

/// As many as a batch may have.
const RECORDS: u64 = 10_000;
/// After the sixth at the latest there is enough of all, the Cases that are remembered included.
const BATCHES: u64 = 8;
/// Page faults behind the first batch: 2100 to 2500 with the memory kept, 4400 to 4700 without (glibc 2.36, pages of 4 KiB).
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
