//! The relay: the output of the program passes through a pipe of the process, so that the position in the line is known.
//!
//! A document must begin on a new line, also when the program or a child process has written text without a line feed. The
//! text of others in standard output cannot be read back, and a line feed before each document would leave empty lines in
//! the log. So standard output becomes the write end of a pipe. A thread forwards each byte to the original output, and a
//! document is written there after all bytes before it.
//!
//! Bytes that are still in the pipe when the process is killed, or calls `exit` or `abort`, are lost. The thread forwards
//! them within microseconds, and a flush, a signal, a panic that aborts and the end of `run` forward them at once.

use std::{
    io::{self, IsTerminal, PipeReader},
    os::{fd::AsFd, unix::fs::FileTypeExt},
    thread,
    time::{Duration, Instant},
};

use rustix::event::PollFlags;

use super::{
    OUTPUT, Output, locked,
    pipe::{Relay, unbuffered, wait},
    position::LinePosition,
};
use crate::count::sync::lock;

/// The time for which the thread of the relay waits for a full output before it lets a document time out.
const FORWARD_WAIT: Duration = Duration::from_millis(50);

/// Begins to relay standard output, unless it is a terminal or a device such as `/dev/null`.
///
/// The output is assumed to be at the beginning of a line: text that the program wrote before without a line feed
/// precedes the first document.
pub(crate) fn start() -> io::Result<()> {
    let original = unbuffered(&io::stdout())?;
    let kind = original.metadata()?.file_type();
    if original.is_terminal() || kind.is_char_device() {
        return Ok(());
    }
    let mut output = lock(&OUTPUT);
    if output.relay.is_some() {
        return Ok(());
    }
    let (pipe, program) = io::pipe()?;
    rustix::io::ioctl_fionbio(&pipe, true)?;
    let readable = pipe.try_clone()?;
    thread::Builder::new()
        .name("tt-metrics-stdout".to_owned())
        .spawn(move || forward_always(&readable))?;
    rustix::stdio::dup2_stdout(&program)?;
    output.relay = Some(Relay {
        pipe,
        original,
        unwritten: Vec::new(),
        is_ended: false,
    });
    output.position = LinePosition::EXCLUSIVE;
    Ok(())
}

/// Forwards what the program has written until now.
pub(crate) fn forward(until: Instant) {
    if let Ok(mut output) = locked(until) {
        let Output { relay, position } = &mut *output;
        if let Some(relay) = relay {
            let _full_or_closed = relay.forward(position, until);
        }
    }
}

/// Ends the relay: the program writes to the original output again.
pub(crate) fn stop(until: Instant) {
    forward(until);
    let mut output = lock(&OUTPUT);
    if let Some(mut relay) = output.relay.take() {
        // Other threads may have written to the pipe meanwhile.
        if rustix::stdio::dup2_stdout(&relay.original).is_ok() {
            let _full_or_closed = relay.forward(&mut output.position, until);
            output.position = LinePosition::SHARED;
        } else {
            output.relay = Some(relay);
        }
    }
}

/// Forwards what the program writes until the relay ends.
fn forward_always(readable: &PipeReader) {
    loop {
        wait(readable.as_fd(), PollFlags::IN, None);
        let mut output = lock(&OUTPUT);
        let Output { relay, position } = &mut *output;
        let Some(relay) = relay else {
            return;
        };
        let _full_or_closed = relay.forward(position, Instant::now() + FORWARD_WAIT);
        if relay.is_ended {
            return;
        }
    }
}
