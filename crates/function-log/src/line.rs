//! A writer that turns each log event into exactly one line of bounded length.

use std::io::{self, Write};

/// The longest line in bytes, before its control characters are escaped.
pub const LINE_BYTES: usize = 16 * 1024;

/// Writes each buffer as one line. The `tracing` subscriber passes one event in one call of [`write`](Write::write).
#[derive(Debug)]
pub struct LineWriter<W> {
    inner: W,
}

impl<W: Write> LineWriter<W> {
    /// A writer of lines to `inner`.
    pub fn new(inner: W) -> Self {
        Self { inner }
    }
}

impl<W: Write> Write for LineWriter<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.inner.write_all(&line(event))?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The line of an event, with its line feed.
fn line(event: &[u8]) -> Vec<u8> {
    let text = event.strip_suffix(b"\n").unwrap_or(event);
    let shown = text.get(..LINE_BYTES).unwrap_or(text);
    let mut line = Vec::with_capacity(shown.len() + 1);
    for &byte in shown {
        if byte.is_ascii_control() {
            line.extend(byte.escape_ascii());
        } else {
            line.push(byte);
        }
    }
    if shown.len() < text.len() {
        line.extend_from_slice(format!(".. ({} more bytes)", text.len() - shown.len()).as_bytes());
    }
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(event: &str) -> String {
        let mut out = Vec::new();
        LineWriter::new(&mut out)
            .write_all(event.as_bytes())
            .unwrap();
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn an_event_is_one_line() {
        assert_eq!(written("INFO done\n"), "INFO done\n");
        assert_eq!(
            written("WARN key=incoming/a\n{\"_aws\":{}}\r\u{b}\n"),
            "WARN key=incoming/a\\n{\"_aws\":{}}\\r\\x0b\n"
        );
        assert_eq!(written("no line feed"), "no line feed\n");
    }

    #[test]
    fn text_beyond_ascii_is_unchanged() {
        assert_eq!(written("key=incoming/März\n"), "key=incoming/März\n");
    }

    #[test]
    fn a_long_event_is_shortened() {
        let line = written(&"x".repeat(1_000_000));
        assert!(line.ends_with(".. (983616 more bytes)\n"));
        assert!(line.len() < LINE_BYTES + 100);
    }
}
