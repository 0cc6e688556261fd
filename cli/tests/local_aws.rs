//! What the local AWS has in addition to ministack: metrics of documents in logs, each once, and alarms on metric math.

#[cfg(test)]
#[path = "local_aws/alarms.rs"]
mod alarms;
#[cfg(test)]
#[path = "local_aws/logs.rs"]
mod logs;

use aws_sdk_cloudformation::types::StackStatus;
use aws_sdk_cloudwatch::types::StateValue;
use serde_json::json;
use tt_cli::{
    stack::{LocalStack, Options},
    terminal::progress::Silent,
};

use alarms::{create_alarm, sum_of_two};
use logs::{LOG_GROUP, Logs, NAMESPACE, assert_same, create_function, document};

#[tokio::test(flavor = "multi_thread")]
async fn alarm_on_metric_math_is_created_without_data() {
    let stack = LocalStack::start(Options::default(), &Silent)
        .await
        .unwrap();
    let status = create_alarm(&stack, "math", sum_of_two()).await;
    assert_eq!(status, StackStatus::CreateComplete);
    let cloudwatch = aws_sdk_cloudwatch::Client::new(stack.sdk_config());
    let found = cloudwatch.describe_alarms().alarm_names("sum-of-two");
    let found = found.send().await.unwrap();
    let [alarm] = found.metric_alarms() else {
        panic!("{found:?}");
    };
    assert_eq!(alarm.state_value(), Some(&StateValue::InsufficientData));
    assert_eq!((alarm.metrics().len(), alarm.metric_name()), (3, None));

    // AWS refuses an alarm on both.
    let mut mixed = sum_of_two();
    mixed["AlarmName"] = json!("mixed");
    mixed["MetricName"] = json!("After");
    let status = create_alarm(&stack, "mixed", mixed).await;
    assert_eq!(status, StackStatus::RollbackComplete);
    stack.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_in_logs_are_metrics_once() {
    let logs = Logs::start().await;

    // Of a function, also what it writes after the response, in pieces, while no further invocation comes.
    create_function(&logs.stack).await;
    for invocations in [1.0, 2.0] {
        logs.invoke().await;
        logs.settles_at(10.0 * invocations, NAMESPACE, "After", None)
            .await;
        logs.settles_at(invocations, NAMESPACE, "Before", None)
            .await;
        let refused = "EMFValidationErrors";
        logs.settles_at(invocations, "AWS/Logs", refused, Some(LOG_GROUP))
            .await;
        let last = logs.messages(LOG_GROUP).await.into_iter();
        let last = last.filter(|message| message == "the last line").count();
        assert_same(
            f64::from(u32::try_from(last).unwrap()),
            invocations,
            "late lines in the log",
        );
    }
    logs.settles_at(0.0, "AWS/Logs", "EMFParsingErrors", Some(LOG_GROUP))
        .await;

    // Of a client.
    let valid = document("Put", &json!([1, 2, 4]));
    let refused = [
        valid.replace("\"_aws\":{", "\"_aws\":["),
        document("Put", &json!("1")),
    ];
    let messages = [vec![valid.clone(), "text".to_owned()], refused.into()].concat();
    logs.put("client", "STANDARD", &messages).await;
    logs.settles_at(7.0, NAMESPACE, "Put", None).await;
    for metric in ["EMFParsingErrors", "EMFValidationErrors"] {
        logs.settles_at(1.0, "AWS/Logs", metric, Some("client"))
            .await;
    }
    logs.put("cheap", "INFREQUENT_ACCESS", &[valid]).await;
    logs.settles_at(7.0, NAMESPACE, "Put", None).await;

    logs.stack.stop().await.unwrap();
}
