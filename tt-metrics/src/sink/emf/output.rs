//! Where lines are written.

use std::io;

/// Writes past the buffer of standard output, under its lock: what the program has printed of a line it has not ended
/// stays in that buffer, and both lines come out whole.
#[cfg(unix)]
pub(super) fn put_out(lines: &[u8]) -> io::Result<()> {
    use std::{fs::File, io::Write, os::fd::AsFd};
    #[cfg(test)]
    if let Some(taken) = tests::take(lines) {
        return taken;
    }
    let stdout = io::stdout().lock();
    let output = stdout.as_fd().try_clone_to_owned()?;
    File::from(output).write_all(lines)
}

#[cfg(not(unix))]
pub(super) fn put_out(lines: &[u8]) -> io::Result<()> {
    use std::io::Write;
    let mut stdout = io::stdout().lock();
    stdout.write_all(lines)?;
    stdout.flush()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{cell::RefCell, io};

    type Output = Box<dyn Fn(&[u8]) -> io::Result<()>>;

    thread_local! {
        static OUTPUT: RefCell<Option<Output>> = const { RefCell::new(None) };
    }

    /// Hands what this thread writes from now on to a test, in place of standard output.
    pub(crate) fn replace_output(output: impl Fn(&[u8]) -> io::Result<()> + 'static) {
        OUTPUT.set(Some(Box::new(output)));
    }

    pub(super) fn take(lines: &[u8]) -> Option<io::Result<()>> {
        OUTPUT.with_borrow(|output| output.as_ref().map(|output| output(lines)))
    }
}
