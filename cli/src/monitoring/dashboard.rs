//! The dashboard of a pipeline: funnel, rates, balances, error budget, functions, streams, queues and cost.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tt_metrics::catalogue::{Meaning, MetricKind};

use super::{
    alarm::Alarm,
    alarms::{BURN_WINDOWS, LIBRARY_FAILURES, REJECTED_DOCUMENTS},
    cost::Cost,
    expression,
    layout::{self, Grid},
    watched::{Metric, Objective, Watched},
};
use crate::{
    catalogue::{Declared, Outcomes, Program},
    settings::Balance,
    template::{at, parts::Function},
};

/// The most metrics of one widget, and of a dashboard:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html>.
const MAX_METRICS: (usize, usize) = (500, 2500);
/// The most numbers side by side.
const MAX_NUMBERS: usize = 8;

const RED: &str = "#d62728";
const HALF: (u64, u64) = (12, 6);
const THIRD: (u64, u64) = (8, 6);

/// The dashboard would exceed a limit of `CloudWatch`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the dashboard would have {found} metrics{place}, CloudWatch accepts {limit}")]
pub struct TooManyMetrics {
    found: usize,
    place: String,
    limit: usize,
}

/// The body of the dashboard, with `${..}` for the values that `CloudFormation` inserts.
///
/// # Errors
///
/// When the metrics exceed a limit of `CloudWatch`.
pub fn body(watched: &Watched<'_>, alarms: &[Alarm]) -> Result<Value, TooManyMetrics> {
    let mut dashboard = Dashboard {
        watched: *watched,
        grid: Grid::default(),
    };
    dashboard.funnel();
    dashboard.programs();
    dashboard.rates();
    dashboard.gauges();
    dashboard.functions();
    dashboard.surroundings();
    dashboard.costs(alarms);
    let body = dashboard.grid.body();
    within_limits(&body)?;
    Ok(body)
}

/// The resource as the lines of a section of a template.
pub fn yaml(body: &Value) -> String {
    let body = layout::text(body);
    let lines: Vec<String> = body.lines().map(|line| format!("      {line}")).collect();
    format!(
        "Dashboard:\n  Type: AWS::CloudWatch::Dashboard\n  Properties:\n    DashboardBody: !Sub |\n{}\n",
        lines.join("\n")
    )
}

/// The body as text in which a metric is on one line.
pub fn json(body: &Value) -> String {
    layout::text(body)
}

fn within_limits(body: &Value) -> Result<(), TooManyMetrics> {
    let (of_widget, of_dashboard) = MAX_METRICS;
    let widgets = body["widgets"].as_array().map_or(&[][..], Vec::as_slice);
    let mut all = 0;
    for widget in widgets {
        let found = at(widget, "/properties/metrics")
            .as_array()
            .map_or(0, Vec::len);
        all += found;
        if found > of_widget {
            return Err(TooManyMetrics {
                found,
                place: format!(" in {}", at(widget, "/properties/title")),
                limit: of_widget,
            });
        }
    }
    if all > of_dashboard {
        return Err(TooManyMetrics {
            found: all,
            place: String::new(),
            limit: of_dashboard,
        });
    }
    Ok(())
}

struct Dashboard<'a> {
    watched: Watched<'a>,
    grid: Grid,
}

impl<'a> Dashboard<'a> {
    fn graph(
        &mut self,
        size: (u64, u64),
        title: &str,
        stat: &str,
        metrics: Vec<Value>,
        more: &Value,
    ) {
        let mut properties =
            json!({ "title": title, "region": "${AWS::Region}", "stat": stat, "period": 60 });
        set(&mut properties, "metrics", Value::Array(metrics));
        if let (Some(properties), Some(more)) = (properties.as_object_mut(), more.as_object()) {
            properties.extend(more.clone());
        }
        self.grid.add("metric", size, &properties);
    }

    /// A counter, red if it counts failures.
    fn counter(&self, declared: &Declared) -> Value {
        let options = if declared.meaning == Meaning::Failure {
            json!({ "color": RED })
        } else {
            json!({})
        };
        row(&self.watched.own(&declared.metric), &options)
    }

    /// A metric that only expressions read.
    fn operand(&self, id: &str, metric: &str, stat: &str) -> Value {
        hidden(id, &self.watched.own(metric), stat)
    }

    fn counters(&self) -> Vec<&'a Declared> {
        let metrics = self.watched.catalogue.metrics().into_iter();
        metrics
            .filter(|one| one.kind == MetricKind::Counter && one.has_total())
            .collect()
    }

    /// The sums of the whole period shown: the stages in their order, then the other counters.
    fn funnel(&mut self) {
        let stages = &self.watched.funnel.stages;
        let mut counters = self.counters();
        counters.sort_by_key(|one| {
            stages
                .iter()
                .position(|stage| *stage == one.metric)
                .unwrap_or(stages.len())
        });
        let catalogue = self.watched.catalogue;
        let stages = stages
            .iter()
            .filter(|stage| catalogue.contains(stage))
            .count();
        for (index, numbers) in counters.chunks(MAX_NUMBERS).enumerate() {
            let metrics: Vec<Value> = numbers.iter().map(|one| self.counter(one)).collect();
            let title = if stages > 1 && index == 0 {
                "Funnel: sums in the period shown"
            } else {
                "Sums in the period shown"
            };
            let properties = json!({
                "title": title,
                "region": "${AWS::Region}",
                "view": "singleValue",
                "stat": "Sum",
                "setPeriodToTimeRange": true,
                "metrics": metrics,
            });
            self.grid.add("metric", (24, 4), &properties);
        }
    }

    /// The counters of each program over time, and its durations.
    fn programs(&mut self) {
        self.grid.start_row();
        let mut seen = BTreeSet::new();
        for program in &self.watched.catalogue.programs {
            let name = self.name(program);
            let metrics = program
                .metrics
                .iter()
                .filter(|one| one.has_total() && seen.insert(one.metric.as_str()));
            let metrics: Vec<&Declared> = metrics.collect();
            let counters = metrics.iter().filter(|one| one.kind == MetricKind::Counter);
            let rows: Vec<Value> = counters.map(|one| self.counter(one)).collect();
            if !rows.is_empty() {
                self.graph(
                    HALF,
                    &format!("{name}: counts per minute"),
                    "Sum",
                    rows,
                    &json!({}),
                );
            }
            let durations = metrics
                .iter()
                .filter(|one| one.kind == MetricKind::Histogram);
            let rows: Vec<Value> = durations
                .flat_map(|one| {
                    ["p50", "p90", "p99"].map(|stat| {
                        let label = format!("{} {stat}", one.metric);
                        row(
                            &self.watched.own(&one.metric),
                            &json!({ "stat": stat, "label": label }),
                        )
                    })
                })
                .collect();
            if !rows.is_empty() {
                self.graph(
                    HALF,
                    &format!("{name}: durations in milliseconds"),
                    "p50",
                    rows,
                    &json!({}),
                );
            }
        }
    }

    fn name(&self, program: &Program) -> String {
        let function = self.watched.parts.function_of(&program.name);
        function.map_or_else(|| program.name.clone(), |function| function.id.clone())
    }

    /// Shares of failures, balances and the error budget.
    fn rates(&mut self) {
        self.grid.start_row();
        let programs = self.watched.catalogue.programs.iter();
        let pairs: Vec<Outcomes<'a>> = programs.flat_map(Program::outcomes).collect();
        let rows: Vec<Value> = pairs
            .iter()
            .enumerate()
            .flat_map(|(index, pair)| self.rate(index + 1, pair))
            .collect();
        if !rows.is_empty() {
            let limit = self.watched.funnel.failure_rate_percent;
            let more = json!({
                "yAxis": { "left": { "min": 0, "max": 100 } },
                "annotations": { "horizontal": [{ "label": "alarm", "value": limit }] },
            });
            self.graph(THIRD, "Failures, percent of a minute", "Sum", rows, &more);
        }
        let balances: Vec<&Balance> = self.watched.balances().collect();
        let rows: Vec<Value> = balances
            .iter()
            .enumerate()
            .flat_map(|(index, balance)| self.balance(index + 1, balance))
            .collect();
        if !rows.is_empty() {
            self.graph(
                THIRD,
                "Reconciliation: records without an outcome",
                "Sum",
                rows,
                &json!({ "period": 300 }),
            );
        }
        for objective in self.watched.objectives() {
            self.burn(&objective);
        }
    }

    fn rate(&self, number: usize, pair: &Outcomes<'_>) -> Vec<Value> {
        let (ok, failed, all) = (
            format!("ok{number}"),
            format!("failed{number}"),
            format!("all{number}"),
        );
        let sum = if pair.counts_calls {
            expression::sum(&[&ok])
        } else {
            expression::sum(&[&ok, &failed])
        };
        let filled = format!("FILL({failed}, 0)");
        let rate = expression::percentage(&filled, &all, self.watched.funnel.minimum_volume);
        vec![
            computed(&format!("rate{number}"), &rate, &pair.failure.metric),
            step(&all, &sum),
            self.operand(&ok, &pair.success.metric, "Sum"),
            self.operand(&failed, &pair.failure.metric, "Sum"),
        ]
    }

    fn balance(&self, number: usize, balance: &Balance) -> Vec<Value> {
        let whole = format!("whole{number}");
        let parts: Vec<String> = (1..=balance.parts.len())
            .map(|part| format!("part{number}_{part}"))
            .collect();
        let ids: Vec<&str> = parts.iter().map(String::as_str).collect();
        let difference = expression::difference(&whole, &ids);
        let mut rows = vec![
            computed(&format!("open{number}"), &difference, &balance.open),
            self.operand(&whole, &balance.whole, "Sum"),
        ];
        rows.extend(
            ids.iter()
                .zip(&balance.parts)
                .map(|(id, metric)| self.operand(id, metric, "Sum")),
        );
        rows
    }

    /// The burn rate in the short and in the long window, with the factor of the alarm.
    fn burn(&mut self, objective: &Objective<'_>) {
        let budget = expression::number(100.0 - self.watched.funnel.objective_percent);
        let mut rows = Vec::new();
        for (index, seconds) in BURN_WINDOWS.iter().map(|windows| windows.long).enumerate() {
            let (good, burn) = (format!("good{index}"), format!("burn{index}"));
            let failed: Vec<String> = (1..=objective.bad.len())
                .map(|bad| format!("bad{index}_{bad}"))
                .collect();
            let ids: Vec<&str> = failed.iter().map(String::as_str).collect();
            let (bad, all) = (format!("bad{index}"), format!("all{index}"));
            let share = expression::percentage(&bad, &all, self.watched.funnel.minimum_volume);
            let label = format!("burn rate in {} h", seconds / 3600);
            rows.push(computed(&burn, &format!("{share} / {budget}"), &label));
            rows.push(step(&bad, &expression::sum(&ids)));
            rows.push(step(&all, &format!("{bad} + FILL({good}, 0)")));
            rows.push(self.operand(&good, objective.good, "Sum"));
            rows.extend(
                ids.iter()
                    .zip(&objective.bad)
                    .map(|(id, metric)| self.operand(id, metric, "Sum")),
            );
            for row in rows.iter_mut().rev().take(ids.len() + 4) {
                if let Some(options) = row.as_array_mut().and_then(|row| row.last_mut()) {
                    set(options, "period", json!(seconds));
                }
            }
        }
        let lines = BURN_WINDOWS.iter().map(|windows| {
            let label = format!(
                "alarm in {} h and {} min",
                windows.long / 3600,
                windows.short / 60
            );
            json!({ "label": label, "value": windows.factor })
        });
        let more = json!({
            "yAxis": { "left": { "min": 0 } },
            "annotations": { "horizontal": lines.collect::<Vec<_>>() },
        });
        let title = format!(
            "Error budget of {}: {budget} % may fail, 1 uses it up in its period",
            objective.good
        );
        self.graph(THIRD, &title, "Sum", rows, &more);
    }

    /// Gauges, each with its limit.
    fn gauges(&mut self) {
        self.grid.start_row();
        let metrics = self.watched.catalogue.metrics().into_iter();
        let gauges: Vec<&Declared> = metrics
            .filter(|one| one.kind == MetricKind::Gauge && one.has_total())
            .collect();
        for gauge in gauges {
            let limit = self.watched.funnel.limit_of(&gauge.metric);
            let title = limit.and_then(|limit| limit.title.clone());
            let mut more = json!({});
            if let Some(limit) = limit {
                let line = json!({ "label": limit.meaning, "value": limit.limit });
                set(&mut more, "annotations", json!({ "horizontal": [line] }));
                if let Some([min, max]) = limit.range {
                    set(
                        &mut more,
                        "yAxis",
                        json!({ "left": { "min": min, "max": max } }),
                    );
                }
            }
            let rows = vec![row(&self.watched.own(&gauge.metric), &json!({}))];
            let title = title.unwrap_or_else(|| format!("{}, {}", gauge.metric, gauge.unit));
            self.graph(HALF, &title, "Maximum", rows, &more);
        }
    }

    /// Invocations, errors, silence, and the age of streams.
    fn functions(&mut self) {
        let functions = &self.watched.parts.functions;
        if functions.is_empty() {
            return;
        }
        self.grid.start_row();
        let of_all = |name: &str, color: Option<&str>| -> Vec<Value> {
            let options = color.map_or(json!({}), |color| json!({ "color": color }));
            let of_function = |function: &Function| {
                let mut options = options.clone();
                set(
                    &mut options,
                    "label",
                    json!(format!("{} {name}", function.id)),
                );
                row(&Metric::of_function(name, function), &options)
            };
            functions.iter().map(of_function).collect()
        };
        let mut errors = of_all("Errors", Some(RED));
        errors.extend(of_all("Throttles", None));
        self.graph(
            THIRD,
            "Invocations per minute",
            "Sum",
            of_all("Invocations", None),
            &json!({}),
        );
        self.graph(
            THIRD,
            "Errors and throttles per minute",
            "Sum",
            errors,
            &json!({}),
        );
        let silent: Vec<Value> = self
            .watched
            .functions_with_metrics()
            .enumerate()
            .filter_map(|(index, (program, function))| self.silent(index + 1, program, function))
            .flatten()
            .collect();
        if !silent.is_empty() {
            let more = json!({ "period": 300, "yAxis": { "left": { "min": 0, "max": 1 } } });
            self.graph(THIRD, "Invocations without metrics", "Sum", silent, &more);
        }
        let ages: Vec<Value> = functions
            .iter()
            .filter(|function| function.reads_stream)
            .map(|function| {
                row(
                    &Metric::of_function("IteratorAge", function),
                    &json!({ "label": function.id }),
                )
            })
            .collect();
        if !ages.is_empty() {
            self.graph(
                HALF,
                "Age of the oldest record of the stream, in milliseconds",
                "Maximum",
                ages,
                &json!({}),
            );
        }
    }

    fn silent(&self, number: usize, program: &Program, function: &Function) -> Option<Vec<Value>> {
        let sign = program.sign_of_life()?;
        let (invocations, samples) = (format!("invocations{number}"), format!("samples{number}"));
        Some(vec![
            computed(
                &format!("silent{number}"),
                &expression::silent(&invocations, &samples),
                &function.id,
            ),
            hidden(
                &invocations,
                &Metric::of_function("Invocations", function),
                "Sum",
            ),
            self.operand(&samples, &sign.metric, "SampleCount"),
        ])
    }

    /// Queues of failed work, rejected documents, and the counters of the metrics library about itself.
    fn surroundings(&mut self) {
        let queues = self.watched.parts.failure_queues.iter();
        let rows: Vec<Value> = queues
            .map(|queue| row(&Metric::of_queue(queue), &json!({ "label": queue })))
            .collect();
        if !rows.is_empty() {
            self.graph(
                HALF,
                "Messages in the queues of failed work",
                "Maximum",
                rows,
                &json!({ "period": 300 }),
            );
        }
        let mut rows: Vec<Value> = Vec::new();
        if !self.watched.catalogue.metrics().is_empty() {
            rows.extend(
                LIBRARY_FAILURES
                    .iter()
                    .map(|(name, _)| row(&self.watched.own(name), &json!({}))),
            );
        }
        let mut seen = BTreeSet::new();
        let groups = self
            .watched
            .parts
            .functions
            .iter()
            .filter(|function| seen.insert(&function.log_group));
        for function in groups {
            rows.extend(REJECTED_DOCUMENTS.iter().map(|(_, name)| {
                let label = format!("{} {name}", function.id);
                row(
                    &Metric::of_log_group(name, &function.log_group),
                    &json!({ "label": label }),
                )
            }));
        }
        if !rows.is_empty() {
            let title =
                "Metrics that did not reach CloudWatch: rejected documents and failed flushes";
            self.graph(HALF, title, "Sum", rows, &json!({}));
        }
    }

    fn costs(&mut self, alarms: &[Alarm]) {
        self.grid.start_row();
        let cost = Cost::of(self.watched.catalogue.series(), alarms);
        let text = format!(
            "**Cost of these metrics, at most {} a month** (us-east-1, first tier): {} custom metrics, {} metrics of alarms, {} composite alarms, one dashboard. \
             [Prices](https://aws.amazon.com/cloudwatch/pricing/)",
            cost.monthly(),
            cost.metrics,
            cost.alarm_metrics,
            cost.composite_alarms
        );
        self.grid.add("text", (24, 3), &json!({ "markdown": text }));
    }
}

/// Sets a field of an object.
fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

/// A metric with its dimensions and options.
fn row(metric: &Metric, options: &Value) -> Value {
    let mut row = vec![json!(metric.namespace.sub()), json!(metric.name)];
    for (name, value) in &metric.dimensions {
        row.extend([json!(name), json!(value.sub())]);
    }
    let is_plain = options.as_object().is_none_or(serde_json::Map::is_empty);
    row.extend((!is_plain).then(|| options.clone()));
    Value::Array(row)
}

/// A metric that only expressions read. The statistic of its widget is `Sum`.
fn hidden(id: &str, metric: &Metric, stat: &str) -> Value {
    let mut options = json!({ "id": id, "visible": false });
    if stat != "Sum" {
        set(&mut options, "stat", json!(stat));
    }
    row(metric, &options)
}

/// An expression that only others read.
fn step(id: &str, expression: &str) -> Value {
    json!([{ "id": id, "expression": expression, "visible": false }])
}

fn computed(id: &str, expression: &str, label: &str) -> Value {
    json!([{ "id": id, "expression": expression, "label": label }])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tt_metrics::catalogue::Meaning;

    use super::{body, yaml};
    use crate::{
        catalogue::{
            Catalogue, Program,
            tests::{declared, orders},
        },
        monitoring::{
            alarms::alarms,
            watched::{
                Watched,
                tests::{ORDERS, of_this_workspace},
            },
        },
        settings::Funnel,
        template::{
            parse,
            parts::{Parts, Reference},
        },
    };

    fn titles(body: &Value) -> Vec<&str> {
        let widgets = body["widgets"].as_array().unwrap();
        widgets
            .iter()
            .filter_map(|widget| widget["properties"]["title"].as_str())
            .collect()
    }

    #[test]
    fn dashboard_of_this_workspace() {
        let (catalogue, parts, funnel) = of_this_workspace();
        let watched = Watched::new(&catalogue, &parts, &funnel, None).unwrap();
        let body = body(&watched, &alarms(&watched)).unwrap();
        let expected = [
            "Funnel: sums in the period shown",
            "TTProducer: counts per minute",
            "CaseCreation: counts per minute",
            "Failures, percent of a minute",
            "Reconciliation: records without an outcome",
            "Error budget of SFCaseCreated: 1 % may fail, 1 uses it up in its period",
            "Salesforce: used share of the org's daily API requests, in percent",
            "Invocations per minute",
            "Errors and throttles per minute",
            "Invocations without metrics",
            "Age of the oldest record of the stream, in milliseconds",
            "Messages in the queues of failed work",
            "Metrics that did not reach CloudWatch: rejected documents and failed flushes",
        ];
        assert_eq!(titles(&body), expected);
        let funnel = &body["widgets"][0]["properties"]["metrics"];
        let names: Vec<&Value> = funnel
            .as_array()
            .unwrap()
            .iter()
            .map(|row| &row[1])
            .collect();
        let stages = [
            "S3RecordsReceived",
            "TTEventPublished",
            "SFCaseCreated",
            "TTEventFailed",
            "SFCaseFailed",
        ];
        assert_eq!(names, stages);
        let template = parse(&yaml(&body)).unwrap();
        let text = template["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
            .as_str()
            .unwrap();
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), body);
    }

    #[test]
    fn dashboard_of_a_workspace_without_settings() {
        let (catalogue, funnel) = (orders(), Funnel::default());
        let parts = Parts::of(&parse(ORDERS).unwrap());
        let watched = Watched::new(&catalogue, &parts, &funnel, None).unwrap();
        let body = body(&watched, &alarms(&watched)).unwrap();
        let text = body.to_string();
        for word in ["TTEvent", "SFCase", "Funnel", "pkyc", "Salesforce"] {
            assert!(!text.contains(word), "{word}");
        }
        assert!(
            titles(&body).contains(&"ShipOrders: counts per minute"),
            "{body:#}"
        );
        assert!(
            text.contains("[\"shop/orders\",\"OrderRejected\",{\"color\":\"#d62728\"}]"),
            "{text}"
        );
    }

    #[test]
    fn limit_of_metrics_in_a_widget_is_an_error() {
        let metrics = (0..501).map(|number| declared(&format!("M{number}"), Meaning::Calls, "f"));
        let catalogue = Catalogue {
            programs: vec![Program {
                name: "p".into(),
                metrics: metrics.collect(),
            }],
        };
        let (parts, funnel) = (Parts::default(), Funnel::default());
        let namespace = Reference::Text("n".into());
        let watched = Watched::new(&catalogue, &parts, &funnel, Some(&namespace)).unwrap();
        let error = body(&watched, &[]).unwrap_err().to_string();
        assert_eq!(
            error,
            "the dashboard would have 501 metrics in \"p: counts per minute\", CloudWatch accepts 500"
        );
    }

    #[test]
    fn operands_of_a_burn_rate_have_the_period_of_its_window() {
        let (catalogue, parts, funnel) = of_this_workspace();
        let watched = Watched::new(&catalogue, &parts, &funnel, None).unwrap();
        let body = body(&watched, &[]).unwrap();
        let widgets = body["widgets"].as_array().unwrap();
        let burn = widgets.iter().find(|widget| {
            widget["properties"]["title"]
                .as_str()
                .is_some_and(|title| title.starts_with("Error budget"))
        });
        let rows = burn.unwrap()["properties"]["metrics"].as_array().unwrap();
        let periods: Vec<&Value> = rows
            .iter()
            .map(|row| &row.as_array().unwrap().last().unwrap()["period"])
            .collect();
        let expected = [3600, 21_600]
            .map(|seconds| vec![json!(seconds); 6])
            .concat();
        assert_eq!(periods, expected.iter().collect::<Vec<_>>());
    }
}
