//! What becomes of Cases, one or many a call.

use reqwest::Method;
use serde_json::json;

use super::*;

#[tokio::test]
async fn one_case_is_created_and_read_by_its_external_id() {
    let org = Org::start().await;
    let (status, made) = org
        .post("/sobjects/Case", json!({ "TT_Event_Id__c": "a/b 1" }))
        .await;
    assert_eq!(status, 201);
    assert_eq!(
        (made["success"].clone(), made["errors"].clone()),
        (json!(true), json!([]))
    );
    let (_, read) = org.get("/sobjects/Case/TT_Event_Id__c/a%2Fb%201").await;
    assert_eq!(read["Id"], made["id"]);
    assert!(read["CreatedDate"].as_str().unwrap().ends_with(".000+0000"));
    assert_eq!(org.salesforce.cases()[0].event_id.as_deref(), Some("a/b 1"));
}

#[tokio::test]
async fn a_second_case_with_the_external_id_names_the_first() {
    let org = Org::start().await;
    let (_, first) = org
        .post("/sobjects/Case", json!({ "TT_Event_Id__c": "e1" }))
        .await;
    let (status, error) = org
        .post("/sobjects/Case", json!({ "TT_Event_Id__c": "E1" }))
        .await;
    assert_eq!(status, 400);
    let id = first["id"].as_str().unwrap();
    let message =
        format!("duplicate value found: TT_Event_Id__c duplicates value on record with id: {id}");
    assert_eq!(
        error,
        json!([{ "errorCode": "DUPLICATE_VALUE", "message": message, "fields": [] }])
    );
}

#[tokio::test]
async fn a_collection_answers_each_record_in_order() {
    let org = Org::start().await;
    let mut call = cases(["e1", "e2", "e1"]);
    call["records"][1]["Subject"] = json!("x".repeat(256));
    let (status, items) = org.post(COLLECTION, call).await;
    assert_eq!(status, 200);
    assert_eq!(items[0]["success"], true);
    assert_eq!(
        (code(&items[1]), code(&items[2])),
        ("STRING_TOO_LONG", "DUPLICATE_VALUE")
    );
    assert_eq!(org.salesforce.cases().len(), 1);
}

#[tokio::test]
async fn all_or_none_takes_every_record_back() {
    let org = Org::start().await;
    let mut call = cases(["e1", "e2"]);
    call["allOrNone"] = json!(true);
    call["records"][1]["Colour"] = json!("red");
    let (status, items) = org.post(COLLECTION, call).await;
    assert_eq!(status, 200);
    assert_eq!(code(&items[0]), "ALL_OR_NONE_OPERATION_ROLLED_BACK");
    assert_eq!(code(&items[1]), "INVALID_FIELD");
    assert!(org.salesforce.cases().is_empty());
    assert_eq!(org.get("/sobjects/Case/TT_Event_Id__c/e1").await.0, 404);
}

#[tokio::test]
async fn a_call_takes_200_records() {
    let org = Org::start().await;
    let ids: Vec<String> = (0..201).map(|id| format!("e{id}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (status, error) = org.post(COLLECTION, cases(ids.iter().copied())).await;
    assert_eq!(
        (status.as_u16(), error[0]["errorCode"].as_str()),
        (400, Some("EXCEEDED_ID_LIMIT"))
    );
    let (status, items) = org.post(COLLECTION, cases(ids.into_iter().take(200))).await;
    assert_eq!(
        (status.as_u16(), items.as_array().unwrap().len()),
        (200, 200)
    );
}

#[tokio::test]
async fn a_collection_upsert_says_what_it_created() {
    let org = Org::start().await;
    org.post(COLLECTION, cases(["e1"])).await;
    let path = "/composite/sobjects/Case/TT_Event_Id__c";
    let (_, items) = org
        .call(Method::PATCH, path, cases(["e1", "e2", "e3", "e3"]))
        .await;
    assert_eq!(
        (&items[0]["created"], &items[1]["created"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(
        (code(&items[2]), code(&items[3])),
        ("DUPLICATE_VALUE", "DUPLICATE_VALUE")
    );
}

#[tokio::test]
async fn one_record_upsert_answers_201_then_200() {
    let org = Org::start().await;
    let path = "/sobjects/Case/TT_Event_Id__c/e%201";
    let (first, made) = org
        .call(Method::PATCH, path, json!({ "Subject": "one" }))
        .await;
    let (second, changed) = org
        .call(Method::PATCH, path, json!({ "Subject": "two" }))
        .await;
    assert_eq!((first.as_u16(), second.as_u16()), (201, 200));
    assert_eq!(
        (&changed["created"], &changed["id"]),
        (&json!(false), &made["id"])
    );
    assert_eq!(org.salesforce.cases()[0].fields["Subject"], "two");
}

#[tokio::test]
async fn an_org_can_require_fields() {
    let org = Org::start().await;
    let rules = Rules {
        required: vec!["Origin".to_owned()],
        ..Rules::default()
    };
    org.salesforce.set_rules(rules);
    let (status, error) = org.post("/sobjects/Case", json!({ "Subject": "s" })).await;
    assert_eq!(status, 400);
    assert_eq!(error[0]["errorCode"], "REQUIRED_FIELD_MISSING");
    assert_eq!(error[0]["fields"], json!(["Origin"]));
}

#[tokio::test]
async fn a_query_finds_cases_by_external_id() {
    let org = Org::start().await;
    let (_, made) = org.post(COLLECTION, cases(["e1", "it's", "e3"])).await;
    let find = |query: &str| format!("/query?q={}", query.replace(' ', "+"));
    let query = find("SELECT Id, CreatedDate FROM Case WHERE TT_Event_Id__c IN ('e1', 'it\\'s')");
    let (_, found) = org.get(&query).await;
    assert_eq!(
        (&found["totalSize"], &found["done"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(found["records"][1]["Id"], made[1]["id"]);
    assert_eq!(
        org.get(&find("SELECT count() FROM Case")).await.1["totalSize"],
        3
    );
    let (status, error) = org.get(&find("SELECT Id FROM Case WHERE")).await;
    assert_eq!(
        (status.as_u16(), &error[0]["errorCode"]),
        (400, &json!("MALFORMED_QUERY"))
    );
}

#[tokio::test]
async fn a_path_may_end_with_a_slash() {
    let org = Org::start().await;
    assert_eq!(
        org.post("/sobjects/Case/", json!({ "Subject": "s" }))
            .await
            .0,
        201
    );
    assert_eq!(
        org.get("/query/?q=SELECT+count()+FROM+Case").await.1["totalSize"],
        1
    );
}
