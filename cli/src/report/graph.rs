//! The graph for the terminal: the metrics over time as bars of characters.

use tt_metrics::catalogue::Meaning;

use super::{
    metrics::{Series, Statistic},
    number::short,
    summary::Summary,
    timeline::Timeline,
};
use crate::terminal::screen::{Style, Terminal};

/// Lines without bars: heading, blank line and time axis.
const FRAME_ROWS: usize = 3;
const EIGHTHS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const EIGHTHS_ASCII: [&str; 9] = [" ", ".", ".", ":", ":", "|", "|", "#", "#"];

/// Draws one chart for each metric, on one scale for each unit and on one time axis, within the columns and if possible the rows of the
/// terminal.
pub fn lines(summary: &Summary, terminal: &Terminal) -> Vec<String> {
    Graph::new(summary, *terminal).lines()
}

/// The layout of the graph.
struct Graph<'a> {
    summary: &'a Summary,
    terminal: Terminal,
    timeline: Timeline,
    sums: Vec<Vec<u64>>,
    /// The top of the scale of each series: series of one unit have the same.
    highest: Vec<u64>,
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
    fn new(summary: &'a Summary, terminal: Terminal) -> Self {
        let charts = summary.series.len().max(1);
        let height = (terminal.rows.saturating_sub(FRAME_ROWS) / charts)
            .saturating_sub(1)
            .clamp(1, 4);
        let name = summary
            .series
            .iter()
            .map(|series| series.metric.label().chars().count())
            .max();
        let name = name.unwrap_or(0).min(terminal.columns / 2);
        let largest = summary
            .series
            .iter()
            .map(Series::total)
            .max()
            .unwrap_or(0)
            .max(1);
        // A smaller number may be wider: `99.9k`, `1.0M`.
        let scale = if largest < 10_000 {
            short(largest).len()
        } else {
            5
        };
        let room = terminal
            .columns
            .saturating_sub(2 + name + 1 + scale + 1)
            .max(2);
        let (from, to) = summary.window();
        let timeline = Timeline::new(from, to, summary.period_seconds, room);
        let sums: Vec<Vec<u64>> = summary
            .series
            .iter()
            .map(|series| timeline.sums(series))
            .collect();
        let highest = highest(summary, &sums);
        let bucket = (room / timeline.buckets()).max(1);
        Self {
            summary,
            terminal,
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
        for (index, (series, sums)) in self.summary.series.iter().zip(&self.sums).enumerate() {
            let style = style(series);
            let mut labels = self.labels(series).into_iter();
            for row in 0..self.height {
                let label = labels.next().unwrap_or_else(|| " ".repeat(self.name));
                let top = self.highest.get(index).copied().unwrap_or(1);
                let scale = if row == 0 { short(top) } else { String::new() };
                let axis = if row == 0 { ("┤", "+") } else { ("│", "|") };
                let bars = self
                    .terminal
                    .paint(style, self.bars(sums, row, top).trim_end());
                lines.push(self.line(&label, &scale, axis, &bars));
            }
            let label = labels.next().unwrap_or_else(|| " ".repeat(self.name));
            let base = self.terminal.paint(Style::Dim, &self.base(index == last));
            lines.push(self.line(&label, "", ("└", "+"), &base));
        }
        lines.push(self.times());
        lines
    }

    fn heading(&self) -> String {
        let left: String = self
            .summary
            .namespace
            .chars()
            .take(self.terminal.columns / 2)
            .collect();
        let kind = if self
            .summary
            .series
            .iter()
            .any(|series| series.metric.statistic != Statistic::Sum)
        {
            "sum or maximum"
        } else {
            "sum"
        };
        let right = format!(
            "{kind} per {}, {}",
            self.timeline.step(),
            self.timeline.date()
        );
        let used = 2 + left.chars().count();
        let gap = self.terminal.columns.saturating_sub(used + right.len());
        let left = self.terminal.paint(Style::Bold, &left);
        if gap < 2 {
            return format!("  {left}");
        }
        format!(
            "  {left}{}{}",
            " ".repeat(gap),
            self.terminal.paint(Style::Dim, &right)
        )
    }

    /// The metric's name and its total, padded to the same width.
    fn labels(&self, series: &Series) -> [String; 2] {
        let (width, total) = (self.name, series.total());
        let name: String = series.metric.label().chars().take(width).collect();
        let total_style = if total == 0 {
            Style::Dim
        } else {
            style(series)
        };
        let words = match series.metric.statistic {
            Statistic::Sum => "in total",
            Statistic::Maximum => "at most",
        };
        let exact = format!("{total} {words}");
        let total = if exact.len() > width {
            format!("{} {words}", short(total))
        } else {
            exact
        };
        let total = format!("{total:<width$}");
        [
            format!("{name:<width$}"),
            self.terminal.paint(total_style, &total),
        ]
    }

    fn line(&self, label: &str, scale: &str, axis: (&str, &str), rest: &str) -> String {
        let axis = self
            .terminal
            .paint(Style::Dim, self.terminal.glyph(axis.0, axis.1));
        let scale = self
            .terminal
            .paint(Style::Dim, &format!("{scale:>width$}", width = self.scale));
        format!("  {label} {scale}{axis}{rest}").trim_end().into()
    }

    /// One row of bars; row 0 is the top.
    fn bars(&self, sums: &[u64], row: usize, top: u64) -> String {
        let glyphs = if self.terminal.unicode {
            EIGHTHS
        } else {
            EIGHTHS_ASCII
        };
        let below = (self.height - 1 - row) * 8;
        // Narrow bars have no gap between them.
        let gap = usize::from(self.bucket >= 3);
        let mut bars = String::new();
        for sum in sums {
            let filled = self.eighths(*sum, top).saturating_sub(below).min(8);
            let glyph = glyphs.get(filled).copied().unwrap_or(" ");
            bars.push_str(&glyph.repeat(self.bucket - gap));
            bars.push_str(&" ".repeat(gap));
        }
        bars
    }

    /// Height of a bar in eighths of a row, at least 1 unless the sum is zero.
    fn eighths(&self, sum: u64, top: u64) -> usize {
        let full = u64::try_from(self.height * 8).unwrap_or(u64::MAX);
        let eighths = sum.saturating_mul(full).div_ceil(top).min(full);
        usize::try_from(eighths).unwrap_or(0)
    }

    fn base(&self, ticks: bool) -> String {
        let (line, tick) = (self.terminal.glyph("─", "-"), self.terminal.glyph("┬", "+"));
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
            if column + clock.len() > self.terminal.columns {
                break;
            }
            line = format!("{line:<column$}{clock}");
        }
        self.terminal.paint(Style::Dim, &line)
    }

    /// Buckets between two labels of the time axis.
    fn tick(&self) -> usize {
        let label = self.timeline.clock(0).len() + 3;
        let buckets = label.div_ceil(self.bucket);
        [1, 2, 5, 10, 15, 20, 30]
            .into_iter()
            .find(|nice| *nice >= buckets)
            .unwrap_or(buckets)
    }
}

/// The largest value of all series with the same unit and statistic, at least 1.
pub(super) fn highest(summary: &Summary, values: &[Vec<u64>]) -> Vec<u64> {
    let scale = |series: &Series| (series.metric.unit.clone(), series.metric.statistic);
    let of_series = |one: &Series| {
        let pairs = summary.series.iter().zip(values);
        let same = pairs.filter(|(other, _)| scale(other) == scale(one));
        same.flat_map(|(_, values)| values)
            .copied()
            .max()
            .unwrap_or(0)
            .max(1)
    };
    summary.series.iter().map(of_series).collect()
}

fn style(series: &Series) -> Style {
    match series.metric.meaning {
        Meaning::Failure if series.total() > 0 => Style::Red,
        Meaning::Calls => Style::Blue,
        _ => Style::Green,
    }
}

#[cfg(test)]
mod tests;
