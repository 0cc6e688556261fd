//! The alarms of a pipeline: on failures, shares of failures, balances, silence, and the services around it.

use std::collections::BTreeSet;

use super::{
    alarm::{Alarm, Breach, Operand, Source},
    expression,
    watched::{Metric, Objective, Watched, logical_id},
};
use crate::{
    catalogue::{Outcomes, Program},
    settings::{Balance, Limit},
    template::parts::Function,
};

/// Counters of the metrics library about itself: counts that did not arrive, or may not have arrived.
pub const LIBRARY_FAILURES: [(&str, &str); 3] = [
    (
        "FlushAmbiguous",
        "CloudWatch may not have received counts, which are not sent again. Log lines with the key tt_metrics_unconfirmed contain them.",
    ),
    (
        "FlushFailed",
        "Neither CloudWatch nor the log accepted counts. They are part of the next flush of the process.",
    ),
    (
        "MetricsDropped",
        "The metrics library dropped data that CloudWatch would reject. The log names them.",
    ),
];

/// The metrics that count documents which CloudWatch Logs rejects.
pub const REJECTED_DOCUMENTS: [(&str, &str); 2] = [
    ("parsing", "EMFParsingErrors"),
    ("validation", "EMFValidationErrors"),
];

/// Two windows of an error budget: it burns too fast if both are at or above the factor.
#[derive(Debug, Clone, Copy)]
pub struct BurnWindows {
    /// Part of the logical ids.
    pub name: &'static str,
    /// The long window, in seconds.
    pub long: u32,
    /// The short window, in seconds.
    pub short: u32,
    /// How many times faster than allowed.
    pub factor: f64,
}

/// The windows of the Site Reliability Workbook, chapter 5: 2 % of a month's budget in an hour, 5 % in six hours.
pub const BURN_WINDOWS: [BurnWindows; 2] = [
    BurnWindows {
        name: "Fast",
        long: 3600,
        short: 300,
        factor: 14.4,
    },
    BurnWindows {
        name: "Slow",
        long: 21_600,
        short: 1800,
        factor: 6.0,
    },
];

/// The most metrics in the expression of an alarm:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html>.
const MAX_OPERANDS: usize = 10;
/// The age of the oldest record of a stream that is an alarm, unless the settings contain one.
const ITERATOR_AGE_SECONDS: u32 = 600;

/// Generates the alarms, in the order of the pipeline.
pub fn alarms(watched: &Watched<'_>) -> Vec<Alarm> {
    let generator = Generator(*watched);
    let mut alarms: Vec<Alarm> = Vec::new();
    alarms.extend(generator.failures());
    alarms.extend(generator.failure_rates());
    alarms.extend(
        watched
            .objectives()
            .iter()
            .flat_map(|objective| generator.burn(objective)),
    );
    alarms.extend(
        watched
            .balances()
            .filter(|balance| balance.alarm)
            .filter_map(|balance| generator.balance(balance)),
    );
    alarms.extend(
        watched
            .funnel
            .limits
            .iter()
            .filter_map(|limit| generator.limit(limit)),
    );
    alarms.extend(
        watched
            .functions_with_metrics()
            .filter_map(|(program, function)| generator.silence(program, function)),
    );
    alarms.extend(generator.library());
    alarms.extend(generator.rejected_documents());
    alarms.extend(
        watched
            .parts
            .failure_queues
            .iter()
            .map(|queue| generator.queue(queue)),
    );
    let functions = || watched.parts.functions.iter();
    alarms.extend(
        functions()
            .filter(|function| function.reads_stream)
            .map(|function| generator.age(function)),
    );
    alarms.extend(
        functions()
            .filter(|function| hides_errors(function))
            .map(|function| generator.errors(function)),
    );
    with_distinct_ids(alarms)
}

/// The alarms as the lines of a section of a template.
pub fn yaml(watched: &Watched<'_>, alarms: &[Alarm]) -> String {
    let actions = watched.funnel.alarms.actions.as_deref();
    let resources: Vec<String> = alarms.iter().map(|alarm| alarm.yaml(actions)).collect();
    resources.join("\n")
}

struct Generator<'a>(Watched<'a>);

impl Generator<'_> {
    /// A text of the settings, or else a text that fits every pipeline.
    fn meaning(&self, key: &str, otherwise: impl FnOnce() -> String) -> String {
        let text = self.0.funnel.alarms.meaning.get(key);
        text.cloned().unwrap_or_else(otherwise)
    }

    fn alarm(&self, id: String, description: String, source: Source) -> Alarm {
        let needs_math = matches!(source, Source::Math { .. } | Source::Composite { .. });
        Alarm {
            id,
            description,
            condition: self
                .0
                .funnel
                .alarms
                .math_condition
                .clone()
                .filter(|_| needs_math),
            notifies: true,
            source,
        }
    }

    fn on_metric(
        &self,
        id: String,
        description: String,
        (metric, statistic, period): (Metric, &'static str, u32),
        threshold: f64,
    ) -> Alarm {
        let source = Source::Metric {
            metric,
            statistic,
            period,
            breach: Breach::at(threshold),
        };
        self.alarm(id, description, source)
    }

    /// One failure is an alarm, at any volume.
    fn failures(&self) -> impl Iterator<Item = Alarm> {
        self.0.failures().map(|failure| {
            let name = &failure.metric;
            let description = self.meaning(name, || {
                format!("{name} counted a failure of {}.", failure.short_function())
            });
            let metric = (self.0.own(name), "Sum", 60);
            self.on_metric(
                format!("{}Alarm", logical_id(name)),
                description,
                metric,
                1.0,
            )
        })
    }

    fn failure_rates(&self) -> impl Iterator<Item = Alarm> {
        let programs = self.0.catalogue.programs.iter();
        programs
            .flat_map(Program::outcomes)
            .map(|pair| self.failure_rate(&pair))
    }

    fn failure_rate(&self, pair: &Outcomes<'_>) -> Alarm {
        let (funnel, failure) = (self.0.funnel, &pair.failure.metric);
        let percent = funnel.failure_rate_percent;
        let all = if pair.counts_calls {
            &["ok"][..]
        } else {
            &["ok", "failed"][..]
        };
        let rate = expression::percentage("FILL(failed, 0)", "all", funnel.minimum_volume);
        let source = Source::Math {
            steps: vec![("all", expression::sum(all)), ("rate", rate)],
            label: format!("{failure}, percent"),
            metrics: vec![
                self.operand("ok".into(), &pair.success.metric),
                self.operand("failed".into(), failure),
            ],
            period: 60,
            breach: Breach {
                threshold: percent,
                datapoints: 3,
                periods: 5,
            },
        };
        let description = format!(
            "At least {} % of {} were {failure} in 3 of 5 minutes with {} or more.",
            expression::number(percent),
            if pair.counts_calls {
                pair.success.metric.clone()
            } else {
                format!("{} and {failure}", pair.success.metric)
            },
            funnel.minimum_volume
        );
        self.alarm(
            format!("{}RateAlarm", logical_id(failure)),
            description,
            source,
        )
    }

    fn operand(&self, id: String, metric: &str) -> Operand {
        Operand {
            id,
            metric: self.0.own(metric),
            statistic: "Sum",
        }
    }

    /// Two alarms for each pair of windows, and one composite alarm that notifies.
    fn burn(&self, objective: &Objective<'_>) -> Vec<Alarm> {
        let windows = BURN_WINDOWS.iter();
        let mut alarms: Vec<Alarm> = windows
            .flat_map(|windows| {
                [("Long", windows.long), ("Short", windows.short)].map(|(length, seconds)| {
                    let id = format!("{}Burn{}{length}Alarm", objective.id, windows.name);
                    self.burn_in_window(id, objective, seconds, windows.factor)
                })
            })
            .collect();
        let both: Vec<String> = alarms
            .chunks(2)
            .map(|pair| {
                let names: Vec<String> = pair
                    .iter()
                    .map(|alarm| format!("ALARM(\"${{{}}}\")", alarm.id))
                    .collect();
                format!("({})", names.join(" AND "))
            })
            .collect();
        let description = format!(
            "Failures use up the error budget of {} % of {} too fast, in an hour and 5 minutes or in 6 hours and 30 minutes.",
            expression::number(100.0 - self.0.funnel.objective_percent),
            objective.good
        );
        let rule = both.join(" OR ");
        alarms.push(self.alarm(
            format!("{}BurnAlarm", objective.id),
            description,
            Source::Composite { rule },
        ));
        alarms
    }

    fn burn_in_window(
        &self,
        id: String,
        objective: &Objective<'_>,
        seconds: u32,
        factor: f64,
    ) -> Alarm {
        let (steps, metrics) = self.burn_steps(objective);
        let source = Source::Math {
            steps,
            label: "Burn rate of the error budget".into(),
            metrics,
            period: seconds,
            breach: Breach::at(factor),
        };
        let description = format!(
            "Part of {2}BurnAlarm: {0} minutes, {1} times as fast as allowed.",
            seconds / 60,
            expression::number(factor),
            objective.id
        );
        Alarm {
            notifies: false,
            ..self.alarm(id, description, source)
        }
    }

    /// The steps from the outcomes of one period to the burn rate.
    fn burn_steps(&self, objective: &Objective<'_>) -> (Vec<(&'static str, String)>, Vec<Operand>) {
        let failed: Vec<String> = (1..=objective.bad.len())
            .map(|number| format!("failed{number}"))
            .collect();
        let failed: Vec<&str> = failed.iter().map(String::as_str).collect();
        let share = expression::percentage("bad", "all", self.0.funnel.minimum_volume);
        let budget = expression::number(100.0 - self.0.funnel.objective_percent);
        let steps = vec![
            ("bad", expression::sum(&failed)),
            ("all", "bad + FILL(good, 0)".to_owned()),
            ("burn", format!("{share} / {budget}")),
        ];
        let bad = failed
            .iter()
            .zip(&objective.bad)
            .map(|(id, name)| self.operand((*id).to_owned(), name));
        let metrics = [self.operand("good".into(), objective.good)]
            .into_iter()
            .chain(bad);
        (steps, metrics.collect())
    }

    fn balance(&self, balance: &Balance) -> Option<Alarm> {
        // The settings cannot balance more metrics than an alarm reads.
        if balance.parts.len() >= MAX_OPERANDS {
            return None;
        }
        let parts: Vec<String> = (1..=balance.parts.len())
            .map(|number| format!("part{number}"))
            .collect();
        let ids: Vec<&str> = parts.iter().map(String::as_str).collect();
        let whole = self.operand("whole".into(), &balance.whole);
        let operands = ids
            .iter()
            .zip(&balance.parts)
            .map(|(id, name)| self.operand((*id).to_owned(), name));
        let source = Source::Math {
            steps: vec![
                ("open", expression::difference("whole", &ids)),
                ("difference", "ABS(open)".to_owned()),
            ],
            label: balance.open.clone(),
            metrics: [whole].into_iter().chain(operands).collect(),
            period: 300,
            breach: Breach::at(1.0),
        };
        let description = format!(
            "{} differs from {} in the last five minutes: {}.",
            balance.whole,
            balance.parts.join(" + "),
            balance.open
        );
        Some(self.alarm(
            format!("{}BalanceAlarm", logical_id(&balance.whole)),
            description,
            source,
        ))
    }

    fn limit(&self, limit: &Limit) -> Option<Alarm> {
        let from = limit.alarm_from?;
        let declared = self.0.catalogue.get(&limit.metric)?;
        let description = self.meaning(&limit.metric, || {
            format!(
                "{} is at or above {}. {} at {}.",
                limit.metric,
                expression::number(from),
                limit.meaning,
                limit.limit
            )
        });
        let metric = (self.0.own(&limit.metric), "Maximum", 300);
        declared.has_total().then(|| {
            self.on_metric(
                format!("{}Alarm", logical_id(&limit.metric)),
                description,
                metric,
                from,
            )
        })
    }

    /// The program runs, and its metrics do not arrive.
    fn silence(&self, program: &Program, function: &Function) -> Option<Alarm> {
        let sign = program.sign_of_life()?;
        let invocations = Operand {
            id: "invocations".into(),
            metric: Metric::of_function("Invocations", function),
            statistic: "Sum",
        };
        let samples = Operand {
            statistic: "SampleCount",
            ..self.operand("samples".into(), &sign.metric)
        };
        let source = Source::Math {
            steps: vec![("silent", expression::silent("invocations", "samples"))],
            label: "Invocations without metrics".into(),
            metrics: vec![invocations, samples],
            period: 300,
            breach: Breach {
                threshold: 1.0,
                datapoints: 3,
                periods: 3,
            },
        };
        let description = format!(
            "{} was invoked for 15 minutes without sending {}. Its metrics do not reach CloudWatch.",
            function.id, sign.metric
        );
        Some(self.alarm(format!("{}SilentAlarm", function.id), description, source))
    }

    fn library(&self) -> impl Iterator<Item = Alarm> {
        let has_metrics = self.0.catalogue.declared().next().is_some();
        let failures = LIBRARY_FAILURES.into_iter().filter(move |_| has_metrics);
        failures.map(|(name, description)| {
            let metric = (self.0.own(name), "Sum", 60);
            self.on_metric(format!("{name}Alarm"), description.to_owned(), metric, 1.0)
        })
    }

    /// One alarm for as many log groups as fit.
    fn rejected_documents(&self) -> impl Iterator<Item = Alarm> {
        let mut seen = BTreeSet::new();
        let functions = self.0.parts.functions.iter();
        let functions: Vec<&Function> = functions
            .filter(|function| seen.insert(&function.log_group))
            .collect();
        let most = MAX_OPERANDS / REJECTED_DOCUMENTS.len();
        let chunks: Vec<Alarm> = functions
            .chunks(most)
            .map(|functions| self.rejected_of(functions))
            .collect();
        chunks.into_iter()
    }

    fn rejected_of(&self, functions: &[&Function]) -> Alarm {
        let operand = |prefix: &str, name: &str, function: &Function| Operand {
            id: format!("{prefix}_{}", function.id.to_lowercase()),
            metric: Metric::of_log_group(name, &function.log_group),
            statistic: "Sum",
        };
        let metrics = REJECTED_DOCUMENTS.iter().flat_map(|(prefix, name)| {
            functions
                .iter()
                .map(move |function| operand(prefix, name, function))
        });
        let source = Source::Math {
            steps: vec![("errors", "SUM(METRICS())".to_owned())],
            label: "Rejected documents".into(),
            metrics: metrics.collect(),
            period: 60,
            breach: Breach::at(1.0),
        };
        let description = "CloudWatch Logs rejected a document in the embedded metric format. Its counts are only in the log.";
        let alarm = self.alarm("EmfErrorsAlarm".into(), description.to_owned(), source);
        let documents = self.0.funnel.alarms.documents_condition.clone();
        Alarm {
            condition: documents.or(alarm.condition.clone()),
            ..alarm
        }
    }

    fn queue(&self, queue: &str) -> Alarm {
        let description = self.meaning(queue, || {
            format!("The queue {queue} contains messages of failed work.")
        });
        let metric = (Metric::of_queue(queue), "Maximum", 300);
        self.on_metric(format!("{queue}Alarm"), description, metric, 1.0)
    }

    fn age(&self, function: &Function) -> Alarm {
        let seconds = self
            .0
            .funnel
            .alarms
            .iterator_age_seconds
            .unwrap_or(ITERATOR_AGE_SECONDS);
        let description = self.meaning(&function.id, || {
            format!(
                "Records of a stream have waited for {} for {seconds} seconds.",
                function.id
            )
        });
        let metric = (Metric::of_function("IteratorAge", function), "Maximum", 60);
        self.on_metric(
            format!("{}AgeAlarm", function.id),
            description,
            metric,
            f64::from(seconds) * 1000.0,
        )
    }

    fn errors(&self, function: &Function) -> Alarm {
        let description = self.meaning(&function.id, || {
            format!("An invocation of {} failed.", function.id)
        });
        let metric = (Metric::of_function("Errors", function), "Sum", 300);
        self.on_metric(
            format!("{}ErrorsAlarm", function.id),
            description,
            metric,
            1.0,
        )
    }
}

/// Whether the failed invocations of a function are in no queue and hold no stream back.
fn hides_errors(function: &Function) -> bool {
    !function.has_failure_destination && !function.reads_stream
}

/// Different names can have the same letters and digits. Appends a number to the id of every later alarm with the same.
fn with_distinct_ids(mut alarms: Vec<Alarm>) -> Vec<Alarm> {
    let mut seen = BTreeSet::new();
    for alarm in &mut alarms {
        let base = alarm.id.clone();
        let mut number = 2;
        while !seen.insert(alarm.id.clone()) {
            alarm.id = format!("{base}{number}");
            number += 1;
        }
    }
    alarms
}

#[cfg(test)]
mod tests {
    use super::{alarms, yaml};
    use crate::{
        catalogue::tests::orders,
        monitoring::{
            alarm::Source,
            watched::{
                Watched,
                tests::{ORDERS, of_this_workspace},
            },
        },
        settings::Funnel,
        template::{parse, parts::Parts},
    };

    fn ids(alarms: &[super::Alarm]) -> Vec<&str> {
        alarms.iter().map(|alarm| alarm.id.as_str()).collect()
    }

    #[test]
    fn alarms_of_this_workspace() {
        let (catalogue, parts, funnel) = of_this_workspace();
        let watched = Watched::new(&catalogue, &parts, &funnel, None).unwrap();
        let alarms = alarms(&watched);
        let expected = [
            "TTEventFailedAlarm",
            "SFCaseFailedAlarm",
            "TTEventFailedRateAlarm",
            "SFCaseFailedRateAlarm",
            "ObjectiveBurnFastLongAlarm",
            "ObjectiveBurnFastShortAlarm",
            "ObjectiveBurnSlowLongAlarm",
            "ObjectiveBurnSlowShortAlarm",
            "ObjectiveBurnAlarm",
            "S3RecordsReceivedBalanceAlarm",
            "SFApiUsagePercentAlarm",
            "TTProducerSilentAlarm",
            "CaseCreationSilentAlarm",
            "FlushAmbiguousAlarm",
            "FlushFailedAlarm",
            "MetricsDroppedAlarm",
            "EmfErrorsAlarm",
            "AbandonedUploadsAlarm",
            "FailedNotificationsAlarm",
            "CaseCreationAgeAlarm",
            "TMSTokenManagerErrorsAlarm",
        ];
        assert_eq!(ids(&alarms), expected);
    }

    #[test]
    fn alarms_of_a_workspace_without_settings() {
        let (catalogue, funnel) = (orders(), Funnel::default());
        let parts = Parts::of(&parse(ORDERS).unwrap());
        let watched = Watched::new(&catalogue, &parts, &funnel, None).unwrap();
        let alarms = alarms(&watched);
        let expected = [
            "OrderRejectedAlarm",
            "OrderRejectedRateAlarm",
            "OrderShippedBurnFastLongAlarm",
            "OrderShippedBurnFastShortAlarm",
            "OrderShippedBurnSlowLongAlarm",
            "OrderShippedBurnSlowShortAlarm",
            "OrderShippedBurnAlarm",
            "ShipOrdersSilentAlarm",
            "FlushAmbiguousAlarm",
            "FlushFailedAlarm",
            "MetricsDroppedAlarm",
            "EmfErrorsAlarm",
            "CleanUpErrorsAlarm",
            "ShipOrdersErrorsAlarm",
        ];
        assert_eq!(ids(&alarms), expected);
        let yaml = yaml(&watched, &alarms);
        let template = parse(&yaml).unwrap();
        assert_eq!(template.as_object().unwrap().len(), expected.len());
        assert!(
            !yaml.contains("Condition") && !yaml.contains("AlarmActions"),
            "{yaml}"
        );
    }

    #[test]
    fn rate_is_compared_at_a_minimum_volume() {
        let (catalogue, parts, funnel) = of_this_workspace();
        let watched = Watched::new(&catalogue, &parts, &funnel, None).unwrap();
        let alarms = alarms(&watched);
        let of = |id: &str| match &alarms.iter().find(|alarm| alarm.id == id).unwrap().source {
            Source::Math { steps, .. } => steps
                .iter()
                .map(|(_, text)| text.clone())
                .collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            of("TTEventFailedRateAlarm"),
            [
                "FILL(ok, 0) + FILL(failed, 0)",
                "IF(all >= 20, 100 * FILL(failed, 0) / all, 0)"
            ]
        );
        assert_eq!(
            of("ObjectiveBurnFastLongAlarm"),
            [
                "FILL(failed1, 0) + FILL(failed2, 0)",
                "bad + FILL(good, 0)",
                "IF(all >= 20, 100 * bad / all, 0) / 1"
            ]
        );
        assert_eq!(
            of("S3RecordsReceivedBalanceAlarm"),
            [
                "FILL(whole, 0) - FILL(part1, 0) - FILL(part2, 0)",
                "ABS(open)"
            ]
        );
    }

    #[test]
    fn conditions_of_the_settings_are_on_the_alarms_that_need_them() {
        let (catalogue, mut funnel) = (orders(), Funnel::default());
        funnel.alarms.math_condition = Some("IsAws".into());
        funnel.alarms.documents_condition = Some("WritesEmf".into());
        let parts = Parts::of(&parse(ORDERS).unwrap());
        let watched = Watched::new(&catalogue, &parts, &funnel, None).unwrap();
        for alarm in alarms(&watched) {
            let expected = match (&alarm.source, alarm.id.as_str()) {
                (_, "EmfErrorsAlarm") => Some("WritesEmf"),
                (Source::Metric { .. }, _) => None,
                _ => Some("IsAws"),
            };
            assert_eq!(alarm.condition.as_deref(), expected, "{}", alarm.id);
        }
    }

    #[test]
    fn many_functions_have_several_alarms_on_rejected_documents() {
        let (catalogue, funnel) = (orders(), Funnel::default());
        let functions = (0..7).map(|number| {
            format!("  F{number}: {{Type: AWS::Serverless::Function, Properties: {{CodeUri: f{number}/}}}}\n")
        });
        let functions = functions.collect::<Vec<_>>().concat();
        let parts = Parts::of(&parse(&format!("{ORDERS}{functions}")).unwrap());
        let watched = Watched::new(&catalogue, &parts, &funnel, None).unwrap();
        let alarms = alarms(&watched);
        let errors: Vec<_> = alarms
            .iter()
            .filter(|alarm| alarm.id.starts_with("EmfErrors"))
            .collect();
        let metrics: Vec<u64> = errors.iter().map(|alarm| alarm.charged_metrics()).collect();
        assert_eq!(metrics, [10, 8]);
        assert_eq!(errors[1].id, "EmfErrorsAlarm2");
    }
}
