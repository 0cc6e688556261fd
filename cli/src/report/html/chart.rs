//! One metric over time as an inline SVG: bars with a time axis.

use std::fmt::Write;

use super::escape::escape;
use crate::report::{
    number::{grouped, short},
    timeline::Timeline,
};

const WIDTH: usize = 720;
const HEIGHT: usize = 128;
const LEFT: usize = 46;
const RIGHT: usize = 12;
const TOP: usize = 18;
const BOTTOM: usize = 24;
/// Height of the lowest bar that is not zero, so that one failure among a million is visible.
const LOWEST: usize = 3;
/// The most bars; more would be thinner than the gaps between them.
pub(super) const MAX_BARS: usize = 110;

/// The content of a chart.
#[derive(Debug)]
pub(super) struct Chart<'a> {
    /// Metric name.
    pub(super) name: &'a str,
    /// One sum for each bucket of the timeline.
    pub(super) sums: &'a [u64],
    /// The time axis.
    pub(super) timeline: &'a Timeline,
    /// Upper end of the scale, from [`scale`].
    pub(super) top: u64,
}

/// The end of a scale for values up to `highest`: a round number, at least 1, and less than twice `highest`.
pub(super) fn scale(highest: u64) -> u64 {
    if highest <= 10 {
        return highest.max(1);
    }
    let mut power: u64 = 1;
    loop {
        let round = [10, 15, 20, 25, 30, 40, 50, 60, 80].map(|factor| power.saturating_mul(factor));
        if let Some(round) = round.into_iter().find(|round| *round >= highest) {
            return round;
        }
        power = power.saturating_mul(10);
    }
}

/// A label that fits beside the axis.
fn axis_label(value: u64) -> String {
    match value {
        0..100_000 => grouped(value),
        _ => short(value),
    }
}

impl Chart<'_> {
    /// The `<svg>` element, with a description for screen readers.
    pub(super) fn svg(&self) -> String {
        let (name, total) = (escape(self.name), self.sums.iter().sum::<u64>());
        let (first, last) = (self.timeline.clock(0), self.timeline.clock(self.sums.len()));
        let step = self.timeline.step();
        let mut svg = format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{name} over time: \
             {total} from {first} to {last} UTC, one bar per {step}\">"
        );
        self.grid(&mut svg);
        self.bars(&mut svg);
        self.times(&mut svg);
        svg.push_str("</svg>");
        svg
    }

    fn grid(&self, svg: &mut String) {
        let (right, label) = (WIDTH - RIGHT, LEFT - 8);
        let half = (self.top > 1 && self.top.is_multiple_of(2)).then_some(self.top / 2);
        for value in [Some(0), half, Some(self.top)].into_iter().flatten() {
            let y = HEIGHT - BOTTOM - self.pixels(value);
            let class = if value == 0 { "base" } else { "grid" };
            let text = y + 4;
            let _infallible = write!(
                svg,
                "<path class=\"{class}\" d=\"M{LEFT} {y}H{right}\"/>\
                 <text x=\"{label}\" y=\"{text}\" text-anchor=\"end\">{}</text>",
                axis_label(value)
            );
        }
    }

    fn bars(&self, svg: &mut String) {
        let peak = self.sums.iter().copied().max().unwrap_or(0);
        let mut labelled = false;
        for (index, sum) in self
            .sums
            .iter()
            .copied()
            .enumerate()
            .filter(|(_, sum)| *sum > 0)
        {
            let (x, next) = (self.x(index), self.x(index + 1));
            // A fifth is the gap to the next bar. A single bar is not wider than 26 pixels.
            let width = ((next - x) * 4 / 5).clamp(2, 26);
            let height = self.pixels(sum).max(LOWEST);
            let y = HEIGHT - BOTTOM - height;
            let clock = self.timeline.moment(index);
            let value = grouped(sum);
            let _infallible = write!(
                svg,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"1.5\">\
                 <title>{clock} UTC: {value}</title></rect>"
            );
            if sum == peak && !labelled {
                labelled = true;
                let (middle, above) = (x + width / 2, y - 4);
                let anchor = if middle + 50 > WIDTH { "end" } else { "middle" };
                let _infallible = write!(
                    svg,
                    "<text class=\"peak\" x=\"{middle}\" y=\"{above}\" text-anchor=\"{anchor}\">{value}</text>"
                );
            }
        }
    }

    fn times(&self, svg: &mut String) {
        let every = self.sums.len().div_ceil(7).max(1);
        let (tick, text) = (HEIGHT - BOTTOM, HEIGHT - 7);
        for (number, index) in (0..self.sums.len()).step_by(every).enumerate() {
            let (x, end, clock) = (self.x(index), tick + 4, self.timeline.clock(index));
            let anchor = if x + 120 > WIDTH { "end" } else { "start" };
            // A narrow page has room for every third label, whose text is larger.
            let class = if number.is_multiple_of(3) {
                "time"
            } else {
                "time wide"
            };
            let _infallible = write!(
                svg,
                "<path class=\"base\" d=\"M{x} {tick}V{end}\"/>\
                 <text class=\"{class}\" x=\"{x}\" y=\"{text}\" text-anchor=\"{anchor}\">{clock}</text>"
            );
        }
    }

    fn x(&self, index: usize) -> usize {
        LEFT + index * (WIDTH - LEFT - RIGHT) / self.sums.len().max(1)
    }

    fn pixels(&self, value: u64) -> usize {
        let full = HEIGHT - TOP - BOTTOM;
        let full_height = u64::try_from(full).unwrap_or(0);
        let pixels = value.saturating_mul(full_height) / self.top.max(1);
        usize::try_from(pixels).unwrap_or(full).min(full)
    }
}

#[cfg(test)]
mod tests {
    use super::{Chart, scale};
    use crate::report::{summary::tests::five_records, timeline::Timeline};

    fn svg(sums: &[u64]) -> String {
        let (from, to) = five_records().window();
        let timeline = Timeline::new(from, to, 1, 60);
        Chart {
            name: "S3RecordsReceived",
            sums,
            timeline: &timeline,
            top: 10,
        }
        .svg()
    }

    #[test]
    fn scale_ends_at_a_round_number() {
        let ends = [0, 1, 3, 5, 6, 93, 1001, u64::MAX].map(scale);
        assert_eq!(ends, [1, 1, 3, 5, 6, 100, 1500, u64::MAX]);
    }

    #[test]
    fn each_sum_above_zero_is_a_bar_with_time_and_value() {
        let svg = svg(&[0, 5, 0, 2]);
        assert_eq!(svg.matches("<rect").count(), 2);
        assert!(
            svg.contains("<title>2026-01-02 03:04:06 UTC: 5</title>"),
            "{svg}"
        );
        assert!(
            svg.contains("<title>2026-01-02 03:04:08 UTC: 2</title>"),
            "{svg}"
        );
    }

    #[test]
    fn only_the_first_of_the_highest_bars_has_a_number() {
        assert_eq!(svg(&[5, 1, 5]).matches("class=\"peak\"").count(), 1);
    }

    #[test]
    fn chart_has_a_description() {
        assert!(svg(&[5]).contains("aria-label=\"S3RecordsReceived over time: 5 from"));
    }
}
