//! Stand-ins for the services that the crate talks to.

pub(crate) mod kinesis;
pub(crate) mod limited;
