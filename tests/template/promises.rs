//! The promises of the stack that the linter does not check.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{alarms, bucket, dashboard, functions};

/// The highest number of retries that an event source mapping accepts. In practice the age of a record is the bound.
const MOST_RETRIES: u32 = 10_000;

/// One sentence for each promise that the template breaks.
pub(crate) fn broken(template: &Value) -> Vec<String> {
    let checks = [
        event_source_mapping,
        producer_retries,
        unfinished_uploads,
        producer_concurrency,
        deletion_policies,
        bucket::broken,
        log_groups,
        sink,
        policies,
        alarms::broken,
        dashboard::broken,
        log_level,
        schedule,
        functions::refusals,
    ];
    checks.iter().flat_map(|check| check(template)).collect()
}

pub(crate) fn resources<'t>(
    template: &'t Value,
    kind: &'t str,
) -> impl Iterator<Item = (&'t str, &'t Value)> {
    let all = template["Resources"]
        .as_object()
        .expect("a template has resources");
    all.iter()
        .filter(move |(_, resource)| resource["Type"] == kind)
        .map(|(name, resource)| (name.as_str(), resource))
}

pub(crate) fn properties<'t>(template: &'t Value, name: &str) -> &'t Value {
    &template["Resources"][name]["Properties"]
}

pub(crate) fn complaint(wrong: bool, text: &str) -> Option<String> {
    wrong.then(|| text.to_owned())
}

/// Whether this is a number above zero. To Lambda, -1 and an absent value mean "unbounded".
fn is_bound(value: &Value) -> bool {
    value.as_i64().is_some_and(|number| number > 0)
}

fn event_source_mapping(template: &Value) -> Vec<String> {
    let stream = json!({"Fn::GetAtt": ["EventStream", "Arn"]});
    let mappings = resources(template, "AWS::Lambda::EventSourceMapping");
    let of_stream = |mapping: &Value| mapping["Properties"]["EventSourceArn"] == stream;
    let mappings: Vec<_> = mappings.filter(|(_, m)| of_stream(m)).collect();
    let [(_, mapping)] = mappings[..] else {
        return vec![format!(
            "{} event source mappings instead of one",
            mappings.len()
        )];
    };
    let mapping = &mapping["Properties"];
    let destination = &mapping["DestinationConfig"]["OnFailure"]["Destination"];
    let variables = &properties(template, "CaseCreation")["Environment"]["Variables"];
    let known_age = variables["MAX_RECORD_AGE_SECONDS"].as_str();
    let found = [
        complaint(
            !is_bound(&mapping["MaximumRetryAttempts"]),
            "mapping: unbounded retries",
        ),
        complaint(
            mapping["MaximumRetryAttempts"] != MOST_RETRIES,
            "mapping: too few retries for an outage",
        ),
        complaint(
            !is_bound(&mapping["MaximumRecordAgeInSeconds"]),
            "mapping: unbounded record age",
        ),
        complaint(
            mapping["BisectBatchOnFunctionError"] != true,
            "mapping: no bisect",
        ),
        complaint(
            mapping["FunctionResponseTypes"] != json!(["ReportBatchItemFailures"]),
            "mapping: no partial batch response",
        ),
        complaint(destination.is_null(), "mapping: no on-failure destination"),
        complaint(
            known_age.and_then(|age| age.parse().ok())
                != mapping["MaximumRecordAgeInSeconds"].as_u64(),
            "CaseCreation: the mapping has another record age",
        ),
        complaint(
            properties(template, "CaseCreationEventInvokeConfig")["DestinationConfig"].is_null(),
            "CaseCreation: no on-failure destination",
        ),
    ];
    found.into_iter().flatten().collect()
}

/// The default sink loses no count, and needs no permission.
fn sink(template: &Value) -> Vec<String> {
    let default = &template["Parameters"]["MetricSink"]["Default"];
    let condition = &template["Resources"]["PutMetricDataPolicy"]["Condition"];
    let found = [
        complaint(default != "emf", "the default sink can lose counts"),
        complaint(
            condition != "UsesPutMetricData",
            "PutMetricData is allowed without need",
        ),
    ];
    found.into_iter().flatten().collect()
}

/// The queue through which the next invocation of the producer continues a file.
fn unfinished_uploads(template: &Value) -> Vec<String> {
    let queue = properties(template, "UnfinishedUploads");
    let function = properties(template, "TTProducer");
    let arn = json!({"Fn::GetAtt": ["UnfinishedUploads", "Arn"]});
    let mut mappings = resources(template, "AWS::Lambda::EventSourceMapping");
    let mapping = mappings.find(|(_, mapping)| mapping["Properties"]["EventSourceArn"] == arn);
    let mapping = mapping.map(|(_, mapping)| &mapping["Properties"]);
    let timeout = queue["VisibilityTimeout"].as_i64().unwrap_or_default();
    let found = [
        complaint(
            !function["RecursiveLoop"].is_null(),
            "TTProducer: Lambda does not stop a loop",
        ),
        complaint(
            mapping.is_none_or(|mapping| mapping["FunctionName"] != json!({"Ref": "TTProducer"})),
            "UnfinishedUploads: no function reads it",
        ),
        complaint(
            mapping.is_some_and(|mapping| mapping["BatchSize"] != 1),
            "UnfinishedUploads: several files share an invocation",
        ),
        complaint(
            queue["FifoQueue"] != true,
            "UnfinishedUploads: a message can arrive twice",
        ),
        complaint(
            timeout < 6 * function["Timeout"].as_i64().unwrap_or(i64::MAX / 6),
            "UnfinishedUploads: a message becomes visible during an invocation",
        ),
        complaint(
            queue["RedrivePolicy"]["deadLetterTargetArn"].is_null(),
            "UnfinishedUploads: unbounded attempts",
        ),
    ];
    found.into_iter().flatten().collect()
}

fn producer_retries(template: &Value) -> Vec<String> {
    let config = properties(template, "TTProducerEventInvokeConfig");
    let destination = &config["DestinationConfig"]["OnFailure"]["Destination"];
    let age = &config["MaximumEventAgeInSeconds"];
    let found = [
        complaint(
            config["MaximumRetryAttempts"].is_null(),
            "TTProducer: default retries",
        ),
        complaint(!is_bound(age), "TTProducer: unbounded event age"),
        complaint(
            destination.is_null(),
            "TTProducer: no on-failure destination",
        ),
    ];
    found.into_iter().flatten().collect()
}

fn producer_concurrency(template: &Value) -> Vec<String> {
    let reserved = &properties(template, "TTProducer")["ReservedConcurrentExecutions"];
    let is_bound = reserved.pointer("/Fn::If/1/Ref") == Some(&json!("ProducerConcurrency"))
        && is_bound(&template["Parameters"]["ProducerConcurrency"]["Default"]);
    complaint(!is_bound, "TTProducer: unbounded concurrency")
        .into_iter()
        .collect()
}

/// Streams, queues and secrets contain data that no deployment restores.
fn deletion_policies(template: &Value) -> Vec<String> {
    const KINDS: [&str; 3] = [
        "AWS::Kinesis::Stream",
        "AWS::SQS::Queue",
        "AWS::SecretsManager::Secret",
    ];
    // TMS Token Manager can request a new token at any time.
    const DELETED: [&str; 1] = ["SalesforceToken"];
    let resources = KINDS.iter().flat_map(|kind| resources(template, kind));
    let found = resources.flat_map(|(name, resource)| {
        let policy = resource["DeletionPolicy"].as_str();
        let replaced = resource["UpdateReplacePolicy"].as_str();
        let is_kept = !DELETED.contains(&name);
        [
            complaint(
                policy.is_none() || replaced.is_none(),
                &format!("{name}: no deletion policy"),
            ),
            complaint(
                is_kept && policy == Some("Delete"),
                &format!("{name}: deleted with the stack"),
            ),
            complaint(
                is_kept && replaced == Some("Delete"),
                &format!("{name}: deleted when it is replaced"),
            ),
        ]
    });
    found.flatten().collect()
}

fn log_groups(template: &Value) -> Vec<String> {
    let groups: Vec<_> = resources(template, "AWS::Logs::LogGroup").collect();
    let endless = groups
        .iter()
        .filter(|(_, group)| group["Properties"]["RetentionInDays"].is_null())
        .map(|(name, _)| format!("{name}: no retention"));
    let elsewhere = resources(template, "AWS::Lambda::Function")
        .filter(|(_, function)| {
            let group = &function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"];
            !groups.iter().any(|(name, _)| group == name)
        })
        .map(|(name, _)| format!("{name}: log group is not one of the template"));
    let filtered = resources(template, "AWS::Lambda::Function")
        .filter(|(_, function)| function["Properties"]["LoggingConfig"]["LogFormat"] != "Text")
        .map(|(name, _)| {
            format!("{name}: the log format is not Text, so Lambda filters documents by level")
        });
    let other_class = groups
        .iter()
        .filter(|(_, group)| group["Properties"]["LogGroupClass"] != "STANDARD")
        .map(|(name, _)| format!("{name}: its class does not extract metrics"));
    endless
        .chain(elsewhere)
        .chain(filtered)
        .chain(other_class)
        .collect()
}

fn policies(template: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (name, role) in resources(template, "AWS::IAM::Role") {
        let role = &role["Properties"];
        if !role["ManagedPolicyArns"].is_null() {
            found.push(format!(
                "{name}: a managed policy grants more than the function needs"
            ));
        }
        for policy in items(&role["Policies"]) {
            found.extend(too_wide_statements(name, policy));
        }
    }
    for (name, policy) in resources(template, "AWS::IAM::Policy") {
        found.extend(too_wide_statements(name, &policy["Properties"]));
    }
    found
}

fn too_wide_statements(name: &str, policy: &Value) -> Vec<String> {
    let statements = items(&policy["PolicyDocument"]["Statement"]).into_iter();
    statements
        .filter_map(|statement| Some(format!("{name}: {}", too_wide(statement)?)))
        .collect()
}

fn too_wide(statement: &Value) -> Option<String> {
    let actions = items(&statement["Action"]);
    let wild = actions
        .iter()
        .find(|action| action.as_str().is_none_or(|text| text.contains('*')));
    if let Some(action) = wild {
        return Some(format!("wildcard action {action}"));
    }
    // PutMetricData has no resource; the condition on the namespace replaces it.
    let namespace = json!({"StringEquals": {"cloudwatch:namespace": {"Ref": "MetricNamespace"}}});
    if statement["Action"] == "cloudwatch:PutMetricData" && statement["Condition"] == namespace {
        return None;
    }
    let wild = |resource: &&&Value| {
        let text = resource
            .as_str()
            .or(resource["Fn::Sub"].as_str())
            .unwrap_or_default();
        text.contains('*') && !bucket::PREFIXES.iter().any(|prefix| text.ends_with(prefix))
    };
    let resource = *items(&statement["Resource"]).iter().find(wild)?;
    Some(format!(
        "wildcard resource {resource} for {}",
        statement["Action"]
    ))
}

/// The items of a list; `CloudFormation` accepts a single value instead of a list with one item.
pub(crate) fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

fn log_level(template: &Value) -> Vec<String> {
    let levels = items(&template["Parameters"]["LogLevel"]["AllowedValues"]);
    let traces = levels.iter().any(|level| *level == "TRACE");
    complaint(
        traces,
        "log level TRACE would put event bodies into the log",
    )
    .into_iter()
    .collect()
}

/// TMS Token Manager recognises its schedule by the event that `EventBridge` sends if the rule has no input.
fn schedule(template: &Value) -> Vec<String> {
    let rules: Vec<_> = resources(template, "AWS::Events::Rule").collect();
    let [(_, rule)] = rules[..] else {
        return vec![format!("{} schedules instead of one", rules.len())];
    };
    let rule = &rule["Properties"];
    let input = |target: &&Value| {
        ["Input", "InputPath", "InputTransformer"].map(|name| !target[name].is_null())
    };
    let found = [
        complaint(
            items(&rule["Targets"])
                .iter()
                .any(|target| input(target).contains(&true)),
            "the schedule has an input, so the function would audit a caller instead of the schedule",
        ),
        complaint(
            functions::scheduled_ahead() <= period(&rule["ScheduleExpression"]),
            "a token can expire before the schedule refreshes it",
        ),
    ];
    found.into_iter().flatten().collect()
}

/// The period of `rate(N minutes)`, and the longest duration for any other expression.
fn period(expression: &Value) -> Duration {
    let minutes = expression
        .as_str()
        .and_then(|text| text.strip_prefix("rate(")?.strip_suffix(" minutes)"));
    minutes
        .and_then(|number| number.parse().ok())
        .map_or(Duration::MAX, Duration::from_mins)
}
