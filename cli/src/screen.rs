//! The terminal: what it can show, and the only place that writes to it.

use std::{
    env,
    ffi::OsString,
    io::{self, IsTerminal, Write},
};

/// Width where nobody says how wide the terminal is.
const DEFAULT_COLUMNS: usize = 80;
/// Height where nobody says how high the terminal is.
const DEFAULT_ROWS: usize = 24;

/// What a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Columns that may be used.
    pub columns: usize,
    /// Rows that may be used.
    pub rows: usize,
    /// Whether block and line drawing characters arrive.
    pub unicode: bool,
    /// Whether colours are wanted.
    pub colour: bool,
    /// Whether a person watches, so that lines may be drawn again in place.
    pub interactive: bool,
}

/// How a piece of text stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Headings.
    Bold,
    /// What may be overlooked.
    Dim,
    /// Good news.
    Green,
    /// Bad news.
    Red,
    /// Neither.
    Blue,
}

impl Look {
    /// What standard output can show.
    pub fn of_stdout() -> Self {
        Self::detect(io::stdout().is_terminal(), |name| env::var_os(name))
    }

    /// What standard error can show.
    pub fn of_stderr() -> Self {
        Self::detect(io::stderr().is_terminal(), |name| env::var_os(name))
    }

    fn detect(terminal: bool, var: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| var(name).filter(|value| !value.is_empty());
        let number = |name: &str| set(name)?.to_str()?.parse().ok();
        let size = if terminal {
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
        // The first of these that is set decides, as in setlocale(3).
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
            colour: terminal && !dumb && set("NO_COLOR").is_none(),
            interactive: terminal && !dumb,
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

    /// `fancy` where it can be shown, else `plain`.
    pub fn glyph<'a>(&self, fancy: &'a str, plain: &'a str) -> &'a str {
        if self.unicode { fancy } else { plain }
    }
}

/// Writes results to standard output; a reader that went away is no error.
pub fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _gone = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes lines of results to standard output.
pub fn print_lines(lines: &[String]) {
    let mut text = lines.join("\n");
    text.push('\n');
    print(&text);
}

/// Writes progress and errors to standard error.
pub fn tell(text: &str) {
    let mut err = io::stderr().lock();
    let _gone = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{Look, Style};

    fn look(terminal: bool, vars: &[(&str, &str)]) -> Look {
        Look::detect(terminal, |name| {
            let var = vars.iter().find(|(other, _)| *other == name);
            var.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn unicode_needs_a_utf_8_locale() {
        assert!(look(false, &[("LANG", "en_US.UTF-8")]).unicode);
        assert!(look(false, &[("LC_CTYPE", "C.utf8")]).unicode);
        assert!(!look(false, &[("LC_ALL", "C"), ("LANG", "en_US.UTF-8")]).unicode);
        assert!(look(false, &[("LC_ALL", ""), ("LANG", "en_US.UTF-8")]).unicode);
        assert!(!look(false, &[]).unicode);
    }

    #[test]
    fn colour_is_for_terminals_that_want_it() {
        assert!(look(true, &[]).colour);
        assert!(!look(false, &[]).colour);
        assert!(!look(true, &[("NO_COLOR", "1")]).colour);
        assert!(look(true, &[("NO_COLOR", "")]).colour);
        assert!(!look(true, &[("TERM", "dumb")]).colour);
    }

    #[test]
    fn a_pipe_has_the_width_that_the_environment_says() {
        assert_eq!(look(false, &[("COLUMNS", "132")]).columns, 132);
        assert_eq!(look(false, &[("COLUMNS", "wide")]).columns, 80);
        assert_eq!(look(false, &[("COLUMNS", "3")]).columns, 40);
    }

    #[test]
    fn paint_changes_nothing_without_colour() {
        assert_eq!(look(false, &[]).paint(Style::Red, "x"), "x");
        assert_eq!(
            look(true, &[]).paint(Style::Red, "x"),
            "\u{1b}[31mx\u{1b}[0m"
        );
    }
}
