//! The promises of the bucket: notifications, access, encryption and retention.

use serde_json::{Value, json};

use crate::promises::{complaint, items, properties, resources};

/// Prefixes of the bucket; a policy may allow all objects of one.
pub(crate) const PREFIXES: [&str; 4] = ["/incoming/*", "/parked/*", "/replay/*", "/aws/lambda/*"];

/// One sentence for each promise that the template breaks.
pub(crate) fn broken(template: &Value) -> Vec<String> {
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
    let found = [
        complaint(
            bucket["VersioningConfiguration"]["Status"] != "Enabled",
            "bucket: not versioned",
        ),
        complaint(
            template["Resources"]["Bucket"]["DeletionPolicy"] != "RetainExceptOnCreate",
            "bucket: not retained, or kept after a first deployment that failed",
        ),
        complaint(!is_closed, "bucket: public access is possible"),
        complaint(
            bucket["BucketEncryption"].is_null(),
            "bucket: not encrypted",
        ),
        complaint(
            !requires_tls(template),
            "bucket: requests without TLS are allowed",
        ),
        complaint(
            !reaches("TTProducer", "incoming/"),
            "bucket: upload prefix is not `incoming/`",
        ),
        complaint(
            !reaches("TTProducer", "replay/"),
            "bucket: replay prefix is not `replay/`",
        ),
        complaint(
            !reaches("CaseCreation", "aws/lambda/"),
            "bucket: discarded batches are not counted",
        ),
    ];
    found
        .into_iter()
        .flatten()
        .chain(expiry(bucket))
        .chain(writers_of_replays(template))
        .collect()
}

/// Whether a statement denies every request of every principal without TLS.
fn requires_tls(template: &Value) -> bool {
    let denied = json!({"Bool": {"aws:SecureTransport": "false"}});
    let both = json!([{"Fn::GetAtt": ["Bucket", "Arn"]}, {"Fn::Sub": "${Bucket.Arn}/*"}]);
    resources(template, "AWS::S3::BucketPolicy")
        .flat_map(|(_, policy)| items(&policy["Properties"]["PolicyDocument"]["Statement"]))
        .any(|statement| {
            statement["Effect"] == "Deny"
                && statement["Principal"] == "*"
                && statement["Action"] == "s3:*"
                && statement["Resource"] == both
                && statement["Condition"] == denied
        })
}

/// Uploaded files and what is derived from them contain personal data, so no object stays for ever.
fn expiry(bucket: &Value) -> Vec<String> {
    let rules = items(&bucket["LifecycleConfiguration"]["Rules"]);
    let days = |prefix: &str| {
        let of_prefix = |rule: &&&Value| rule["Prefix"] == prefix && rule["Status"] == "Enabled";
        let rule = rules.iter().find(of_prefix);
        rule.map_or(&Value::Null, |rule| &rule["ExpirationInDays"])
    };
    let prefixes = PREFIXES.map(|prefix| prefix.trim_matches(['/', '*']));
    let endless = prefixes
        .map(|prefix| format!("{prefix}/"))
        .into_iter()
        .filter(|prefix| days(prefix).is_null())
        .map(|prefix| format!("bucket: objects below `{prefix}` never expire"));
    let replaced = rules
        .iter()
        .any(|rule| !rule["NoncurrentVersionExpiration"].is_null());
    let found = [
        complaint(!replaced, "bucket: replaced versions never expire"),
        complaint(
            days("incoming/") != days("parked/"),
            "bucket: uploaded files can expire before the parked records that refer to them",
        ),
    ];
    endless.chain(found.into_iter().flatten()).collect()
}

/// Only operators may start a replay, so no role of the stack may write below `replay/`.
fn writers_of_replays(template: &Value) -> Vec<String> {
    let roles = resources(template, "AWS::IAM::Role");
    let writers = roles.filter(|(_, role)| {
        let policies = items(&role["Properties"]["Policies"]);
        policies
            .into_iter()
            .flat_map(|policy| items(&policy["PolicyDocument"]["Statement"]))
            .any(writes_replays)
    });
    writers
        .map(|(name, _)| format!("{name}: a function can write below `replay/`"))
        .collect()
}

fn writes_replays(statement: &Value) -> bool {
    let writes = items(&statement["Action"])
        .iter()
        .any(|action| *action == "s3:PutObject");
    writes && statement["Resource"].to_string().contains("/replay/")
}
