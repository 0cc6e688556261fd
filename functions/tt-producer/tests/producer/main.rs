//! What the function promises, from upload to stream, between an S3 and a Kinesis that fail as told.

#[cfg(test)]
mod events;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod hops;
#[cfg(test)]
mod order;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod replay;
