//! The promises of the function from upload to stream, tested between S3, Kinesis and SQS with scripted faults.

#[cfg(test)]
mod attacks;
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
#[cfg(test)]
mod saved;
