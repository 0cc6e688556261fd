//! One alarm, and how it is written as a resource of a template.

use std::fmt::Write;

use super::{expression::number, watched::Metric};
use crate::template::parts::quoted;

/// An alarm at or above a threshold. Missing data are no alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// The logical id of the resource.
    pub id: String,
    /// What it means.
    pub description: String,
    /// The condition of the resource.
    pub condition: Option<String>,
    /// Whether it notifies. The alarms below a composite alarm do not.
    pub notifies: bool,
    /// What it watches.
    pub source: Source,
}

/// What an alarm watches.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// One metric.
    Metric {
        /// The metric.
        metric: Metric,
        /// `Sum`, `Maximum` or `SampleCount`.
        statistic: &'static str,
        /// The length of a period, in seconds.
        period: u32,
        /// When it is an alarm.
        breach: Breach,
    },
    /// An expression over metrics.
    Math {
        /// Id and expression of each step. The last one is compared with the threshold.
        steps: Vec<(&'static str, String)>,
        /// The label of the last step.
        label: String,
        /// The metrics.
        metrics: Vec<Operand>,
        /// The length of a period, in seconds.
        period: u32,
        /// When it is an alarm.
        breach: Breach,
    },
    /// Other alarms: a rule with `${..}` for their names.
    Composite {
        /// The rule.
        rule: String,
    },
}

/// A metric of an expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Operand {
    /// The name in the expression: a lower-case letter, then letters, digits and `_`.
    pub id: String,
    /// The metric.
    pub metric: Metric,
    /// `Sum`, `Maximum` or `SampleCount`.
    pub statistic: &'static str,
}

/// When a value is an alarm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Breach {
    /// At this value and above.
    pub threshold: f64,
    /// In so many periods ..
    pub datapoints: u32,
    /// .. of the last ones.
    pub periods: u32,
}

impl Breach {
    /// One period at or above the threshold.
    pub fn at(threshold: f64) -> Self {
        Self {
            threshold,
            datapoints: 1,
            periods: 1,
        }
    }
}

impl Alarm {
    /// The metrics for which the alarm is charged.
    pub fn charged_metrics(&self) -> u64 {
        match &self.source {
            Source::Metric { .. } => 1,
            Source::Math { metrics, .. } => u64::try_from(metrics.len()).unwrap_or(u64::MAX),
            Source::Composite { .. } => 0,
        }
    }

    /// Whether it watches other alarms.
    pub fn is_composite(&self) -> bool {
        matches!(self.source, Source::Composite { .. })
    }

    /// The resource in YAML.
    pub fn yaml(&self, actions: Option<&str>) -> String {
        let kind = if self.is_composite() {
            "CompositeAlarm"
        } else {
            "Alarm"
        };
        let mut yaml = format!("{}:\n  Type: AWS::CloudWatch::{kind}\n", self.id);
        if let Some(condition) = &self.condition {
            line(&mut yaml, 2, "Condition", condition);
        }
        yaml.push_str("  Properties:\n");
        line(&mut yaml, 4, "AlarmDescription", &quoted(&self.description));
        match &self.source {
            Source::Metric {
                metric,
                statistic,
                period,
                breach,
            } => {
                write_metric(&mut yaml, 4, metric);
                line(&mut yaml, 4, "Statistic", statistic);
                line(&mut yaml, 4, "Period", &period.to_string());
                write_breach(&mut yaml, *breach);
            }
            Source::Math {
                steps,
                label,
                metrics,
                period,
                breach,
            } => {
                yaml.push_str("    Metrics:\n");
                write_steps(&mut yaml, steps, label);
                for operand in metrics {
                    write_operand(&mut yaml, operand, *period);
                }
                write_breach(&mut yaml, *breach);
            }
            Source::Composite { rule } => {
                line(&mut yaml, 4, "AlarmRule", &format!("!Sub {}", quoted(rule)));
            }
        }
        if let Some(actions) = actions.filter(|_| self.notifies) {
            line(&mut yaml, 4, "AlarmActions", actions);
        }
        yaml
    }
}

fn line(yaml: &mut String, indent: usize, key: &str, value: &str) {
    // Writing to a `String` cannot fail.
    let _infallible = writeln!(yaml, "{:indent$}{key}: {value}", "");
}

fn write_metric(yaml: &mut String, indent: usize, metric: &Metric) {
    line(yaml, indent, "Namespace", &metric.namespace.yaml());
    line(yaml, indent, "MetricName", &quoted(&metric.name));
    if !metric.dimensions.is_empty() {
        line(yaml, indent, "Dimensions", &dimensions(metric));
    }
}

/// The dimensions on one line.
fn dimensions(metric: &Metric) -> String {
    let dimensions = metric.dimensions.iter();
    let dimensions: Vec<String> = dimensions
        .map(|(name, value)| format!("{{Name: {name}, Value: {}}}", value.yaml()))
        .collect();
    format!("[{}]", dimensions.join(", "))
}

/// The last step first, because it is the one that the alarm watches. Each query is on one line, because a template has at
/// most 51,200 bytes and an expression has many metrics.
fn write_steps(yaml: &mut String, steps: &[(&'static str, String)], label: &str) {
    for (index, (id, expression)) in steps.iter().enumerate().rev() {
        let expression = quoted(expression);
        let rest = if index + 1 == steps.len() {
            format!("Label: {}", quoted(label))
        } else {
            "ReturnData: false".to_owned()
        };
        let _infallible = writeln!(
            yaml,
            "      - {{Id: {id}, Expression: {expression}, {rest}}}"
        );
    }
}

fn write_operand(yaml: &mut String, operand: &Operand, period: u32) {
    let Operand {
        id,
        metric,
        statistic,
    } = operand;
    let (namespace, name) = (metric.namespace.yaml(), quoted(&metric.name));
    let dimensions = if metric.dimensions.is_empty() {
        String::new()
    } else {
        format!(", Dimensions: {}", dimensions(metric))
    };
    let metric = format!("{{Namespace: {namespace}, MetricName: {name}{dimensions}}}");
    let stat = format!("{{Metric: {metric}, Period: {period}, Stat: {statistic}}}");
    let _infallible = writeln!(
        yaml,
        "      - {{Id: {id}, ReturnData: false, MetricStat: {stat}}}"
    );
}

fn write_breach(yaml: &mut String, breach: Breach) {
    line(yaml, 4, "EvaluationPeriods", &breach.periods.to_string());
    if breach.datapoints != breach.periods {
        line(yaml, 4, "DatapointsToAlarm", &breach.datapoints.to_string());
    }
    line(yaml, 4, "Threshold", &number(breach.threshold));
    line(
        yaml,
        4,
        "ComparisonOperator",
        "GreaterThanOrEqualToThreshold",
    );
    line(yaml, 4, "TreatMissingData", "notBreaching");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Alarm, Breach, Operand, Source};
    use crate::{
        monitoring::watched::Metric,
        template::{parse, parts::Reference},
    };

    fn metric(name: &str) -> Metric {
        Metric {
            namespace: Reference::Ref("Space".into()),
            name: name.into(),
            dimensions: vec![("FunctionName", Reference::Ref("Ship".into()))],
        }
    }

    fn alarm(source: Source) -> Alarm {
        Alarm {
            id: "A".into(),
            description: "Failed: look at it.".into(),
            condition: Some("IsAws".into()),
            notifies: true,
            source,
        }
    }

    #[test]
    fn alarm_on_a_metric() {
        let source = Source::Metric {
            metric: metric("Errors"),
            statistic: "Sum",
            period: 60,
            breach: Breach::at(1.0),
        };
        let yaml = alarm(source).yaml(Some("[!Ref Topic]"));
        let expected = json!({"A": {
            "Type": "AWS::CloudWatch::Alarm",
            "Condition": "IsAws",
            "Properties": {
                "AlarmDescription": "Failed: look at it.",
                "Namespace": {"Ref": "Space"},
                "MetricName": "Errors",
                "Dimensions": [{"Name": "FunctionName", "Value": {"Ref": "Ship"}}],
                "Statistic": "Sum",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 1,
                "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                "TreatMissingData": "notBreaching",
                "AlarmActions": [{"Ref": "Topic"}],
            },
        }});
        assert_eq!(parse(&yaml).unwrap(), expected, "{yaml}");
    }

    #[test]
    fn alarm_on_an_expression_returns_the_last_step_only() {
        let source = Source::Math {
            steps: vec![
                ("all", "a + b".into()),
                ("rate", "IF(all >= 1, a / all, 0)".into()),
            ],
            label: "Rate: %".into(),
            metrics: ["a", "b"]
                .map(|id| Operand {
                    id: id.into(),
                    metric: metric(id),
                    statistic: "Sum",
                })
                .into(),
            period: 300,
            breach: Breach {
                threshold: 14.4,
                datapoints: 3,
                periods: 5,
            },
        };
        let alarm = alarm(source);
        assert_eq!(alarm.charged_metrics(), 2);
        let template = parse(&alarm.yaml(None)).unwrap();
        let properties = &template["A"]["Properties"];
        let metrics = properties["Metrics"].as_array().unwrap();
        let returned: Vec<_> = metrics
            .iter()
            .filter(|query| query["ReturnData"] != false)
            .collect();
        let expected =
            json!({"Id": "rate", "Expression": "IF(all >= 1, a / all, 0)", "Label": "Rate: %"});
        assert_eq!(returned, [&expected]);
        assert_eq!(metrics.len(), 4);
        assert_eq!(
            (&properties["DatapointsToAlarm"], &properties["Threshold"]),
            (&json!(3), &json!(14.4))
        );
        assert!(properties["AlarmActions"].is_null());
    }

    #[test]
    fn composite_alarm_refers_to_the_names_of_others() {
        let rule = "ALARM(\"${B}\") OR ALARM(\"${C}\")".to_owned();
        let template = parse(&alarm(Source::Composite { rule: rule.clone() }).yaml(None)).unwrap();
        assert_eq!(template["A"]["Type"], "AWS::CloudWatch::CompositeAlarm");
        assert_eq!(
            template["A"]["Properties"]["AlarmRule"],
            json!({"Fn::Sub": rule})
        );
    }
}
