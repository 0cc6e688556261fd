//! Alarms of the local CloudWatch, created by stacks.

use std::time::Duration;

use aws_sdk_cloudformation::types::StackStatus;
use serde_json::{Value, json};
use tt_cli::stack::LocalStack;

const POLL: Duration = Duration::from_millis(50);

/// Creates a stack with one alarm, and returns its final status.
pub(crate) async fn create_alarm(stack: &LocalStack, name: &str, properties: Value) -> StackStatus {
    let alarm = json!({"Type": "AWS::CloudWatch::Alarm", "Properties": properties});
    let template = json!({"Resources": {"Alarm": alarm}});
    let client = aws_sdk_cloudformation::Client::new(stack.sdk_config());
    let create = client.create_stack().stack_name(name);
    let created = create.template_body(template.to_string()).send().await;
    created.unwrap();
    loop {
        let described = client.describe_stacks().stack_name(name).send().await;
        let status = described.unwrap().stacks()[0].stack_status().cloned();
        match status {
            Some(StackStatus::CreateInProgress | StackStatus::RollbackInProgress) | None => {
                tokio::time::sleep(POLL).await;
            }
            Some(status) => return status,
        }
    }
}

/// The properties of an alarm on the sum of two metrics.
pub(crate) fn sum_of_two() -> Value {
    let metric = |name| json!({"Namespace": "local/Log", "MetricName": name});
    let query = |id: &str, name| json!({"Id": id, "ReturnData": false, "MetricStat": {"Metric": metric(name), "Period": 60, "Stat": "Sum"}});
    json!({
        "AlarmName": "sum-of-two",
        "Metrics": [
            {"Id": "all", "Expression": "SUM(METRICS())"},
            query("before", "Before"),
            query("after", "After"),
        ],
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    })
}
