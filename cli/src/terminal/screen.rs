//! The capabilities of the terminal, and output to it.

use std::{
    env,
    ffi::OsString,
    io::{self, IsTerminal, Write},
};

/// Width of a terminal that does not report it.
const DEFAULT_COLUMNS: usize = 80;
/// Height of a terminal that does not report it.
const DEFAULT_ROWS: usize = 24;

/// The capabilities of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// Columns that may be used.
    pub columns: usize,
    /// Rows that may be used.
    pub rows: usize,
    /// Whether it displays block and line drawing characters.
    pub unicode: bool,
    /// Whether text is coloured.
    pub colour: bool,
    /// Whether lines can be redrawn in place.
    pub interactive: bool,
}

/// How a text is emphasised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Headings.
    Bold,
    /// Less important text.
    Dim,
    /// Success.
    Green,
    /// Failure.
    Red,
    /// Neutral information.
    Blue,
}

impl Terminal {
    /// The capabilities of standard output.
    pub fn of_stdout() -> Self {
        Self::detect(io::stdout().is_terminal(), |name| env::var_os(name))
    }

    /// The capabilities of standard error.
    pub fn of_stderr() -> Self {
        Self::detect(io::stderr().is_terminal(), |name| env::var_os(name))
    }

    fn detect(is_terminal: bool, var: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| var(name).filter(|value| !value.is_empty());
        let number = |name: &str| set(name)?.to_str()?.parse().ok();
        let size = if is_terminal {
            crossterm::terminal::size().ok()
        } else {
            None
        };
        let (columns, rows) = size
            .filter(|(columns, rows)| *columns > 0 && *rows > 0)
            .map_or_else(
                || (number("COLUMNS").unwrap_or(DEFAULT_COLUMNS), DEFAULT_ROWS),
                |(columns, rows)| (usize::from(columns), usize::from(rows)),
            );
        // The first one that is set is used, as in setlocale(3).
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
        let locale = locale
            .unwrap_or_default()
            .to_string_lossy()
            .to_ascii_lowercase();
        let dumb = set("TERM").is_some_and(|term| term == "dumb");
        Self {
            columns: columns.max(40),
            rows,
            unicode: locale.contains("utf-8") || locale.contains("utf8"),
            colour: is_terminal && !dumb && set("NO_COLOR").is_none(),
            interactive: is_terminal && !dumb,
        }
    }

    /// The text in this style, or as it is without colours.
    pub fn paint(&self, style: Style, text: &str) -> String {
        let code = match style {
            Style::Bold => "1",
            Style::Dim => "2",
            Style::Green => "32",
            Style::Red => "31",
            Style::Blue => "34",
        };
        if self.colour && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.into()
        }
    }

    /// `unicode` if the terminal displays it, else `ascii`.
    pub fn glyph<'a>(&self, unicode: &'a str, ascii: &'a str) -> &'a str {
        if self.unicode { unicode } else { ascii }
    }
}

/// Writes results to standard output; a closed pipe is ignored.
pub fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _closed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes lines of results to standard output.
pub fn print_lines(lines: &[String]) {
    let mut text = lines.join("\n");
    text.push('\n');
    print(&text);
}

/// Writes progress and errors to standard error.
pub fn print_status(text: &str) {
    let mut err = io::stderr().lock();
    let _closed = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{Style, Terminal};

    fn detect(is_terminal: bool, vars: &[(&str, &str)]) -> Terminal {
        Terminal::detect(is_terminal, |name| {
            let var = vars.iter().find(|(other, _)| *other == name);
            var.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn unicode_requires_a_utf_8_locale() {
        assert!(detect(false, &[("LANG", "en_US.UTF-8")]).unicode);
        assert!(detect(false, &[("LC_CTYPE", "C.utf8")]).unicode);
        assert!(!detect(false, &[("LC_ALL", "C"), ("LANG", "en_US.UTF-8")]).unicode);
        assert!(detect(false, &[("LC_ALL", ""), ("LANG", "en_US.UTF-8")]).unicode);
        assert!(!detect(false, &[]).unicode);
    }

    #[test]
    fn colour_requires_a_terminal_that_supports_it() {
        assert!(detect(true, &[]).colour);
        assert!(!detect(false, &[]).colour);
        assert!(!detect(true, &[("NO_COLOR", "1")]).colour);
        assert!(detect(true, &[("NO_COLOR", "")]).colour);
        assert!(!detect(true, &[("TERM", "dumb")]).colour);
    }

    #[test]
    fn width_of_a_pipe_is_that_of_the_environment() {
        assert_eq!(detect(false, &[("COLUMNS", "132")]).columns, 132);
        assert_eq!(detect(false, &[("COLUMNS", "wide")]).columns, 80);
        assert_eq!(detect(false, &[("COLUMNS", "3")]).columns, 40);
    }

    #[test]
    fn text_without_colour_is_unchanged() {
        assert_eq!(detect(false, &[]).paint(Style::Red, "x"), "x");
        assert_eq!(
            detect(true, &[]).paint(Style::Red, "x"),
            "\u{1b}[31mx\u{1b}[0m"
        );
    }
}
