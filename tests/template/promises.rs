//! What the transformed template promises beyond being valid.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{alarms, dashboard, functions};

/// Prefixes of the bucket that a policy may name as a whole.
const PREFIXES: [&str; 3] = ["/incoming/*", "/parked/*", "/aws/lambda/*"];

/// The most retries that an event source mapping may be given: in practice the age of a record is the bound.
const MOST_RETRIES: u32 = 10_000;

/// The broken promises, one sentence each.
pub(crate) fn broken(template: &Value) -> Vec<String> {
    let checks = [
        event_source_mapping,
        producer_retries,
        unfinished_uploads,
        bucket,
        log_groups,
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

fn complain(wrong: bool, complaint: &str) -> Option<String> {
    wrong.then(|| complaint.to_owned())
}

/// A number above zero; absent and -1 mean "without end" to Lambda.
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
        complain(
            !is_bound(&mapping["MaximumRetryAttempts"]),
            "mapping: unbounded retries",
        ),
        complain(
            mapping["MaximumRetryAttempts"] != MOST_RETRIES,
            "mapping: an outage outlasts the retries",
        ),
        complain(
            !is_bound(&mapping["MaximumRecordAgeInSeconds"]),
            "mapping: unbounded record age",
        ),
        complain(
            mapping["BisectBatchOnFunctionError"] != true,
            "mapping: no bisect",
        ),
        complain(
            mapping["FunctionResponseTypes"] != json!(["ReportBatchItemFailures"]),
            "mapping: no partial batch response",
        ),
        complain(destination.is_null(), "mapping: no on-failure destination"),
        complain(
            known_age.and_then(|age| age.parse().ok())
                != mapping["MaximumRecordAgeInSeconds"].as_u64(),
            "CaseCreation: another record age than that of the mapping",
        ),
        complain(
            properties(template, "CaseCreationEventInvokeConfig")["DestinationConfig"].is_null(),
            "CaseCreation: no on-failure destination",
        ),
    ];
    found.into_iter().flatten().collect()
}

/// What the next invocation of the producer gets of a file that took longer than one.
fn unfinished_uploads(template: &Value) -> Vec<String> {
    let queue = properties(template, "UnfinishedUploads");
    let function = properties(template, "TTProducer");
    let arn = json!({"Fn::GetAtt": ["UnfinishedUploads", "Arn"]});
    let mut mappings = resources(template, "AWS::Lambda::EventSourceMapping");
    let mapping = mappings.find(|(_, mapping)| mapping["Properties"]["EventSourceArn"] == arn);
    let mapping = mapping.map(|(_, mapping)| &mapping["Properties"]);
    let patience = queue["VisibilityTimeout"].as_i64().unwrap_or_default();
    let found = [
        complain(
            function["RecursiveLoop"] != "Allow",
            "TTProducer: a large file is taken for a runaway loop",
        ),
        complain(
            mapping.is_none_or(|mapping| mapping["FunctionName"] != json!({"Ref": "TTProducer"})),
            "UnfinishedUploads: nobody reads on",
        ),
        complain(
            mapping.is_some_and(|mapping| mapping["BatchSize"] != 1),
            "UnfinishedUploads: files share an invocation",
        ),
        complain(
            queue["FifoQueue"] != true,
            "UnfinishedUploads: a message may come twice",
        ),
        complain(
            patience < 6 * function["Timeout"].as_i64().unwrap_or(i64::MAX / 6),
            "UnfinishedUploads: visible again while it is worked on",
        ),
        complain(
            queue["RedrivePolicy"]["deadLetterTargetArn"].is_null(),
            "UnfinishedUploads: tried for ever",
        ),
    ];
    found.into_iter().flatten().collect()
}

fn producer_retries(template: &Value) -> Vec<String> {
    let config = properties(template, "TTProducerEventInvokeConfig");
    let destination = &config["DestinationConfig"]["OnFailure"]["Destination"];
    let age = &config["MaximumEventAgeInSeconds"];
    let found = [
        complain(
            config["MaximumRetryAttempts"].is_null(),
            "TTProducer: default retries",
        ),
        complain(!is_bound(age), "TTProducer: unbounded event age"),
        complain(
            destination.is_null(),
            "TTProducer: no on-failure destination",
        ),
    ];
    found.into_iter().flatten().collect()
}

fn bucket(template: &Value) -> Vec<String> {
    let bucket = properties(template, "Bucket");
    let notifications = &bucket["NotificationConfiguration"]["LambdaConfigurations"];
    let reaches = |function: &str, prefix: &str| {
        let rules = json!([{"Name": "prefix", "Value": prefix}]);
        let arn = json!({"Fn::GetAtt": [function, "Arn"]});
        items(notifications)
            .into_iter()
            .any(|one| one["Function"] == arn && one.pointer("/Filter/S3Key/Rules") == Some(&rules))
    };
    let access = bucket["PublicAccessBlockConfiguration"].as_object();
    let is_closed =
        access.is_some_and(|access| access.len() == 4 && access.values().all(|v| v == true));
    let old_versions =
        bucket.pointer("/LifecycleConfiguration/Rules/0/NoncurrentVersionExpiration");
    let found = [
        complain(
            bucket["VersioningConfiguration"]["Status"] != "Enabled",
            "bucket: not versioned",
        ),
        complain(
            template["Resources"]["Bucket"]["DeletionPolicy"] != "RetainExceptOnCreate",
            "bucket: not retained, or in the way of a second try when the first deployment fails",
        ),
        complain(!is_closed, "bucket: public access is possible"),
        complain(
            bucket["BucketEncryption"].is_null(),
            "bucket: not encrypted",
        ),
        complain(
            old_versions.is_none(),
            "bucket: replaced versions stay for ever",
        ),
        complain(
            !reaches("TTProducer", "incoming/"),
            "bucket: upload prefix is not `incoming/`",
        ),
        complain(
            !reaches("CaseCreation", "aws/lambda/"),
            "bucket: nobody counts what the mapping discards",
        ),
    ];
    found.into_iter().flatten().collect()
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
    endless.chain(elsewhere).collect()
}

fn policies(template: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (name, role) in resources(template, "AWS::IAM::Role") {
        let role = &role["Properties"];
        if !role["ManagedPolicyArns"].is_null() {
            found.push(format!(
                "{name}: a managed policy grants more than is needed"
            ));
        }
        for policy in items(&role["Policies"]) {
            for statement in items(&policy["PolicyDocument"]["Statement"]) {
                found.extend(too_wide(statement).map(|what| format!("{name}: {what}")));
            }
        }
    }
    found
}

fn too_wide(statement: &Value) -> Option<String> {
    let actions = items(&statement["Action"]);
    let wild = actions
        .iter()
        .find(|action| action.as_str().is_none_or(|text| text.contains('*')));
    if let Some(action) = wild {
        return Some(format!("wildcard action {action}"));
    }
    // CloudWatch has no resource to name; the namespace takes its place.
    let namespace = json!({"StringEquals": {"cloudwatch:namespace": {"Ref": "MetricNamespace"}}});
    if statement["Action"] == "cloudwatch:PutMetricData" && statement["Condition"] == namespace {
        return None;
    }
    let wild = |resource: &&&Value| {
        let text = resource
            .as_str()
            .or(resource["Fn::Sub"].as_str())
            .unwrap_or_default();
        text.contains('*') && !PREFIXES.iter().any(|prefix| text.ends_with(prefix))
    };
    let resource = *items(&statement["Resource"]).iter().find(wild)?;
    Some(format!(
        "wildcard resource {resource} for {}",
        statement["Action"]
    ))
}

/// A list, or the one value that stands for a list of one.
pub(crate) fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

fn log_level(template: &Value) -> Vec<String> {
    let levels = items(&template["Parameters"]["LogLevel"]["AllowedValues"]);
    let traces = levels.iter().any(|level| *level == "TRACE");
    complain(
        traces,
        "log level TRACE would put event bodies into the log",
    )
    .into_iter()
    .collect()
}

/// TMS Token Manager knows its schedule by the event that `EventBridge` sends of itself.
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
        complain(
            items(&rule["Targets"])
                .iter()
                .any(|target| input(target).contains(&true)),
            "the schedule sends something else than a scheduled event: it would be audited as a caller",
        ),
        complain(
            functions::scheduled_ahead() <= period(&rule["ScheduleExpression"]),
            "a token may end before the schedule comes again",
        ),
    ];
    found.into_iter().flatten().collect()
}

/// The period of `rate(N minutes)`, endless for anything else.
fn period(expression: &Value) -> Duration {
    let minutes = expression
        .as_str()
        .and_then(|text| text.strip_prefix("rate(")?.strip_suffix(" minutes)"));
    minutes
        .and_then(|number| number.parse().ok())
        .map_or(Duration::MAX, Duration::from_mins)
}
