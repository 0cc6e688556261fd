//! Lines on the screen that are redrawn in place.

use super::screen::{self, Terminal};

/// The number of lines on the screen, and the terminal for which they were made.
#[derive(Debug, Default)]
pub struct Drawn(Option<(usize, Terminal)>);

impl Drawn {
    /// Writes lines below the cursor.
    pub fn draw(&mut self, lines: &[String], terminal: Terminal) {
        self.0 = Some((lines.len(), terminal));
        screen::print_lines(lines);
    }

    /// Replaces the lines that were drawn last.
    pub fn redraw(&mut self, lines: &[String], terminal: Terminal) {
        screen::print(&self.erase(terminal));
        self.draw(lines, terminal);
    }

    /// The control sequence that removes the lines.
    fn erase(&self, terminal: Terminal) -> String {
        match self.0 {
            // The cursor is below the lines.
            Some((lines, drawn_on)) if drawn_on == terminal => format!("\x1b[{lines}A\r\x1b[J"),
            // A terminal whose size changed has wrapped the lines: clear the screen.
            _ => "\x1b[2J\x1b[H".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Drawn;
    use crate::terminal::screen::Terminal;

    #[test]
    fn screen_is_cleared_when_its_size_changed() {
        let terminal = Terminal {
            columns: 80,
            rows: 24,
            unicode: true,
            colour: true,
            interactive: true,
        };
        let drawn = Drawn(Some((7, terminal)));
        assert_eq!(drawn.erase(terminal), "\x1b[7A\r\x1b[J");
        let wider = Terminal {
            columns: 90,
            ..terminal
        };
        assert_eq!(drawn.erase(wider), "\x1b[2J\x1b[H");
    }
}
