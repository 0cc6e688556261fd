//! The parts of a template that metrics, alarms and dashboards refer to.

use std::collections::BTreeSet;

use serde_json::Value;

use super::at;

/// The variable from which `tt-metrics` reads its namespace.
const NAMESPACE: &str = "TT_METRICS_NAMESPACE";
/// The variables that add dimensions to every metric of a function.
const DIMENSIONS: [&str; 2] = ["TT_METRICS_DIMENSIONS", "TT_METRICS_SERVICE"];

/// A value that `CloudFormation` inserts, or a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// `!Ref` of a resource or parameter.
    Ref(String),
    /// `!GetAtt` of a resource.
    Attribute(String, String),
    /// A text with `${..}`.
    Sub(String),
    /// A text.
    Text(String),
}

/// A Lambda function of the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The logical id.
    pub id: String,
    /// The name of its program: `Binary` of the build properties, else the last folder of `CodeUri`, else the logical id.
    pub program: String,
    /// The name of its log group.
    pub log_group: Reference,
    /// Whether an event source mapping reads a stream for it.
    pub reads_stream: bool,
    /// Whether failed asynchronous invocations have a destination.
    pub has_failure_destination: bool,
    /// The namespace of its metrics, if its environment contains one.
    pub namespace: Option<Reference>,
    /// A variable of its environment that adds dimensions to every metric.
    pub adds_dimensions: Option<&'static str>,
}

/// The parts of a template that concern metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// The functions, in the order of their logical ids.
    pub functions: Vec<Function>,
    /// The logical ids of the queues that receive failed messages, invocations or batches.
    pub failure_queues: Vec<String>,
    /// The names of the conditions.
    pub conditions: BTreeSet<String>,
    /// Default values of the parameters that have a text as default.
    defaults: Vec<(String, String)>,
}

impl Reference {
    /// The value in YAML.
    pub fn yaml(&self) -> String {
        match self {
            Self::Ref(id) => format!("!Ref {id}"),
            Self::Attribute(id, attribute) => format!("!GetAtt {id}.{attribute}"),
            Self::Sub(text) => format!("!Sub {}", quoted(text)),
            Self::Text(text) => quoted(text),
        }
    }

    /// The value within a text of `!Sub`.
    pub fn sub(&self) -> String {
        match self {
            Self::Ref(id) => format!("${{{id}}}"),
            Self::Attribute(id, attribute) => format!("${{{id}.{attribute}}}"),
            Self::Sub(text) => text.clone(),
            Self::Text(text) => text.replace("${", "${!"),
        }
    }

    /// Reads a text, `Ref`, `Fn::GetAtt` or `Fn::Sub` whose variables are all of the template.
    pub fn read(value: &Value) -> Option<Self> {
        if let Some(text) = value.as_str() {
            return Some(Self::Text(text.to_owned()));
        }
        let (function, argument) = value.as_object()?.iter().next()?;
        match (function.as_str(), argument) {
            ("Ref", Value::String(id)) => Some(Self::Ref(id.clone())),
            ("Fn::Sub", Value::String(text)) => Some(Self::Sub(text.clone())),
            ("Fn::GetAtt", Value::Array(path)) => match path.as_slice() {
                [Value::String(id), Value::String(attribute)] => {
                    Some(Self::Attribute(id.clone(), attribute.clone()))
                }
                _ => None,
            },
            _ => None,
        }
    }
}

impl Parts {
    /// Reads the parts of a template that [`parse`](super::parse()) returned.
    pub fn of(template: &Value) -> Self {
        let empty = serde_json::Map::new();
        let resources = template["Resources"].as_object().unwrap_or(&empty);
        let functions = resources
            .iter()
            .filter(|(_, resource)| is_function(resource))
            .map(|(id, resource)| Function::of(id, resource, template));
        let functions = functions.collect();
        let mut targets = BTreeSet::new();
        for resource in resources.values() {
            failure_targets(&resource["Properties"], &mut targets);
        }
        let is_queue = |id: &String| {
            resources
                .get(id)
                .is_some_and(|it| it["Type"] == "AWS::SQS::Queue")
        };
        let conditions = template["Conditions"].as_object().unwrap_or(&empty);
        let parameters = template["Parameters"].as_object().unwrap_or(&empty);
        let default = |(name, parameter): (&String, &Value)| {
            Some((name.clone(), parameter["Default"].as_str()?.to_owned()))
        };
        Self {
            functions,
            failure_queues: targets.into_iter().filter(is_queue).collect(),
            conditions: conditions.keys().cloned().collect(),
            defaults: parameters.iter().filter_map(default).collect(),
        }
    }

    /// The function that runs a program.
    pub fn function_of(&self, program: &str) -> Option<&Function> {
        let program = plain(program);
        let mut functions = self.functions.iter();
        functions.find(|function| plain(&function.program) == program)
    }

    /// The different namespaces of the functions.
    pub fn namespaces(&self) -> BTreeSet<&Reference> {
        let functions = self.functions.iter();
        functions
            .filter_map(|function| function.namespace.as_ref())
            .collect()
    }

    /// The text of a reference to a parameter with a default value, or of a text.
    pub fn default_of<'a>(&'a self, reference: &'a Reference) -> Option<&'a str> {
        match reference {
            Reference::Text(text) => Some(text),
            Reference::Ref(id) => {
                let found = self.defaults.iter().find(|(name, _)| name == id);
                found.map(|(_, default)| default.as_str())
            }
            _ => None,
        }
    }
}

impl Function {
    fn of(id: &str, resource: &Value, template: &Value) -> Self {
        let properties = &resource["Properties"];
        let binary = at(resource, "/Metadata/BuildProperties/Binary").as_str();
        let folder = properties["CodeUri"].as_str().and_then(|path| {
            let mut folders = path.split('/').filter(|folder| !folder.is_empty());
            folders.next_back().filter(|name| !name.contains('.'))
        });
        let group = Reference::read(at(properties, "/LoggingConfig/LogGroup"));
        let default_group = || Reference::Sub(format!("/aws/lambda/${{{id}}}"));
        let globals = at(template, "/Globals/Function/Environment/Variables");
        let own = at(properties, "/Environment/Variables");
        let variable = |name: &str| {
            [own, globals]
                .map(|all| &all[name])
                .into_iter()
                .find(|value| !value.is_null())
        };
        Self {
            id: id.to_owned(),
            program: binary.or(folder).unwrap_or(id).to_owned(),
            log_group: group.unwrap_or_else(default_group),
            reads_stream: events(properties)
                .any(|event| matches!(event["Type"].as_str(), Some("Kinesis" | "DynamoDB"))),
            has_failure_destination: !at(
                properties,
                "/EventInvokeConfig/DestinationConfig/OnFailure",
            )
            .is_null()
                || !properties["DeadLetterQueue"].is_null(),
            namespace: variable(NAMESPACE).and_then(Reference::read),
            adds_dimensions: DIMENSIONS.into_iter().find(|name| variable(name).is_some()),
        }
    }
}

fn is_function(resource: &Value) -> bool {
    let kind = resource["Type"].as_str();
    matches!(
        kind,
        Some("AWS::Serverless::Function" | "AWS::Lambda::Function")
    )
}

fn events(properties: &Value) -> impl Iterator<Item = &Value> {
    properties["Events"]
        .as_object()
        .into_iter()
        .flat_map(|events| events.values())
}

/// Adds the logical ids of the resources to which a resource sends what failed.
fn failure_targets(value: &Value, targets: &mut BTreeSet<String>) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                let target = match key.as_str() {
                    "deadLetterTargetArn" => value,
                    "OnFailure" => &value["Destination"],
                    "DeadLetterQueue" | "DeadLetterConfig" => &value["TargetArn"],
                    _ => &Value::Null,
                };
                if let Some(Reference::Attribute(id, _) | Reference::Ref(id)) =
                    Reference::read(target)
                {
                    targets.insert(id);
                }
                failure_targets(value, targets);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| failure_targets(item, targets)),
        _ => {}
    }
}

/// A name without case, dashes and underscores: `tt-producer`, `tt_producer` and `TTProducer` are the same program.
fn plain(name: &str) -> String {
    let characters = name
        .chars()
        .filter(|character| !matches!(character, '-' | '_'));
    characters.flat_map(char::to_lowercase).collect()
}

/// A text as a YAML scalar in double quotes, unless it is plain.
pub fn quoted(text: &str) -> String {
    let is_plain = |character: char| {
        character.is_ascii_alphanumeric() || matches!(character, '/' | '-' | '_' | '.')
    };
    let starts_plain = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/');
    if starts_plain && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        // A JSON string is a YAML scalar.
        Value::String(text.to_owned()).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{Parts, Reference, quoted};
    use crate::template::parse;

    const TEMPLATE: &str = "\
Parameters:
  Space: {Type: String, Default: shop/orders}
Conditions:
  IsAws: !Equals [a, b]
Globals:
  Function:
    Environment:
      Variables:
        TT_METRICS_NAMESPACE: !Ref Space
Resources:
  Ship:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: ship-orders}}
    Properties:
      CodeUri: .
      LoggingConfig: {LogGroup: !Ref ShipLogs}
      EventInvokeConfig: {DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Failed.Arn}}}
      Events: {Orders: {Type: Kinesis, Properties: {Stream: arn}}}
  Bill:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/bill/
      Environment: {Variables: {TT_METRICS_SERVICE: bill}}
  Failed: {Type: AWS::SQS::Queue}
  Dead: {Type: AWS::SQS::Queue}
  Work: {Type: AWS::SQS::Queue, Properties: {RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}}}
";

    #[test]
    fn functions_queues_and_namespace_are_found() {
        let parts = Parts::of(&parse(TEMPLATE).unwrap());
        assert_eq!(parts.failure_queues, ["Dead", "Failed"]);
        assert!(parts.conditions.contains("IsAws"));
        let space = Reference::Ref("Space".into());
        assert_eq!(parts.namespaces().into_iter().collect::<Vec<_>>(), [&space]);
        assert_eq!(parts.default_of(&space), Some("shop/orders"));
        let ship = parts.function_of("ship_orders").unwrap();
        assert_eq!((ship.id.as_str(), ship.reads_stream), ("Ship", true));
        assert!(ship.has_failure_destination && ship.adds_dimensions.is_none());
        assert_eq!(ship.log_group, Reference::Ref("ShipLogs".into()));
        let bill = parts.function_of("bill").unwrap();
        assert_eq!(bill.log_group.sub(), "/aws/lambda/${Bill}");
        assert_eq!(bill.adds_dimensions, Some("TT_METRICS_SERVICE"));
        assert!(!bill.reads_stream && !bill.has_failure_destination);
    }

    #[test]
    fn references_are_written_as_they_were_read() {
        for (text, sub) in [
            ("!Ref A", "${A}"),
            ("!GetAtt A.Arn", "${A.Arn}"),
            ("!Sub \"a/${B}\"", "a/${B}"),
            ("a/b", "a/b"),
        ] {
            let reference = Reference::read(&parse(text).unwrap()).unwrap();
            assert_eq!(
                (reference.yaml().as_str(), reference.sub().as_str()),
                (text, sub)
            );
        }
        assert_eq!(Reference::Text("${a}".into()).sub(), "${!a}");
    }

    #[test]
    fn text_that_yaml_would_read_otherwise_is_quoted() {
        for text in [
            "yes: no",
            "#1",
            "- a",
            "1",
            "a b",
            "it's \"x\"",
            "",
            "null ",
        ] {
            let yaml = quoted(text);
            assert!(yaml.starts_with('"'), "{yaml}");
            assert_eq!(parse(&yaml).unwrap(), text);
        }
        assert_eq!(quoted("pkyc/Salesforce"), "pkyc/Salesforce");
    }
}
