//! The picture as a page of its own: five graphs, the table, and how the numbers were read.

use std::{fmt::Write, time::SystemTime};

use jiff::Timestamp;

use crate::{
    balance::Balance,
    chart::{self, Chart},
    metrics::NAMES,
    picture::Picture,
    timeline::Timeline,
};

const CSS: &str = include_str!("report.css");
const LIVE: &str = include_str!("live.js");
/// What each of [`NAMES`] counts, in the same order.
const MEANINGS: [&str; 5] = [
    "records found in uploaded files, malformed ones too",
    "events that Kinesis acknowledged",
    "records that ended unpublished and were parked",
    "Cases that Salesforce created",
    "events for which no Case will be created",
];

/// The page as a file: no script, no external resource.
pub fn html(picture: &Picture) -> String {
    let end = "Written by <code>cargo tt demo</code>; this file needs nothing else.";
    page(&headline(picture), &body(picture), end, "")
}

/// The page as the running demo serves it; `None` while there is nothing to show yet.
pub fn live_html(picture: Option<&Picture>) -> String {
    let script = format!("<script>{LIVE}</script>");
    let state = "<span id=\"state\" role=\"status\"></span>";
    match picture {
        Some(picture) => page(&headline(picture), &body(picture), state, &script),
        None => page(
            "The demo is starting",
            &body_before_the_first_picture(),
            state,
            &script,
        ),
    }
}

/// What stands inside `<main>`: the live page fetches it again when the numbers change.
pub fn body(picture: &Picture) -> String {
    let (from, to) = picture.window();
    let timeline = Timeline::new(from, to, picture.period_seconds, chart::MOST_BARS);
    let namespace = escape(&picture.namespace);
    format!(
        "<p class=\"over\">CloudWatch namespace <code>{namespace}</code></p><h1>{}</h1>\
         <p class=\"under\">Sums per {}, {}. All five graphs share one scale and one time axis.</p>\
         {}<h2>Sums</h2>{}<h2>How it was read</h2>{}",
        escape(&headline(picture)),
        timeline.step(),
        timeline.date(),
        charts(picture, &timeline),
        table(picture),
        provenance(picture),
    )
}

/// What stands inside `<main>` until the metrics were read once.
pub fn body_before_the_first_picture() -> String {
    "<h1>The demo is starting</h1><p class=\"under\">The graphs appear here as soon as the first \
     file was uploaded.</p>"
        .into()
}

/// Text that is safe between tags and inside quoted attributes.
pub fn escape(text: &str) -> String {
    text.chars().fold(
        String::with_capacity(text.len()),
        |mut escaped, character| {
            match character {
                '&' => escaped.push_str("&amp;"),
                '<' => escaped.push_str("&lt;"),
                '>' => escaped.push_str("&gt;"),
                '"' => escaped.push_str("&quot;"),
                '\'' => escaped.push_str("&#39;"),
                other => escaped.push(other),
            }
            escaped
        },
    )
}

fn page(title: &str, body: &str, end: &str, script: &str) -> String {
    // The policy makes "needs nothing else" a rule that the browser enforces.
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

fn headline(picture: &Picture) -> String {
    let Balance {
        received,
        unpublished,
        created,
        refused,
        ..
    } = Balance::of(picture);
    let mut text = format!(
        "{received} {}, {created} {}",
        plural(received, "record"),
        plural(created, "Case")
    );
    if unpublished > 0 {
        let _infallible = write!(text, ", {unpublished} not published");
    }
    if refused > 0 {
        let _infallible = write!(text, ", {refused} without a Case");
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

fn charts(picture: &Picture, timeline: &Timeline) -> String {
    let sums: Vec<Vec<u64>> = picture
        .series
        .iter()
        .map(|series| timeline.sums(series))
        .collect();
    let top = chart::scale(sums.iter().flatten().copied().max().unwrap_or(0));
    let mut html = String::from("<div class=\"charts\">");
    for ((name, total), sums) in picture.totals().zip(&sums) {
        let svg = Chart {
            name,
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
            class(name),
            escape(name),
            meaning(name),
        );
    }
    html.push_str("</div>");
    html
}

fn table(picture: &Picture) -> String {
    let mut html = String::from(
        "<table><thead><tr><th scope=\"col\">metric</th><th scope=\"col\" class=\"sum\">sum</th>\
         <th scope=\"col\">counts</th></tr></thead><tbody>",
    );
    for (name, total) in picture.totals() {
        let _infallible = write!(
            html,
            "<tr><th scope=\"row\">{}</th><td class=\"sum\">{total}</td><td>{}</td></tr>",
            escape(name),
            meaning(name)
        );
    }
    html.push_str("</tbody></table><ul class=\"checks\">");
    for check in Balance::of(picture).checks(picture.cases) {
        let (class, word) = if check.holds {
            ("yes", "holds")
        } else {
            ("no", "open")
        };
        let _infallible = write!(
            html,
            "<li class=\"{class}\"><b>{word}</b> {}</li>",
            escape(&check.text)
        );
    }
    html.push_str("</ul>");
    html
}

fn provenance(picture: &Picture) -> String {
    let (namespace, endpoint) = (escape(&picture.namespace), escape(&picture.endpoint));
    let (from, read_at) = (instant(picture.from), instant(picture.read_at));
    let period = picture.period_seconds;
    let [_, _, _, created, _] = NAMES;
    format!(
        "<dl><dt>Call</dt><dd><code>GetMetricData</code>, statistic <code>Sum</code>, no dimensions</dd>\
         <dt>Namespace</dt><dd><code>{namespace}</code></dd>\
         <dt>Endpoint</dt><dd><code>{endpoint}</code></dd>\
         <dt>Period</dt><dd>{period} s</dd>\
         <dt>From</dt><dd>{from}</dd><dt>Read at</dt><dd>{read_at}</dd></dl>\
         <pre><code>aws cloudwatch get-metric-statistics --endpoint-url {endpoint} \\\n  \
         --namespace {namespace} --metric-name {} \\\n  \
         --statistics Sum --period 3600 --start-time {from} --end-time {read_at}</code></pre>",
        escape(created)
    )
}

fn instant(at: SystemTime) -> String {
    Timestamp::try_from(at)
        .unwrap_or_default()
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}

fn class(name: &str) -> &'static str {
    match (name.ends_with("Failed"), name.ends_with("Received")) {
        (true, _) => "bad",
        (_, true) => "received",
        _ => "good",
    }
}

fn meaning(name: &str) -> &'static str {
    let known = NAMES
        .iter()
        .zip(MEANINGS)
        .find(|(known, _)| **known == name);
    known.map_or("", |(_, meaning)| meaning)
}

#[cfg(test)]
mod tests {
    use super::{escape, html, live_html};
    use crate::picture::tests::{five_records, picture};

    #[test]
    fn the_report_shows_five_graphs_and_five_sums() {
        let html = html(&five_records());
        assert_eq!(html.matches("<svg").count(), 5);
        assert_eq!(html.matches("<td class=\"sum\">5</td>").count(), 3);
        assert_eq!(html.matches("<td class=\"sum\">0</td>").count(), 2);
        assert!(html.contains("<h1>5 records, 5 Cases</h1>"), "{html}");
    }

    #[test]
    fn the_report_refers_to_nothing_outside_itself() {
        let html = html(&five_records());
        for reference in [
            "src=", "url(", "@import", "<script", "href=\"h", "<iframe", "//cdn",
        ] {
            assert!(!html.contains(reference), "{reference}");
        }
        assert!(html.contains("default-src 'none'"));
    }

    #[test]
    fn the_live_page_talks_only_to_where_it_came_from() {
        let html = live_html(None);
        assert!(
            !html.contains("http:") && !html.contains("https:"),
            "{html}"
        );
        assert!(html.contains("/metrics.json"));
    }

    #[test]
    fn names_are_escaped() {
        let mut picture = five_records();
        picture.namespace = "<script>alert('1')</script>".into();
        picture.series[0].name = "\"><img src=x>".into();
        let html = html(&picture);
        assert!(
            !html.contains("<script") && !html.contains("<img"),
            "{html}"
        );
        assert_eq!(escape("a&b<c>\"d'"), "a&amp;b&lt;c&gt;&quot;d&#39;");
    }

    #[test]
    fn failures_stand_in_the_headline_and_open_equations_are_marked() {
        let html = html(&picture([
            &[(1, 100.0)],
            &[(1, 93.0)],
            &[(1, 7.0)],
            &[(2, 80.0)],
            &[(2, 3.0)],
        ]));
        assert!(html.contains("100 records, 80 Cases, 7 not published, 3 without a Case"));
        assert!(html.contains("<li class=\"no\"><b>open</b> published 93 = created 80 + failed 3"));
        assert!(html.contains("<li class=\"yes\"><b>holds</b> received 100"));
    }

    #[test]
    fn how_the_numbers_were_read_is_part_of_the_report() {
        let html = html(&five_records());
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
