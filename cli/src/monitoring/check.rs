//! Compares the metrics that programs declare with those that a template, documents and settings name.

use std::collections::BTreeSet;

use serde_json::Value;
use tt_metrics::catalogue::Meaning;

use super::{
    alarms::{self, LIBRARY_FAILURES},
    dashboard,
    watched::{self, Watched},
};
use crate::template::{
    at,
    parts::Reference,
    section::{Section, SectionError},
};

/// The generated sections of a template.
pub const SECTIONS: [&str; 2] = [ALARMS, DASHBOARD];
/// The section of the alarms.
pub const ALARMS: &str = "alarms";
/// The section of the dashboard.
pub const DASHBOARD: &str = "dashboard";

/// Metrics that the library sends about itself, besides those with an alarm.
const LIBRARY: [&str; 4] = [
    "FlushFellBackToEmf",
    "TimeoutImminent",
    "EmptyInvocations",
    "ColdStart",
];

/// Why a section cannot be generated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The input is not sufficient.
    #[error(transparent)]
    Watched(#[from] watched::Error),
    /// The dashboard exceeds a limit.
    #[error(transparent)]
    Dashboard(#[from] dashboard::TooManyMetrics),
    /// The template has no place for it.
    #[error(transparent)]
    Section(#[from] SectionError),
}

/// The lines of a section, [`ALARMS`] or [`DASHBOARD`].
///
/// # Errors
///
/// When the dashboard exceeds a limit of `CloudWatch`.
pub fn section(watched: &Watched<'_>, name: &str) -> Result<String, Error> {
    let alarms = alarms::alarms(watched);
    if name == ALARMS {
        return Ok(alarms::yaml(watched, &alarms));
    }
    Ok(dashboard::yaml(&dashboard::body(watched, &alarms)?))
}

/// The template with a regenerated section.
///
/// # Errors
///
/// When the section cannot be generated or the template has no such section.
pub fn rewritten(
    watched: &Watched<'_>,
    template: &str,
    name: &'static str,
) -> Result<String, Error> {
    let lines = section(watched, name)?;
    Ok(Section::find(template, name)?.replaced(&lines))
}

/// One sentence for each difference between the catalogue and a template: `text`, which was parsed as `template`.
///
/// # Errors
///
/// When a section cannot be generated, or has no end.
pub fn of_template(
    watched: &Watched<'_>,
    text: &str,
    template: &Value,
) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    let alarms = named_by_alarms(template, watched.namespace);
    let dashboards = named_by_dashboards(template, watched.namespace);
    for (place, names) in [("an alarm", &alarms), ("a dashboard", &dashboards)] {
        let unknown = names.iter().filter(|name| !is_known(watched, name));
        found.extend(
            unknown.map(|name| format!("{place} names `{name}`, which no program declares")),
        );
    }
    for metric in watched.catalogue.metrics() {
        let name = metric.metric.as_str();
        if !dashboards.contains(name) && metric.has_total() {
            found.push(format!("no dashboard shows `{name}`"));
        }
        if metric.meaning == Meaning::Failure && metric.has_total() && !alarms.contains(name) {
            found.push(format!("no alarm is on `{name}`, which counts failures"));
        }
    }
    for name in SECTIONS {
        match Section::find(text, name) {
            Ok(section_of_template) => {
                let current = section(watched, name)?;
                if section_of_template.content != section_of_template.indented(&current) {
                    found.push(format!(
                        "the section `{name}` is stale: run `cargo tt {name} --write`"
                    ));
                }
            }
            // A template may be written by hand.
            Err(SectionError::Missing { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}

/// One sentence for each metric of the settings that no program declares.
pub fn of_settings(watched: &Watched<'_>) -> Vec<String> {
    let names: BTreeSet<&str> = watched.funnel.metrics().collect();
    let unknown = names
        .into_iter()
        .filter(|name| !watched.catalogue.contains(name));
    unknown
        .map(|name| format!("tt.toml names `{name}`, which no program declares"))
        .collect()
}

/// One sentence for each metric that no document has in backquotes, and for each that a table of metrics names in vain.
pub fn of_documents(watched: &Watched<'_>, documents: &[(String, String)]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in documents {
        let listed = listed_metrics(text);
        let unknown = listed.into_iter().filter(|name| !is_known(watched, name));
        found.extend(
            unknown.map(|name| format!("{path} names `{name}`, which no program declares")),
        );
    }
    for metric in watched.catalogue.metrics() {
        let quoted = format!("`{}`", metric.metric);
        if !documents.iter().any(|(_, text)| text.contains(&quoted)) {
            let paths: Vec<&str> = documents.iter().map(|(path, _)| path.as_str()).collect();
            found.push(format!("{} does not mention {quoted}", paths.join(", ")));
        }
    }
    found
}

fn is_known(watched: &Watched<'_>, name: &str) -> bool {
    let mut failures = LIBRARY_FAILURES.iter().map(|(name, _)| *name);
    watched.catalogue.contains(name)
        || failures.any(|known| known == name)
        || LIBRARY.contains(&name)
}

/// The names in the first column of the tables whose first heading is `metric`.
fn listed_metrics(markdown: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut is_listing = false;
    for line in markdown.lines() {
        let Some(row) = line.trim().strip_prefix('|') else {
            is_listing = false;
            continue;
        };
        let first = row.split('|').next().unwrap_or_default().trim();
        if first.eq_ignore_ascii_case("metric") {
            is_listing = true;
        } else if is_listing {
            names.extend(first.split('`').nth(1));
        }
    }
    names
}

fn resources<'t>(template: &'t Value, kind: &'static str) -> impl Iterator<Item = &'t Value> {
    let resources = template["Resources"].as_object();
    let resources = resources.into_iter().flat_map(serde_json::Map::values);
    resources
        .filter(move |resource| resource["Type"] == kind)
        .map(|resource| &resource["Properties"])
}

/// The metrics of a namespace that the alarms of a template watch.
pub fn named_by_alarms(template: &Value, namespace: &Reference) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for alarm in resources(template, "AWS::CloudWatch::Alarm") {
        let queries = alarm["Metrics"].as_array().into_iter().flatten();
        let metrics = queries.map(|query| at(query, "/MetricStat/Metric"));
        for metric in metrics.chain([alarm]) {
            if Reference::read(&metric["Namespace"]).as_ref() == Some(namespace) {
                names.extend(metric["MetricName"].as_str().map(str::to_owned));
            }
        }
    }
    names
}

/// The metrics of a namespace that the dashboards of a template show or compute with.
pub fn named_by_dashboards(template: &Value, namespace: &Reference) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for dashboard in resources(template, "AWS::CloudWatch::Dashboard") {
        let body = &dashboard["DashboardBody"];
        let text = body
            .as_str()
            .or(body["Fn::Sub"].as_str())
            .unwrap_or_default();
        let body: Value = serde_json::from_str(text).unwrap_or_default();
        let widgets = at(&body, "/widgets").as_array().into_iter().flatten();
        for widget in widgets {
            let rows = at(widget, "/properties/metrics")
                .as_array()
                .into_iter()
                .flatten();
            let mut previous = [String::new(), String::new()];
            for row in rows {
                let field =
                    |index: usize, previous: &str| match row.get(index).and_then(Value::as_str) {
                        Some(".") => previous.to_owned(),
                        other => other.unwrap_or_default().to_owned(),
                    };
                let [space, name] = &previous;
                previous = [field(0, space), field(1, name)];
                let [space, name] = &previous;
                if *space == namespace.sub() && !name.is_empty() {
                    names.insert(name.clone());
                }
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{ALARMS, DASHBOARD, of_documents, of_settings, of_template, rewritten};
    use crate::{
        catalogue::tests::orders,
        monitoring::watched::{
            Watched,
            tests::{ORDERS, of_this_workspace},
        },
        settings::Funnel,
        template::{parse, parts::Parts},
    };

    const SECTIONS: &str =
        "  # BEGIN alarms: generated\n  # END alarms\n  # BEGIN dashboard\n  # END dashboard\n";

    fn findings(text: &str) -> Vec<String> {
        let template = parse(text).unwrap();
        let (catalogue, funnel, parts) = (orders(), Funnel::default(), Parts::of(&template));
        let watched = Watched::new(&catalogue, &parts, &funnel, None).unwrap();
        of_template(&watched, text, &template).unwrap()
    }

    fn generated() -> String {
        let template = format!("{ORDERS}{SECTIONS}");
        let (catalogue, funnel) = (orders(), Funnel::default());
        let parts = Parts::of(&parse(&template).unwrap());
        let watched = Watched::new(&catalogue, &parts, &funnel, None).unwrap();
        let template = rewritten(&watched, &template, ALARMS).unwrap();
        rewritten(&watched, &template, DASHBOARD).unwrap()
    }

    #[test]
    fn template_of_this_workspace_agrees_with_its_functions() {
        let text = include_str!("../../../template.yaml");
        let (catalogue, parts, funnel) = of_this_workspace();
        let watched = Watched::new(&catalogue, &parts, &funnel, None).unwrap();
        let template = parse(text).unwrap();
        assert_eq!(
            of_template(&watched, text, &template).unwrap(),
            Vec::<String>::new()
        );
        assert_eq!(of_settings(&watched), Vec::<String>::new());
        let readme = include_str!("../../../README.md").to_owned();
        let documents = [("README.md".to_owned(), readme)];
        assert_eq!(of_documents(&watched, &documents), Vec::<String>::new());
    }

    #[test]
    fn template_without_alarms_and_dashboard_misses_every_metric() {
        let expected = [
            "no dashboard shows `OrderShipped`",
            "no dashboard shows `OrderRejected`",
            "no alarm is on `OrderRejected`, which counts failures",
            "no dashboard shows `PagesRead`",
        ];
        assert_eq!(findings(ORDERS), expected);
    }

    #[test]
    fn generated_sections_are_current_until_something_changes() {
        let template = generated();
        assert_eq!(findings(&template), Vec::<String>::new());
        let renamed = template.replace("MetricName: OrderRejected", "MetricName: OrderRefused");
        let expected = [
            "an alarm names `OrderRefused`, which no program declares",
            "no alarm is on `OrderRejected`, which counts failures",
            "the section `alarms` is stale: run `cargo tt alarms --write`",
        ];
        assert_eq!(findings(&renamed), expected);
        let shorter = template.replace("\"PagesRead\"]", "\"PagesRed\"]");
        assert_eq!(
            findings(&shorter)[0],
            "a dashboard names `PagesRed`, which no program declares"
        );
    }

    #[test]
    fn repeated_namespace_of_a_dashboard_is_read() {
        let body = r#"{"widgets": [{"properties": {"metrics": [["shop/orders", "OrderShipped"], [".", "OrderRejected"], ["other", "X"], ["shop/orders", "PagesRead"], [{"expression": "1"}]]}}]}"#;
        let text = format!(
            "{ORDERS}  D:\n    Type: AWS::CloudWatch::Dashboard\n    Properties: {{DashboardBody: '{body}'}}\n"
        );
        assert_eq!(
            findings(&text),
            ["no alarm is on `OrderRejected`, which counts failures"]
        );
        assert!(serde_json::from_str::<Value>(body).is_ok());
    }

    #[test]
    fn table_of_metrics_in_a_document_is_compared() {
        let (catalogue, funnel) = (orders(), Funnel::default());
        let parts = Parts::of(&parse(ORDERS).unwrap());
        let watched = Watched::new(&catalogue, &parts, &funnel, None).unwrap();
        let text = "| metric | counts |\n|---|---|\n| `OrderShipped` | x |\n| `OrderLost` | `y` |\n\n| field |\n|---|\n| `z` |\n\n`OrderRejected`\n";
        let documents = [("README.md".to_owned(), text.to_owned())];
        let expected = [
            "README.md names `OrderLost`, which no program declares",
            "README.md does not mention `PagesRead`",
        ];
        assert_eq!(of_documents(&watched, &documents), expected);
    }

    #[test]
    fn settings_for_other_programs_are_reported() {
        let (catalogue, funnel) = (orders(), Funnel::of_this_workspace());
        let parts = Parts::of(&parse(ORDERS).unwrap());
        let watched = Watched::new(&catalogue, &parts, &funnel, None).unwrap();
        let found = of_settings(&watched);
        assert!(
            found.contains(&"tt.toml names `SFCaseCreated`, which no program declares".to_owned()),
            "{found:?}"
        );
    }
}
