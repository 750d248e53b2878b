//! Facts of resources from an application's table.

use std::sync::Arc;
use std::time::Duration;

use cogward_policy::entities::contract;
use cogward_policy::{EntityProvider, Facts};
use cogward_services::DynamoDb;
use cogward_store_dynamodb::{DynamoEntities, OpenError, Options};
use serde_json::{Map, Value, json};

use crate::scripted::{Answer, Scripted};
use crate::support::{options, options_at, told};

const TABLE: &str = "app_entities";
const PAGE: &str = include_str!("../../../../docs/policies.md");

#[tokio::test(flavor = "multi_thread")]
async fn entities_keep_their_contract() {
    let dynamodb = DynamoDb::start();
    make(&dynamodb, "id");
    for row in contract::rows() {
        let mut item = Map::new();
        item.insert("id".to_owned(), json!({"S": row.id}));
        item.insert("title".to_owned(), json!({"N": "7"}));
        for (name, text) in [("owner", row.owner), ("type", row.kind)] {
            item.extend(text.map(|text| (name.to_owned(), json!({"S": text}))));
        }
        let attributes = row.attributes.as_ref().map(typed);
        item.extend(attributes.map(|it| ("attributes".to_owned(), it)));
        put(&dynamodb, &item.into());
    }
    let entities = DynamoEntities::open(of_resources(options(&dynamodb))).await;
    contract::run(Arc::new(entities.unwrap())).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_of_another_type_is_an_error_and_never_nobodys() {
    let dynamodb = DynamoDb::start();
    make(&dynamodb, "id");
    let entities = DynamoEntities::open(of_resources(options(&dynamodb))).await;
    let entities = entities.unwrap();
    for (name, wrong) in [
        ("owner", json!({"N": "7"})),
        ("owner", json!({"SS": ["s3cret"]})),
        ("owner", json!({"L": [{"S": "s3cret"}]})),
        ("owner", json!({"BOOL": false})),
        ("owner", json!({"B": "YWRh"})),
        ("type", json!({"N": "7"})),
        ("attributes", json!({"S": "{}"})),
        ("attributes", json!({"L": []})),
        ("attributes", json!({"M": {"a": {"B": "YWRh"}}})),
    ] {
        put(&dynamodb, &json!({"id": {"S": "a"}, name: wrong}));
        let error = entities.find("document", "a").await.unwrap_err();
        let text = told(&error);
        assert!(text.contains(&format!("`{name}`")), "{wrong}: {text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
    put(
        &dynamodb,
        &json!({
            "id": {"S": "a"}, "owner": {"NULL": true}, "type": {"NULL": true},
            "attributes": {"M": {"sizes": {"NS": ["1"]}, "tags": {"SS": ["a"]}, "half": {"N": "0.5"}}},
        }),
    );
    let found = entities.find("document", "a").await.unwrap().unwrap();
    let attributes = json!({"sizes": [1], "tags": ["a"], "half": 0.5});
    let expected = Facts {
        attributes: attributes.as_object().unwrap().clone(),
        ..Facts::default()
    };
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_another_table_of_resources_is_said_at_start() {
    let dynamodb = DynamoDb::start();
    let options = of_resources(options(&dynamodb));
    let refused = DynamoEntities::open(options.clone()).await.err().unwrap();
    assert!(
        matches!(refused, OpenError::MissingEntities { .. }),
        "{refused:?}"
    );
    assert!(refused.to_string().contains("`app_entities` in us-east-1"));
    make(&dynamodb, "key");
    let refused = DynamoEntities::open(options).await.err().unwrap();
    assert!(
        matches!(refused, OpenError::EntityKeys { .. }),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn resources_of_a_dynamodb_that_is_gone_or_hangs_are_errors_until_it_is_back() {
    let mut dynamodb = DynamoDb::start();
    make(&dynamodb, "id");
    put(
        &dynamodb,
        &json!({"id": {"S": "owned"}, "owner": {"S": "ada"}}),
    );
    let options = Options {
        call_limit: Duration::from_millis(500),
        ..of_resources(options(&dynamodb))
    };
    let entities = DynamoEntities::open(options.clone()).await.unwrap();
    dynamodb.pause();
    contract::fails(&entities).await.unwrap();
    dynamodb.resume();
    dynamodb.kill();
    contract::fails(&entities).await.unwrap();
    let later = DynamoEntities::open(options).await.unwrap();
    contract::fails(&later).await.unwrap();
    dynamodb.restart();
    for entities in [entities, later] {
        let working = async {
            while !matches!(entities.find("document", "owned").await, Ok(Some(_))) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let working = tokio::time::timeout(Duration::from_secs(30), working).await;
        working.unwrap();
    }
}

#[tokio::test]
async fn what_dynamodb_refuses_is_an_error() {
    for (status, code) in [
        (400, "AccessDeniedException"),
        (400, "ResourceNotFoundException"),
        (400, "ProvisionedThroughputExceededException"),
        (500, "InternalServerError"),
    ] {
        let dynamodb = Scripted::start(move |_, _, before| match before {
            0 => Answer::ok(&json!({})),
            _ => Answer::error(status, code, ""),
        })
        .await;
        let options = of_resources(options_at(&dynamodb.endpoint));
        let entities = DynamoEntities::open(options).await.unwrap();
        contract::fails(&entities).await.unwrap();
    }
}

#[tokio::test]
async fn resources_need_the_rights_of_their_policy_and_are_read_as_they_are_now() {
    let dynamodb = Scripted::start(|_, body, _| {
        assert_eq!(body["ConsistentRead"], true);
        Answer::ok(&json!({"Item": {"id": {"S": "a"}}}))
    })
    .await;
    let options = of_resources(options_at(&dynamodb.endpoint));
    let entities = DynamoEntities::open(options).await.unwrap();
    let found = entities.find("document", "a").await.unwrap();
    assert_eq!(found, Some(Facts::default()));
    assert_eq!(dynamodb.asked(), ["GetItem", "GetItem"]);
    let policy = PAGE
        .split("```json\n")
        .find(|it| it.contains("\"Statement\""));
    let policy: Value = serde_json::from_str(policy.unwrap().split("```").next().unwrap()).unwrap();
    assert_eq!(
        policy["Statement"][0]["Action"],
        json!(["dynamodb:GetItem"])
    );
}

fn of_resources(options: Options) -> Options {
    Options {
        table: TABLE.to_owned(),
        ..options
    }
}

fn make(dynamodb: &DynamoDb, key: &str) {
    let table = json!({
        "TableName": TABLE,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}],
    });
    let _made = dynamodb.call("CreateTable", &table);
}

fn put(dynamodb: &DynamoDb, item: &Value) {
    let _put = dynamodb.call("PutItem", &json!({"TableName": TABLE, "Item": item}));
}

/// As DynamoDB writes it.
fn typed(value: &Value) -> Value {
    match value {
        Value::Null => json!({"NULL": true}),
        Value::Bool(truth) => json!({"BOOL": truth}),
        Value::Number(number) => json!({"N": number.to_string()}),
        Value::String(text) => json!({"S": text}),
        Value::Array(items) => json!({"L": items.iter().map(typed).collect::<Vec<_>>()}),
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| (name.clone(), typed(value)));
            json!({"M": members.collect::<Map<_, _>>()})
        }
    }
}
