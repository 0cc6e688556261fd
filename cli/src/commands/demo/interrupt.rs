//! Signals that interrupt the demo: Ctrl-C, SIGTERM, and SIGHUP when the terminal is closed.

use std::fs;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::commands::error::Error;

/// The signals that end the demo.
#[derive(Debug)]
pub(super) struct Interrupt {
    ctrl_c: Signal,
    terminate: Signal,
    /// `None` under `nohup`.
    hangup: Option<Signal>,
}

impl Interrupt {
    /// Installs the handlers. From then on these signals do not end the process.
    ///
    /// # Errors
    ///
    /// When the operating system refuses the handler.
    pub(super) fn listen() -> Result<Self, Error> {
        let listen = |kind| signal(kind).map_err(Error::Signals);
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let hangup = (!ignores_hangup(&status)).then(|| listen(SignalKind::hangup()));
        Ok(Self {
            ctrl_c: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: hangup.transpose()?,
        })
    }

    /// Waits for the next signal.
    ///
    /// # Cancel safety
    ///
    /// A signal that arrives between two calls is returned by the next one.
    pub(super) async fn wait(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.ctrl_c.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hangup => {}
        }
    }
}

/// Reads the mask of ignored signals, where SIGHUP, number 1, is the lowest bit (`proc_pid_status(5)`).
fn ignores_hangup(status: &str) -> bool {
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::ignores_hangup;

    #[test]
    fn nohup_is_visible_in_the_mask_of_ignored_signals() {
        let status = |mask: &str| format!("SigBlk:\t0000000000000001\nSigIgn:\t{mask}\n");
        assert!(ignores_hangup(&status("0000000000001001")));
        assert!(!ignores_hangup(&status("0000000000001006")));
        assert!(!ignores_hangup(""));
    }
}
