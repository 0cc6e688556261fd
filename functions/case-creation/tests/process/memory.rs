//! What becomes of the memory of an invocation.

use crate::program::{Program, Shared, batch, serve};

/// As many as a batch may have.
const RECORDS: u64 = 10_000;

#[test]
fn the_memory_of_an_invocation_is_kept_for_the_next_one() {
    let world = Shared::default();
    serve(&world);
    let batches = (0..4).map(|n| batch(n * RECORDS, RECORDS)).collect();
    world.lock().unwrap().events = batches;
    let url = world.lock().unwrap().url.clone();
    let mut program = Program::start(&url);
    let faults = [(); 4].map(|()| {
        assert_eq!(program.document()["SFCaseCreated"], RECORDS);
        program.page_faults()
    });
    // The second one also remembers the Cases of the first; from then on there is enough of all.
    let [.., second, _, fourth] = faults;
    assert!(fourth - second < 200, "{faults:?}");
}
