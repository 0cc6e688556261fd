//! The HTML document of a report: a chart for each metric, the table, and how the numbers were read.

use std::{borrow::Cow, fmt::Write, time::SystemTime};

use jiff::Timestamp;

use tt_metrics::catalogue::Meaning;

use super::{
    chart::{self, Chart},
    escape::{escape, percent_encode},
};
use crate::report::{
    balance::{self},
    failures::{Failures, Reason},
    graph,
    metrics::{Series, Statistic},
    number::grouped,
    summary::Summary,
    timeline::Timeline,
};

const CSS: &str = include_str!("report.css");
const LIVE: &str = include_str!("live.js");

/// Where the links to stored records lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Links {
    /// To the console of AWS; on the local stack there are none.
    Console,
    /// On the local stack to the live page, which reads the objects.
    LivePage,
}

/// The document as a file, without scripts and external resources.
pub fn file(summary: &Summary) -> String {
    let end = "Written by <code>cargo tt</code>. This file has no external resources.";
    page(
        &headline(summary),
        &body_with(summary, Links::Console),
        end,
        "",
    )
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
    body_with(summary, Links::LivePage)
}

fn body_with(summary: &Summary, links: Links) -> String {
    let (from, to) = summary.window();
    let timeline = Timeline::new(from, to, summary.period_seconds, chart::MAX_BARS);
    let namespace = escape(&summary.namespace);
    format!(
        "<p class=\"over\">CloudWatch namespace <code>{namespace}</code></p><h1>{}</h1>\
         <p class=\"under\">Per {}, {}. Charts of the same unit have the same scale, and all have the same time axis.</p>\
         {}{}{}{}<h2 id=\"sums\">Sums</h2>{}<h2 id=\"origin\">How it was read</h2>{}",
        escape(&headline(summary)),
        timeline.step(),
        timeline.date(),
        funnel(summary),
        balances(summary),
        charts(summary, &timeline),
        summary
            .failures
            .as_ref()
            .map_or(String::new(), |failures| failed(failures, summary, links)),
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
         <title>{}</title>\n<style>\n{CSS}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#sums\">Skip to the sums</a>\n<main>{body}</main>\n\
         <footer>{end}</footer>\n{script}</body>\n</html>\n",
        escape(title)
    )
}

/// The first and the last stage of the funnel in words, and the failures.
fn headline(summary: &Summary) -> String {
    let total = |name: &str| balance::total(&summary.series, name);
    let settings = &summary.funnel;
    let (Some(first), Some(last), Some(nouns)) = (
        settings.stages.first(),
        settings.stages.last(),
        &settings.nouns,
    ) else {
        let number = u64::try_from(summary.series.len()).unwrap_or(u64::MAX);
        return format!("{} of {}", plural(number, "metric"), summary.namespace);
    };
    let [unit, aim] = nouns;
    let mut text = format!(
        "{}, {}",
        plural(total(first), unit),
        plural(total(last), aim)
    );
    for series in &summary.series {
        let words = settings.failures.get(&*series.metric.name);
        if let Some(words) = words.filter(|_| series.total() > 0) {
            let _infallible = write!(text, ", {} {words}", grouped(series.total()));
        }
    }
    text
}

fn plural(number: u64, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", grouped(number))
}

/// One bar for each stage, as long as its share of the first one.
fn funnel(summary: &Summary) -> String {
    let series = |name: &String| summary.series.iter().find(|one| one.metric.name == **name);
    let stages: Vec<&Series> = summary.funnel.stages.iter().filter_map(series).collect();
    let (Some(first), true) = (stages.first(), stages.len() > 1) else {
        return String::new();
    };
    let whole = first.total();
    let mut html = String::from("<h2 id=\"funnel\">Funnel</h2><ol class=\"funnel\">");
    for stage in stages {
        let total = stage.total();
        // A replay can raise a later stage above the first one.
        let tenths = total.saturating_mul(1000).checked_div(whole).unwrap_or(0);
        let (percent, width) = (
            format!("{}.{} %", tenths / 10, tenths % 10),
            tenths.min(1000),
        );
        let share = if whole == 0 {
            String::new()
        } else {
            percent.replace(".0 %", " %")
        };
        let _infallible = write!(
            html,
            "<li><span class=\"stage\">{}</span><span class=\"amount\">{} <small>{share}</small></span>\
             <span class=\"bar {}\"><i style=\"width:{}.{}%\"></i></span></li>",
            escape(&stage.metric.name),
            grouped(total),
            class(stage.metric.meaning),
            width / 10,
            width % 10,
        );
    }
    html.push_str("</ol>");
    html
}

/// The balances in words, with their numbers.
fn balances(summary: &Summary) -> String {
    let equations = balance::equations(&summary.funnel, &summary.series, summary.cases);
    if equations.is_empty() {
        return String::new();
    }
    let mut html = String::from(
        "<h2 id=\"balances\">Does every record have an outcome?</h2><ul class=\"checks\">",
    );
    for equation in equations {
        let (class, word) = if equation.holds {
            ("yes", "holds")
        } else {
            ("no", "open")
        };
        let _infallible = write!(
            html,
            "<li class=\"{class}\"><b>{word}</b> {} <small>{}</small></li>",
            escape(&equation.words),
            escape(&equation.text)
        );
    }
    html.push_str("</ul>");
    html
}

fn charts(summary: &Summary, timeline: &Timeline) -> String {
    let values: Vec<Vec<u64>> = summary
        .series
        .iter()
        .map(|series| timeline.sums(series))
        .collect();
    let tops = graph::highest(summary, &values);
    let mut html = String::from("<h2 id=\"charts\">Over time</h2><div class=\"charts\">");
    for ((series, sums), top) in summary.series.iter().zip(&values).zip(tops) {
        let (metric, total) = (&series.metric, series.total());
        let label = metric.label();
        let svg = Chart {
            name: &label,
            sums,
            timeline,
            top: chart::scale(top),
        }
        .svg();
        let none = if total == 0 { " none" } else { "" };
        let _infallible = write!(
            html,
            "<figure class=\"chart {}{none}\"><figcaption><div class=\"name\">{}</div>\
             <div class=\"total\">{}</div><div class=\"meaning\">{}</div></figcaption>\
             <div class=\"plot\">{svg}{}</div></figure>",
            class(metric.meaning),
            escape(&label),
            grouped(total),
            escape(&metric.description()),
            values_of(&label, sums, timeline),
        );
    }
    html.push_str("</div>");
    html
}

/// The values of a chart as a table that opens, which needs neither a mouse nor a script.
fn values_of(label: &str, sums: &[u64], timeline: &Timeline) -> String {
    let label = escape(label);
    let mut rows = String::new();
    for (index, sum) in sums.iter().enumerate().filter(|(_, sum)| **sum > 0) {
        let (moment, sum) = (timeline.moment(index), grouped(*sum));
        let _infallible = write!(
            rows,
            "<tr><td>{moment}</td><td class=\"sum\">{sum}</td></tr>"
        );
    }
    if rows.is_empty() {
        return String::new();
    }
    format!(
        "<details data-key=\"values of {label}\"><summary>Values<span class=\"hidden\"> of {label}</span></summary>\
         <table><thead><tr><th scope=\"col\">from, UTC</th><th scope=\"col\" class=\"sum\">value</th></tr></thead>\
         <tbody>{rows}</tbody></table></details>"
    )
}

fn failed(failures: &Failures, summary: &Summary, links: Links) -> String {
    let mut html = String::from("<h2 id=\"failures\">Failed records by reason</h2>");
    if failures.reasons.is_empty() {
        html.push_str("<p>No failed record is stored.</p>");
        return html;
    }
    html.push_str(
        "<table class=\"failures\"><thead><tr><th scope=\"col\">reason</th><th scope=\"col\" class=\"sum\">records</th>\
         <th scope=\"col\">stored in</th></tr></thead><tbody>",
    );
    for Reason {
        text,
        records,
        keys,
    } in &failures.reasons
    {
        let objects: Vec<String> = keys
            .iter()
            .map(|key| object(text, key, failures, summary, links))
            .collect();
        let _infallible = write!(
            html,
            "<tr><th scope=\"row\">{}</th><td class=\"sum\">{}</td><td>{}</td></tr>",
            escape(text),
            grouped(*records),
            objects.join("<br>")
        );
    }
    html.push_str("</tbody></table>");
    if failures.unread > 0 {
        let _infallible = write!(
            html,
            "<p>{} older objects were not read.</p>",
            grouped(failures.unread as u64)
        );
    }
    html
}

/// A link to a stored object, or its address where no page shows it.
fn object(reason: &str, key: &str, failures: &Failures, summary: &Summary, links: Links) -> String {
    let name = escape(key);
    let (bucket, region) = (
        percent_encode(&failures.bucket),
        percent_encode(&summary.origin.region),
    );
    let address = match (links, summary.origin.is_local()) {
        (Links::LivePage, true) => format!("/object?key={}", percent_encode(key)),
        (Links::Console, true) => {
            return format!("<code>s3://{}/{name}</code>", escape(&failures.bucket));
        }
        (_, false) => format!(
            "https://{region}.console.aws.amazon.com/s3/object/{bucket}?region={region}&prefix={}",
            percent_encode(key)
        ),
    };
    format!(
        "<a data-key=\"{} in {name}\" href=\"{}\">{name}</a>",
        escape(reason),
        escape(&address)
    )
}

fn table(summary: &Summary) -> String {
    let mut html = String::from(
        "<table><thead><tr><th scope=\"col\">metric</th><th scope=\"col\" class=\"sum\">value</th>\
         <th scope=\"col\">unit</th><th scope=\"col\">counts</th></tr></thead><tbody>",
    );
    for series in &summary.series {
        let metric = &series.metric;
        let unit = match metric.statistic {
            Statistic::Sum => Cow::Borrowed(&*metric.unit),
            Statistic::Maximum => Cow::Owned(format!("{}, maximum", metric.unit)),
        };
        let _infallible = write!(
            html,
            "<tr><th scope=\"row\">{}</th><td class=\"sum\">{}</td><td>{}</td><td>{}</td></tr>",
            escape(&metric.label()),
            grouped(series.total()),
            escape(&unit),
            escape(&metric.description())
        );
    }
    html.push_str("</tbody></table>");
    html
}

fn provenance(summary: &Summary) -> String {
    let namespace = escape(&summary.namespace);
    let (from, read_at) = (instant(summary.from), instant(summary.read_at));
    let (origin, period) = (&summary.origin, summary.period_seconds);
    let account = escape(origin.account.as_deref().unwrap_or("unknown"));
    let region = escape(&origin.region);
    let endpoint = escape(origin.endpoint.as_deref().unwrap_or("AWS"));
    let stack = origin.stack.as_deref().map_or(String::new(), |stack| {
        format!("<dt>Stack</dt><dd>{}</dd>", escape(stack))
    });
    let option = origin
        .endpoint
        .as_ref()
        .map_or(String::new(), |_| format!(" --endpoint-url {endpoint}"));
    let example = summary
        .series
        .first()
        .map_or(Cow::Borrowed(""), |series| series.metric.name.clone());
    format!(
        "<dl><dt>Call</dt><dd><code>GetMetricData</code>, statistic <code>Sum</code>, or <code>Maximum</code> for gauges and durations</dd>\
         <dt>Namespace</dt><dd><code>{namespace}</code></dd>\
         <dt>Account</dt><dd>{account}</dd><dt>Region</dt><dd>{region}</dd>{stack}\
         <dt>Endpoint</dt><dd><code>{endpoint}</code></dd>\
         <dt>Period</dt><dd>{period} s</dd>\
         <dt>From</dt><dd>{from}</dd><dt>Read at</dt><dd>{read_at}</dd></dl>\
         <pre><code>aws cloudwatch get-metric-statistics --region {region}{option} \\\n  \
         --namespace {namespace} --metric-name {} \\\n  \
         --statistics Sum --period 3600 --start-time {from} --end-time {read_at}</code></pre>",
        escape(&example)
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
        Meaning::Calls | Meaning::Level | Meaning::InFlight | Meaning::Latency => "received",
        _ => "good",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{body, file, live};
    use crate::report::{
        failures::{Failures, tests::three},
        summary::tests::{five_records, summary},
    };

    #[test]
    fn report_has_a_chart_and_a_sum_for_each_metric() {
        let html = file(&five_records());
        assert_eq!(html.matches("<svg").count(), 5);
        let sums = html.split("<h2 id=\"sums\">").nth(1).unwrap();
        assert_eq!(sums.matches("<td class=\"sum\">5</td>").count(), 3);
        assert_eq!(sums.matches("<td class=\"sum\">0</td>").count(), 2);
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
        summary.series[0].metric.name = "\"><img src=x>".into();
        summary.series[1].metric.doc = "<script>".into();
        let mut failures = three();
        failures.reasons[0].text = "<script>".into();
        failures.reasons[0].keys[0] = "parked/\"><img>".into();
        summary.failures = Some(failures);
        for html in [file(&summary), body(&summary)] {
            assert!(
                !html.contains("<script") && !html.contains("<img"),
                "{html}"
            );
        }
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
        let broken = "<li class=\"no\"><b>open</b> 10 published events in flight, or replayed \
            <small>TTEventPublished 93 = SFCaseCreated 80 + SFCaseFailed 3";
        assert!(html.contains(broken), "{html}");
        let holds = "<li class=\"yes\"><b>holds</b> Every received record was published or failed \
            <small>S3RecordsReceived 100";
        assert!(html.contains(holds), "{html}");
    }

    #[test]
    fn funnel_has_the_stages_and_their_shares() {
        let html = file(&summary([
            &[(1, 2000.0)],
            &[(1, 1500.0)],
            &[],
            &[(2, 1.0)],
            &[],
        ]));
        let funnel = html.split("<ol class=\"funnel\">").nth(1).unwrap();
        let funnel = funnel.split("</ol>").next().unwrap();
        let expected = [
            (
                "S3RecordsReceived",
                "2,000 <small>100 %</small>",
                "width:100.0%",
            ),
            (
                "TTEventPublished",
                "1,500 <small>75 %</small>",
                "width:75.0%",
            ),
            ("SFCaseCreated", "1 <small>0.0 %</small>", "width:0.0%"),
        ];
        for ((name, amount, width), stage) in expected.into_iter().zip(funnel.split("<li>").skip(1))
        {
            let share = amount.replace("0.0 %", "0 %");
            assert!(
                stage.contains(name) && stage.contains(&*share) && stage.contains(width),
                "{stage}"
            );
        }
        assert_eq!(funnel.matches("<li>").count(), 3);
    }

    #[test]
    fn metrics_without_settings_have_no_funnel() {
        let mut summary = five_records();
        summary.funnel = Arc::default();
        summary.namespace = "shop/orders".into();
        let html = file(&summary);
        assert!(html.contains("<h1>5 metrics of shop/orders</h1>"), "{html}");
        assert!(!html.contains("class=\"funnel\"") && !html.contains("class=\"checks\""));
    }

    #[test]
    fn thousands_are_separated() {
        let html = file(&summary([
            &[(1, 1_234_567.0)],
            &[(1, 1_234_567.0)],
            &[],
            &[(2, 1_234_567.0)],
            &[],
        ]));
        assert!(html.contains("<h1>1,234,567 records, 1,234,567 Cases</h1>"));
        assert!(html.contains("<td class=\"sum\">1,234,567</td>"));
        assert!(html.contains("<div class=\"total\">1,234,567</div>"));
    }

    #[test]
    fn failures_link_to_their_objects_where_a_page_shows_them() {
        let mut summary = five_records();
        summary.failures = Some(three());
        let local = file(&summary);
        assert!(
            local.contains("<code>s3://tt-bucket/parked/tt-producer/a b.ndjson</code>"),
            "{local}"
        );
        assert!(
            !local.contains("<a data-key"),
            "a file has no page for local objects"
        );
        assert!(
            body(&summary).contains("href=\"/object?key=parked%2Ftt-producer%2Fa%20b.ndjson\"")
        );
        summary.origin.endpoint = None;
        summary.origin.region = "eu-central-1".into();
        let console = "href=\"https://eu-central-1.console.aws.amazon.com/s3/object/tt-bucket?region=eu-central-1&amp;prefix=parked%2Fcase-creation%2F1.json\"";
        assert!(file(&summary).contains(console) && body(&summary).contains(console));
        summary.failures = Some(Failures::default());
        assert!(file(&summary).contains("No failed record is stored."));
    }

    #[test]
    fn values_of_a_chart_can_be_opened() {
        let html = file(&five_records());
        assert_eq!(html.matches("<details").count(), 3);
        assert!(
            html.contains("<tr><td>2026-01-02 03:04:08</td><td class=\"sum\">5</td></tr>"),
            "{html}"
        );
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
