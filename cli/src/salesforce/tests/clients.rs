//! What general client libraries do beyond what Case Creation does: pages, conditions, changes and deletions by id.

use super::*;

fn find(query: &str) -> String {
    format!("/query?q={}", query.replace(' ', "+"))
}

/// Three Cases, and their ids.
async fn three() -> (Org, Vec<String>) {
    let org = Org::start().await;
    let records = ["Review 1", "review 2", "Other"].map(|subject| {
        json!({ "attributes": { "type": "Case" }, "Subject": subject, "TT_Event_Id__c": subject })
    });
    let (_, made) = org.post(COLLECTION, json!({ "records": records })).await;
    let made = made.as_array().unwrap();
    let ids = made.iter().map(|item| item["id"].as_str().unwrap().into());
    (org, ids.collect())
}

#[tokio::test]
async fn a_query_compares_orders_and_skips() {
    let (org, ids) = three().await;
    for (rest, expected) in [
        ("WHERE+Subject+LIKE+'review_%25'", vec![0, 1]),
        ("WHERE+Subject+!=+'other'", vec![0, 1]),
        ("WHERE+Subject+NOT+IN+('other','Review+1')", vec![1]),
        ("WHERE+CreatedDate+>=+2020-01-01T00:00:00Z", vec![0, 1, 2]),
        ("WHERE+CreatedDate+<+2020-01-01T00:00:00Z", vec![]),
        ("WHERE+Origin+=+null+AND+Subject+<>+null+LIMIT+1", vec![0]),
        ("ORDER+BY+Subject", vec![2, 0, 1]),
        ("ORDER+BY+CaseNumber+DESC+LIMIT+1+OFFSET+1", vec![1]),
        ("ORDER+BY+Origin,Subject+DESC", vec![1, 0, 2]),
    ] {
        let (_, found) = org.get(&find(&format!("SELECT Id FROM Case {rest}"))).await;
        let rows = found["records"]
            .as_array()
            .unwrap_or_else(|| panic!("{rest}: {found}"));
        let found: Vec<&Value> = rows.iter().map(|row| &row["Id"]).collect();
        let expected: Vec<&String> = expected
            .into_iter()
            .map(|place: usize| &ids[place])
            .collect();
        assert_eq!(json!(found), json!(expected), "{rest}");
    }
}

#[tokio::test]
async fn a_query_counts_and_groups() {
    let (org, _) = three().await;
    let agents = json!({ "Subject": "Other", "Origin": "Phone" });
    org.post("/sobjects/Case", agents).await;
    for (query, expected) in [
        ("COUNT(Id) FROM Case", json!([{ "expr0": 4 }])),
        (
            "COUNT(TT_Event_Id__c) events, COUNT_DISTINCT(Subject), MIN(Subject), MAX(Origin) FROM Case",
            json!([{ "events": 3, "expr0": 3, "expr1": "Other", "expr2": "Phone" }]),
        ),
        (
            "COUNT(Id) FROM Case WHERE Subject = 'none'",
            json!([{ "expr0": 0 }]),
        ),
        (
            "Subject, COUNT(Id) n FROM Case GROUP BY Subject HAVING COUNT(Id) > 1",
            json!([{ "Subject": "Other", "n": 2 }]),
        ),
        (
            "subject FROM Case GROUP BY Subject ORDER BY COUNT(Id) DESC, Subject LIMIT 2",
            json!([{ "Subject": "Other" }, { "Subject": "Review 1" }]),
        ),
        (
            "Origin, COUNT(Id) FROM Case GROUP BY Origin",
            json!([{ "Origin": null, "expr0": 3 }, { "Origin": "Phone", "expr0": 1 }]),
        ),
        (
            "Subject FROM Case WHERE Subject = 'none' GROUP BY Subject",
            json!([]),
        ),
    ] {
        let query = query.replace('>', "%3E");
        let (_, mut found) = org.get(&find(&format!("SELECT {query}"))).await;
        let rows = found["records"]
            .as_array_mut()
            .unwrap_or_else(|| panic!("{query}"));
        for row in rows.iter_mut() {
            let attributes = row.as_object_mut().unwrap().remove("attributes");
            assert_eq!(attributes, Some(json!({ "type": "AggregateResult" })));
        }
        assert_eq!(json!(rows), expected, "{query}");
    }
    for (query, wrong) in [
        ("Subject, COUNT(Id) FROM Case", "Subject"),
        ("Subject FROM Case GROUP BY Origin", "Subject"),
        ("Id FROM Case ORDER BY COUNT(Id)", "ORDER BY"),
        ("Id FROM Case WHERE COUNT(Id) = 1", "WHERE"),
        ("MEDIAN(Id) FROM Case", "MEDIAN"),
    ] {
        let (status, error) = org.get(&find(&format!("SELECT {query}"))).await;
        let message = error[0]["message"].as_str().unwrap();
        assert_eq!(
            (status, &error[0]["errorCode"]),
            (StatusCode::BAD_REQUEST, &json!("MALFORMED_QUERY"))
        );
        assert!(message.contains(wrong), "{query}: {message}");
    }
}

#[tokio::test]
async fn a_long_answer_comes_in_pages() {
    let org = Org::start().await;
    for call in 0..11 {
        let ids: Vec<String> = (0..200).map(|number| format!("e{call}-{number}")).collect();
        org.post(COLLECTION, cases(ids.iter().map(String::as_str)))
            .await;
    }
    let (_, first) = org.get(&find("SELECT Id FROM Case")).await;
    assert_eq!(
        (&first["totalSize"], &first["done"]),
        (&json!(2200), &json!(false))
    );
    assert_eq!(first["records"].as_array().unwrap().len(), 2000);
    let next = first["nextRecordsUrl"]
        .as_str()
        .unwrap()
        .strip_prefix(DATA)
        .unwrap();
    let (_, last) = org.get(next).await;
    assert_eq!(
        (&last["totalSize"], &last["done"]),
        (&json!(2200), &json!(true))
    );
    assert_eq!(last["records"].as_array().unwrap().len(), 200);
    assert!(last["nextRecordsUrl"].is_null());
    let (status, again) = org.get(next).await;
    assert_eq!(
        (status, &again[0]["errorCode"]),
        (StatusCode::BAD_REQUEST, &json!("INVALID_QUERY_LOCATOR"))
    );
}

#[tokio::test]
async fn cases_are_read_changed_and_deleted_by_id() {
    let (org, ids) = three().await;
    let list = format!("{},500Tt000000zzzzAAA", ids[0]);
    let (_, read) = org
        .get(&format!("{COLLECTION}/Case?ids={list}&fields=Id,subject"))
        .await;
    assert_eq!(
        (&read[0]["Subject"], &read[1]),
        (&json!("Review 1"), &Value::Null)
    );

    let wanted = json!({ "ids": [ids[0], "500Tt000000zzzzAAA"], "fields": ["Id", "Subject"] });
    let (_, posted) = org.post(&format!("{COLLECTION}/Case"), wanted).await;
    assert_eq!(posted, read);

    let change =
        |id: &str| json!({ "attributes": { "type": "Case" }, "id": id, "Subject": "changed" });
    let records = [change(&ids[0]), change("500Tt000000zzzzAAA")];
    let (_, changed) = org
        .call(Method::PATCH, COLLECTION, json!({ "records": records }))
        .await;
    assert_eq!(
        (&changed[0]["success"], code(&changed[1])),
        (&json!(true), "ENTITY_IS_DELETED")
    );

    let path = format!("{COLLECTION}?allOrNone=true&ids={list}");
    let (_, kept) = org.call(Method::DELETE, &path, Value::Null).await;
    assert_eq!(code(&kept[0]), "ALL_OR_NONE_OPERATION_ROLLED_BACK");
    let (_, gone) = org
        .call(
            Method::DELETE,
            &format!("{COLLECTION}?ids={list}"),
            Value::Null,
        )
        .await;
    assert_eq!(
        (&gone[0]["success"], code(&gone[1])),
        (&json!(true), "ENTITY_IS_DELETED")
    );

    let path = format!("/sobjects/Case/{}", ids[1]);
    assert_eq!(
        org.call(Method::DELETE, &path, Value::Null).await.0,
        StatusCode::NO_CONTENT
    );
    assert_eq!(org.get(&path).await.0, StatusCode::NOT_FOUND);
    // The external id of what is left still finds it, and that of a deleted Case is free again.
    let (status, other) = org.get("/sobjects/Case/TT_Event_Id__c/Other").await;
    assert_eq!((status, &other["Id"]), (StatusCode::OK, &json!(ids[2])));
    assert_eq!(
        org.post("/sobjects/Case", json!({ "TT_Event_Id__c": "Review 1" }))
            .await
            .0,
        StatusCode::CREATED
    );
}

#[tokio::test]
async fn a_method_that_a_resource_lacks_is_refused_in_words() {
    let org = Org::start().await;
    let (status, error) = org.call(Method::PUT, "/sobjects/Case", json!({})).await;
    assert_eq!(
        (status, &error[0]["errorCode"]),
        (StatusCode::METHOD_NOT_ALLOWED, &json!("METHOD_NOT_ALLOWED"))
    );
}

#[tokio::test]
async fn a_token_says_whom_it_belongs_to() {
    let org = Org::start().await;
    let url = format!(
        "{}/id/00DTt0000000001MAA/005Tt0000000001IAA",
        org.salesforce.url()
    );
    let asked = org
        .http
        .get(&url)
        .bearer_auth(&org.token)
        .send()
        .await
        .unwrap();
    let identity: Value = asked.json().await.unwrap();
    assert_eq!(
        (&identity["id"], &identity["active"]),
        (&json!(url), &json!(true))
    );
    let refused = org
        .http
        .get(&url)
        .bearer_auth("other")
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
}
