//! The pipeline from an uploaded file to its Cases against random faults, in simulated time.
//!
//! The real TT Producer puts the events of a file on a stream, and the real Case Creation reads them behind a simulated
//! event source mapping. Kinesis, Salesforce, the bucket and the other AWS services are stand-ins in the same process.
//! Some scripts stop the process at a random time, check the state then, and continue in another process. A failing
//! script is shrunk to a small one and printed. `TT_SIMULATIONS=5000 cargo test -p simulation` tries more scripts.

#[cfg(test)]
mod script;

#[cfg(test)]
mod stream;

#[cfg(test)]
mod producer;

#[cfg(test)]
mod delivery;

#[cfg(test)]
mod state;

#[cfg(test)]
mod run;

#[cfg(test)]
mod known;
