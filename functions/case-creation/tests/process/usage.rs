//! The gauge of the requests that the org has used.

use serde_json::{Value, json};

use crate::program::{Program, Shared, batch, serve};

#[test]
fn the_usage_of_the_org_is_one_sample_of_each_invocation_that_saw_it() {
    let world = Shared::default();
    serve(&world);
    {
        let mut world = world.lock().unwrap();
        world.events = [batch(1, 3), batch(4, 201), batch(205, 2)].into();
        world.usages = [
            Some("api-usage=4000/5000"),
            Some("api-usage=4001/5000"),
            Some("api-usage=4002/5000"),
            None,
        ]
        .into();
    }
    let url = world.lock().unwrap().url.clone();
    let mut program = Program::start(&url);
    for (created, usage) in [(3, json!(80.0)), (201, json!(80.04)), (2, Value::Null)] {
        let document = program.document();
        assert_eq!(document["SFCaseCreated"], created, "{document}");
        assert_eq!(document["SFApiUsagePercent"], usage, "{document}");
        let metrics = document["_aws"].to_string();
        let unit = r#"{"Name":"SFApiUsagePercent","Unit":"Percent"}"#;
        assert_eq!(metrics.contains(unit), !usage.is_null(), "{metrics}");
    }
}
