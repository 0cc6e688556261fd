//! The metrics over time as bars of characters: a picture becomes lines.

use crate::{
    picture::Picture,
    screen::{Look, Style},
    timeline::Timeline,
};

/// Lines that are not bars: heading, blank line and time axis.
const FRAME_ROWS: usize = 3;
const EIGHTHS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const EIGHTHS_ASCII: [&str; 9] = [" ", ".", ".", ":", ":", "|", "|", "#", "#"];

/// Draws one chart a metric, on one scale and one time axis, within `look.columns` and, where possible, `look.rows`.
pub fn lines(picture: &Picture, look: &Look) -> Vec<String> {
    Graph::new(picture, *look).lines()
}

/// Where everything goes.
struct Graph<'a> {
    picture: &'a Picture,
    look: Look,
    timeline: Timeline,
    sums: Vec<Vec<u64>>,
    highest: u64,
    /// Rows of bars in each chart.
    height: usize,
    /// Columns of the metric's name.
    name: usize,
    /// Columns of the number beside the axis.
    scale: usize,
    /// Columns of one bucket.
    bucket: usize,
}

impl<'a> Graph<'a> {
    fn new(picture: &'a Picture, look: Look) -> Self {
        let charts = picture.series.len().max(1);
        let height = (look.rows.saturating_sub(FRAME_ROWS) / charts)
            .saturating_sub(1)
            .clamp(1, 4);
        let name = picture
            .series
            .iter()
            .map(|series| series.name.chars().count())
            .max();
        let name = name.unwrap_or(0).min(look.columns / 2);
        let largest = picture
            .totals()
            .map(|(_, total)| total)
            .max()
            .unwrap_or(0)
            .max(1);
        // A sum of several periods may need more characters than a larger total: `99.9k`, `1.0M`.
        let scale = if largest < 10_000 {
            short(largest).len()
        } else {
            5
        };
        let room = look.columns.saturating_sub(2 + name + 1 + scale + 1).max(2);
        let (from, to) = picture.window();
        let timeline = Timeline::new(from, to, picture.period_seconds, room);
        let sums: Vec<Vec<u64>> = picture
            .series
            .iter()
            .map(|series| timeline.sums(series))
            .collect();
        let highest = sums.iter().flatten().copied().max().unwrap_or(0).max(1);
        let bucket = (room / timeline.buckets()).max(1);
        Self {
            picture,
            look,
            timeline,
            sums,
            highest,
            height,
            name,
            scale,
            bucket,
        }
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.heading(), String::new()];
        let last = self.sums.len().saturating_sub(1);
        for (index, ((name, total), sums)) in self.picture.totals().zip(&self.sums).enumerate() {
            let style = style(name, total);
            let mut labels = self.labels(name, total).into_iter();
            for row in 0..self.height {
                let label = labels.next().unwrap_or_else(|| " ".repeat(self.name));
                let scale = if row == 0 {
                    short(self.highest)
                } else {
                    String::new()
                };
                let axis = if row == 0 { ("┤", "+") } else { ("│", "|") };
                let bars = self.look.paint(style, self.bars(sums, row).trim_end());
                lines.push(self.line(&label, &scale, axis, &bars));
            }
            let label = labels.next().unwrap_or_else(|| " ".repeat(self.name));
            let base = self.look.paint(Style::Dim, &self.base(index == last));
            lines.push(self.line(&label, "", ("└", "+"), &base));
        }
        lines.push(self.times());
        lines
    }

    fn heading(&self) -> String {
        let left: String = self
            .picture
            .namespace
            .chars()
            .take(self.look.columns / 2)
            .collect();
        let right = format!("sum per {}, {}", self.timeline.step(), self.timeline.date());
        let used = 2 + left.chars().count();
        let gap = self.look.columns.saturating_sub(used + right.len());
        let left = self.look.paint(Style::Bold, &left);
        if gap < 2 {
            return format!("  {left}");
        }
        format!(
            "  {left}{}{}",
            " ".repeat(gap),
            self.look.paint(Style::Dim, &right)
        )
    }

    /// The metric's name and below it its total, each padded to the same width.
    fn labels(&self, name: &str, total: u64) -> [String; 2] {
        let width = self.name;
        let name: String = name.chars().take(width).collect();
        let total_style = if total == 0 {
            Style::Dim
        } else {
            style(&name, total)
        };
        let exact = format!("{total} in total");
        let total = if exact.len() > width {
            format!("{} in total", short(total))
        } else {
            exact
        };
        let total = format!("{total:<width$}");
        [
            format!("{name:<width$}"),
            self.look.paint(total_style, &total),
        ]
    }

    fn line(&self, label: &str, scale: &str, axis: (&str, &str), rest: &str) -> String {
        let axis = self.look.paint(Style::Dim, self.look.glyph(axis.0, axis.1));
        let scale = self
            .look
            .paint(Style::Dim, &format!("{scale:>width$}", width = self.scale));
        format!("  {label} {scale}{axis}{rest}").trim_end().into()
    }

    /// One row of bars; row 0 is the highest.
    fn bars(&self, sums: &[u64], row: usize) -> String {
        let glyphs = if self.look.unicode {
            EIGHTHS
        } else {
            EIGHTHS_ASCII
        };
        let below = (self.height - 1 - row) * 8;
        // A gap between bars needs room for it.
        let gap = usize::from(self.bucket >= 3);
        let mut bars = String::new();
        for sum in sums {
            let filled = self.eighths(*sum).saturating_sub(below).min(8);
            let glyph = glyphs.get(filled).copied().unwrap_or(" ");
            bars.push_str(&glyph.repeat(self.bucket - gap));
            bars.push_str(&" ".repeat(gap));
        }
        bars
    }

    /// Height of a bar in eighths of a row; what is not zero is seen.
    fn eighths(&self, sum: u64) -> usize {
        let full = u64::try_from(self.height * 8).unwrap_or(u64::MAX);
        let eighths = sum.saturating_mul(full).div_ceil(self.highest).min(full);
        usize::try_from(eighths).unwrap_or(0)
    }

    fn base(&self, ticks: bool) -> String {
        let (line, tick) = (self.look.glyph("─", "-"), self.look.glyph("┬", "+"));
        (0..self.timeline.buckets() * self.bucket)
            .map(|column| {
                let is_tick = ticks && column.is_multiple_of(self.bucket * self.tick());
                if is_tick { tick } else { line }
            })
            .collect()
    }

    fn times(&self) -> String {
        let left = 2 + self.name + 1 + self.scale + 1;
        let mut line = " ".repeat(left);
        for bucket in (0..self.timeline.buckets()).step_by(self.tick()) {
            let clock = self.timeline.clock(bucket);
            let column = left + bucket * self.bucket;
            if column + clock.len() > self.look.columns {
                break;
            }
            line = format!("{line:<column$}{clock}");
        }
        self.look.paint(Style::Dim, &line)
    }

    /// Buckets between two labels of the time axis.
    fn tick(&self) -> usize {
        let label = self.timeline.clock(0).len() + 3;
        let buckets = label.div_ceil(self.bucket);
        // Round numbers read better than just enough.
        [1, 2, 5, 10, 15, 20, 30]
            .into_iter()
            .find(|nice| *nice >= buckets)
            .unwrap_or(buckets)
    }
}

fn style(name: &str, total: u64) -> Style {
    match (name.ends_with("Failed"), name.ends_with("Received")) {
        (true, _) if total > 0 => Style::Red,
        (_, true) => Style::Blue,
        _ => Style::Green,
    }
}

/// At most five characters: `9999`, `12.3k`, `1.2M`.
fn short(number: u64) -> String {
    let (unit, name) = match number {
        0..10_000 => return number.to_string(),
        10_000..1_000_000 => (1_000, "k"),
        1_000_000..1_000_000_000 => (1_000_000, "M"),
        _ => (1_000_000_000, "G"),
    };
    let tenths = number / (unit / 10);
    match tenths {
        0..1000 => format!("{}.{}{name}", tenths / 10, tenths % 10),
        1000..10_000 => format!("{}{name}", tenths / 10),
        _ => format!(">999{name}"),
    }
}

#[cfg(test)]
mod tests;
