//! What alarms and dashboards refer to: the programs, their functions in the template, and the settings.

use std::collections::BTreeSet;

use tt_metrics::catalogue::Meaning;

use crate::{
    catalogue::{Catalogue, Declared, Program},
    settings::{Balance, Funnel},
    template::parts::{Function, Parts, Reference},
};

/// Why nothing can be generated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The namespace is unknown.
    #[error("no function of the template has TT_METRICS_NAMESPACE in its environment")]
    NoNamespace,
    /// The functions have different namespaces.
    #[error("the functions of the template have different namespaces: {0}")]
    Namespaces(String),
    /// A function adds dimensions, so its metrics have none of the names that an alarm without dimensions reads.
    #[error(
        "the function {function} has {variable} in its environment; alarms and dashboards have no dimensions"
    )]
    Dimensions {
        /// The logical id.
        function: String,
        /// The variable.
        variable: &'static str,
    },
}

/// The input of the generators.
#[derive(Debug, Clone, Copy)]
pub struct Watched<'a> {
    /// The programs and their metrics.
    pub catalogue: &'a Catalogue,
    /// The parts of the template.
    pub parts: &'a Parts,
    /// The settings.
    pub funnel: &'a Funnel,
    /// The namespace of the metrics.
    pub namespace: &'a Reference,
}

/// A metric of `CloudWatch`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    /// The namespace.
    pub namespace: Reference,
    /// The name.
    pub name: String,
    /// Names and values of the dimensions.
    pub dimensions: Vec<(&'static str, Reference)>,
}

/// The counters from which the share of good outcomes is computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objective<'a> {
    /// The beginning of the logical ids of its alarms.
    pub id: String,
    /// The good outcomes.
    pub good: &'a str,
    /// The bad ones.
    pub bad: Vec<&'a str>,
}

impl<'a> Watched<'a> {
    /// The namespace of the template, unless `given` is one.
    ///
    /// # Errors
    ///
    /// When the template has no namespace, or more than one, or a function that adds dimensions.
    pub fn new(
        catalogue: &'a Catalogue,
        parts: &'a Parts,
        funnel: &'a Funnel,
        given: Option<&'a Reference>,
    ) -> Result<Self, Error> {
        let mut programs = catalogue.programs.iter();
        let adding = programs.find_map(|program| {
            let function = parts.function_of(&program.name)?;
            let variable = function.adds_dimensions?;
            (!program.metrics.is_empty()).then_some((function, variable))
        });
        if let Some((function, variable)) = adding {
            return Err(Error::Dimensions {
                function: function.id.clone(),
                variable,
            });
        }
        let namespaces = parts.namespaces();
        let namespace = match (given, namespaces.len()) {
            (Some(given), _) => given,
            (None, 1) => namespaces.first().copied().ok_or(Error::NoNamespace)?,
            (None, 0) => return Err(Error::NoNamespace),
            (None, _) => {
                let names: Vec<String> = namespaces.iter().map(|one| one.yaml()).collect();
                return Err(Error::Namespaces(names.join(", ")));
            }
        };
        Ok(Self {
            catalogue,
            parts,
            funnel,
            namespace,
        })
    }

    /// A metric of the programs.
    pub fn own(&self, name: &str) -> Metric {
        Metric {
            namespace: self.namespace.clone(),
            name: name.to_owned(),
            dimensions: Vec::new(),
        }
    }

    /// The programs that have metrics, with their functions.
    pub fn functions_with_metrics(&self) -> impl Iterator<Item = (&'a Program, &'a Function)> {
        let programs = self.catalogue.programs.iter();
        let with_metrics = programs.filter(|program| !program.metrics.is_empty());
        with_metrics.filter_map(|program| Some((program, self.parts.function_of(&program.name)?)))
    }

    /// The counters of failures that can be read without dimensions, each once.
    pub fn failures(&self) -> impl Iterator<Item = &'a Declared> {
        let metrics = self.catalogue.metrics().into_iter();
        metrics.filter(|one| one.meaning == Meaning::Failure && one.has_total())
    }

    /// The balances whose metrics are all declared.
    pub fn balances(&self) -> impl Iterator<Item = &'a Balance> {
        let catalogue = self.catalogue;
        self.funnel.balances.iter().filter(move |balance| {
            let mut names = [&balance.whole].into_iter().chain(&balance.parts);
            names.all(|name| catalogue.contains(name))
        })
    }

    /// One objective for the funnel of the settings, or else one for each pair of outcomes.
    pub fn objectives(&self) -> Vec<Objective<'a>> {
        let failures: BTreeSet<&str> = self.failures().map(|one| one.metric.as_str()).collect();
        if let Some(last) = self.funnel.stages.last() {
            let mut bad: Vec<&str> = Vec::new();
            for part in self.balances().flat_map(|balance| &balance.parts) {
                if failures.contains(part.as_str()) && !bad.contains(&part.as_str()) {
                    bad.push(part);
                }
            }
            if self.catalogue.contains(last) && !bad.is_empty() {
                return vec![Objective {
                    id: "Objective".to_owned(),
                    good: last,
                    bad,
                }];
            }
        }
        let programs = self.catalogue.programs.iter();
        let pairs = programs
            .flat_map(Program::outcomes)
            .filter(|pair| !pair.counts_calls);
        pairs
            .map(|pair| Objective {
                id: logical_id(&pair.success.metric),
                good: &pair.success.metric,
                bad: vec![&pair.failure.metric],
            })
            .collect()
    }
}

impl Metric {
    /// A metric of Lambda about a function.
    pub fn of_function(name: &str, function: &Function) -> Self {
        Self {
            namespace: Reference::Text("AWS/Lambda".to_owned()),
            name: name.to_owned(),
            dimensions: vec![("FunctionName", Reference::Ref(function.id.clone()))],
        }
    }

    /// The number of messages in a queue.
    pub fn of_queue(queue: &str) -> Self {
        let name = Reference::Attribute(queue.to_owned(), "QueueName".to_owned());
        Self {
            namespace: Reference::Text("AWS/SQS".to_owned()),
            name: "ApproximateNumberOfMessagesVisible".to_owned(),
            dimensions: vec![("QueueName", name)],
        }
    }

    /// A metric of CloudWatch Logs about a log group.
    pub fn of_log_group(name: &str, log_group: &Reference) -> Self {
        Self {
            namespace: Reference::Text("AWS/Logs".to_owned()),
            name: name.to_owned(),
            dimensions: vec![("LogGroupName", log_group.clone())],
        }
    }
}

/// The letters and digits of a name, which a logical id may contain.
pub fn logical_id(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Error, Watched, logical_id};
    use crate::{
        catalogue::{Catalogue, tests::orders},
        settings::Funnel,
        template::{
            parse,
            parts::{Parts, Reference},
        },
    };

    /// The template of a workspace that has nothing else in common with this one.
    pub(crate) const ORDERS: &str = "\
Resources:
  ShipOrders:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/ship-orders/
      Environment: {Variables: {TT_METRICS_NAMESPACE: shop/orders}}
  CleanUp:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: target/lambda/clean-up/}
";

    /// The functions of this workspace with its template and settings.
    pub(crate) fn of_this_workspace() -> (Catalogue, Parts, Funnel) {
        let template = include_str!("../../../template.yaml");
        (
            Catalogue::of_this_workspace(),
            Parts::of(&parse(template).unwrap()),
            Funnel::of_this_workspace(),
        )
    }

    #[test]
    fn namespace_is_that_of_the_template() {
        let (catalogue, funnel) = (orders(), Funnel::default());
        let namespace = |template: &str| {
            let parts = Parts::of(&parse(template).unwrap());
            let watched = Watched::new(&catalogue, &parts, &funnel, None);
            watched.map(|watched| watched.namespace.clone())
        };
        assert_eq!(namespace(ORDERS), Ok(Reference::Text("shop/orders".into())));
        assert_eq!(namespace("Resources: {}"), Err(Error::NoNamespace));
        let two = ORDERS.replace(
            "clean-up/}",
            "clean-up/, Environment: {Variables: {TT_METRICS_NAMESPACE: other}}}",
        );
        assert_eq!(
            namespace(&two),
            Err(Error::Namespaces("other, shop/orders".into()))
        );
        let dimensions = ORDERS.replace("shop/orders}", "shop/orders, TT_METRICS_SERVICE: s}");
        assert!(matches!(
            namespace(&dimensions),
            Err(Error::Dimensions { .. })
        ));
    }

    #[test]
    fn objective_of_the_funnel_or_of_each_pair() {
        let (catalogue, parts, funnel) = of_this_workspace();
        let watched = Watched::new(&catalogue, &parts, &funnel, None).unwrap();
        let [objective] = &watched.objectives()[..] else {
            panic!()
        };
        assert_eq!(objective.good, "SFCaseCreated");
        assert_eq!(objective.bad, ["TTEventFailed", "SFCaseFailed"]);

        let (catalogue, funnel) = (orders(), Funnel::default());
        let parts = Parts::of(&parse(ORDERS).unwrap());
        let watched = Watched::new(&catalogue, &parts, &funnel, None).unwrap();
        let [objective] = &watched.objectives()[..] else {
            panic!()
        };
        assert_eq!(
            (objective.good, &objective.bad[..]),
            ("OrderShipped", &["OrderRejected"][..])
        );
        assert_eq!(objective.id, "OrderShipped");
    }

    #[test]
    fn logical_id_has_letters_and_digits_only() {
        assert_eq!(logical_id("shop.orders-shipped_2"), "shopordersshipped2");
    }
}
