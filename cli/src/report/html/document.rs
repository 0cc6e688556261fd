//! The HTML document of a report: a chart for each metric, the table, and how the numbers were read.

use std::{fmt::Write, time::SystemTime};

use jiff::Timestamp;

use tt_metrics::catalogue::Meaning;

use super::{
    chart::{self, Chart},
    escape::escape,
};
use crate::report::{
    balance::{self, CREATED, RECEIVED, UNCREATED, UNPUBLISHED},
    summary::Summary,
    timeline::Timeline,
};

const CSS: &str = include_str!("report.css");
const LIVE: &str = include_str!("live.js");

/// The document as a file, without scripts and external resources.
pub fn file(summary: &Summary) -> String {
    let end = "Written by <code>cargo tt demo</code>. This file has no external resources.";
    page(&headline(summary), &body(summary), end, "")
}

/// The document of the running demo; `None` before the first reading.
pub fn live(summary: Option<&Summary>) -> String {
    let script = format!("<script>{LIVE}</script>");
    let state = "<span id=\"state\" role=\"status\"></span>";
    match summary {
        Some(summary) => page(&headline(summary), &body(summary), state, &script),
        None => page("The demo is starting", &empty_body(), state, &script),
    }
}

/// The content of `<main>`, which the live page replaces when the numbers change.
pub fn body(summary: &Summary) -> String {
    let (from, to) = summary.window();
    let timeline = Timeline::new(from, to, summary.period_seconds, chart::MAX_BARS);
    let namespace = escape(&summary.namespace);
    format!(
        "<p class=\"over\">CloudWatch namespace <code>{namespace}</code></p><h1>{}</h1>\
         <p class=\"under\">Sums per {}, {}. All charts have the same scale and time axis.</p>\
         {}<h2>Sums</h2>{}<h2>How it was read</h2>{}",
        escape(&headline(summary)),
        timeline.step(),
        timeline.date(),
        charts(summary, &timeline),
        table(summary),
        provenance(summary),
    )
}

/// The content of `<main>` before the first reading.
pub fn empty_body() -> String {
    "<h1>The demo is starting</h1><p class=\"under\">The charts appear here after the \
     first upload.</p>"
        .into()
}

fn page(title: &str, body: &str, end: &str, script: &str) -> String {
    // With this policy the browser refuses external resources.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:";
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <title>{}</title>\n<style>\n{CSS}</style>\n</head>\n<body>\n<main>{body}</main>\n\
         <footer>{end}</footer>\n{script}</body>\n</html>\n",
        escape(title)
    )
}

fn headline(summary: &Summary) -> String {
    let total = |name| balance::total(&summary.series, name);
    let (received, created) = (total(RECEIVED), total(CREATED));
    let mut text = format!(
        "{received} {}, {created} {}",
        plural(received, "record"),
        plural(created, "Case")
    );
    if total(UNPUBLISHED) > 0 {
        let _infallible = write!(text, ", {} not published", total(UNPUBLISHED));
    }
    if total(UNCREATED) > 0 {
        let _infallible = write!(text, ", {} without a Case", total(UNCREATED));
    }
    text
}

fn plural(number: u64, noun: &str) -> String {
    if number == 1 {
        noun.into()
    } else {
        format!("{noun}s")
    }
}

fn charts(summary: &Summary, timeline: &Timeline) -> String {
    let sums: Vec<Vec<u64>> = summary
        .series
        .iter()
        .map(|series| timeline.sums(series))
        .collect();
    let top = chart::scale(sums.iter().flatten().copied().max().unwrap_or(0));
    let mut html = String::from("<div class=\"charts\">");
    for (series, sums) in summary.series.iter().zip(&sums) {
        let (metric, total) = (series.metric, series.total());
        let svg = Chart {
            name: metric.name,
            sums,
            timeline,
            top,
        }
        .svg();
        let none = if total == 0 { " none" } else { "" };
        let _infallible = write!(
            html,
            "<figure class=\"chart {}{none}\"><figcaption><div class=\"name\">{}</div>\
             <div class=\"total\">{total}</div><div class=\"meaning\">{}</div></figcaption>\
             <div class=\"plot\">{svg}</div></figure>",
            class(metric.meaning),
            escape(metric.name),
            escape(&metric.description()),
        );
    }
    html.push_str("</div>");
    html
}

fn table(summary: &Summary) -> String {
    let mut html = String::from(
        "<table><thead><tr><th scope=\"col\">metric</th><th scope=\"col\" class=\"sum\">sum</th>\
         <th scope=\"col\">unit</th><th scope=\"col\">counts</th></tr></thead><tbody>",
    );
    for series in &summary.series {
        let metric = series.metric;
        let _infallible = write!(
            html,
            "<tr><th scope=\"row\">{}</th><td class=\"sum\">{}</td><td>{}</td><td>{}</td></tr>",
            escape(metric.name),
            series.total(),
            escape(metric.unit),
            escape(&metric.description())
        );
    }
    html.push_str("</tbody></table><ul class=\"checks\">");
    for equation in balance::equations(&summary.series, summary.cases) {
        let (class, word) = if equation.holds {
            ("yes", "holds")
        } else {
            ("no", "open")
        };
        let _infallible = write!(
            html,
            "<li class=\"{class}\"><b>{word}</b> {}</li>",
            escape(&equation.text)
        );
    }
    html.push_str("</ul>");
    html
}

fn provenance(summary: &Summary) -> String {
    let (namespace, endpoint) = (escape(&summary.namespace), escape(&summary.endpoint));
    let (from, read_at) = (instant(summary.from), instant(summary.read_at));
    let period = summary.period_seconds;
    let example = summary
        .series
        .first()
        .map_or("", |series| series.metric.name);
    format!(
        "<dl><dt>Call</dt><dd><code>GetMetricData</code>, statistic <code>Sum</code>, no dimensions</dd>\
         <dt>Namespace</dt><dd><code>{namespace}</code></dd>\
         <dt>Endpoint</dt><dd><code>{endpoint}</code></dd>\
         <dt>Period</dt><dd>{period} s</dd>\
         <dt>From</dt><dd>{from}</dd><dt>Read at</dt><dd>{read_at}</dd></dl>\
         <pre><code>aws cloudwatch get-metric-statistics --endpoint-url {endpoint} \\\n  \
         --namespace {namespace} --metric-name {} \\\n  \
         --statistics Sum --period 3600 --start-time {from} --end-time {read_at}</code></pre>",
        escape(example)
    )
}

fn instant(at: SystemTime) -> String {
    Timestamp::try_from(at)
        .unwrap_or_default()
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}

fn class(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Failure => "bad",
        Meaning::Calls => "received",
        _ => "good",
    }
}

#[cfg(test)]
mod tests {
    use super::{file, live};
    use crate::report::summary::tests::{five_records, summary};

    #[test]
    fn report_has_a_chart_and_a_sum_for_each_metric() {
        let html = file(&five_records());
        assert_eq!(html.matches("<svg").count(), 5);
        assert_eq!(html.matches("<td class=\"sum\">5</td>").count(), 3);
        assert_eq!(html.matches("<td class=\"sum\">0</td>").count(), 2);
        assert!(html.contains("<h1>5 records, 5 Cases</h1>"), "{html}");
    }

    #[test]
    fn report_has_no_external_references() {
        let html = file(&five_records());
        for reference in [
            "src=", "url(", "@import", "<script", "href=\"h", "<iframe", "//cdn",
        ] {
            assert!(!html.contains(reference), "{reference}");
        }
        assert!(html.contains("default-src 'none'"));
    }

    #[test]
    fn live_document_has_only_relative_references() {
        let html = live(None);
        assert!(
            !html.contains("http:") && !html.contains("https:"),
            "{html}"
        );
        assert!(html.contains("/metrics.json"));
    }

    #[test]
    fn texts_are_escaped() {
        let mut summary = five_records();
        summary.namespace = "<script>alert('1')</script>".into();
        summary.series[0].metric.name = "\"><img src=x>";
        summary.series[1].metric.doc = "<script>";
        let html = file(&summary);
        assert!(
            !html.contains("<script") && !html.contains("<img"),
            "{html}"
        );
    }

    #[test]
    fn headline_has_the_failures_and_broken_equations_are_marked() {
        let html = file(&summary([
            &[(1, 100.0)],
            &[(1, 93.0)],
            &[(1, 7.0)],
            &[(2, 80.0)],
            &[(2, 3.0)],
        ]));
        assert!(html.contains("100 records, 80 Cases, 7 not published, 3 without a Case"));
        let broken =
            "<li class=\"no\"><b>open</b> TTEventPublished 93 = SFCaseCreated 80 + SFCaseFailed 3";
        assert!(html.contains(broken));
        assert!(html.contains("<li class=\"yes\"><b>holds</b> S3RecordsReceived 100"));
    }

    #[test]
    fn report_describes_how_the_numbers_were_read() {
        let html = file(&five_records());
        for fact in [
            "GetMetricData",
            "pkyc/Salesforce",
            "http://127.0.0.1:4566",
            "2026-01-02T03:04:05Z",
        ] {
            assert!(html.contains(fact), "{fact}");
        }
    }
}
