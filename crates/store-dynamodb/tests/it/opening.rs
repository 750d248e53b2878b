//! What is wrong with the table or the way to it is told at the start, with what to do.

use std::process::Command;

use cogward_services::DynamoDb;
use cogward_session::SessionStore;
use cogward_store_dynamodb::{DynamoStore, OpenError, Options, StaticCredentials, create_table};
use serde_json::json;

use crate::support::{NOW, TABLE, key, open_new, options, record, told};

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_table_is_told_with_how_to_make_it() {
    let dynamodb = DynamoDb::start();
    let error = open_error(options(&dynamodb)).await;
    assert_eq!(
        error.to_string(),
        "there is no DynamoDB table `l42_sessions` in us-east-1: make it with `cogward store prepare`, or name another"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_made_once_and_stays_as_it_is() {
    let dynamodb = DynamoDb::start();
    let (one, two) = (options(&dynamodb), options(&dynamodb));
    let (one, two) = tokio::join!(create_table(&one), create_table(&two));
    one.unwrap();
    two.unwrap();
    let store = open_new(&options(&dynamodb)).await;
    store.insert(&key(1), record()).await.unwrap();
    create_table(&options(&dynamodb)).await.unwrap();
    assert!(store.load(&key(1), NOW).await.unwrap().is_some());
    let table = json!({"TableName": TABLE});
    let found = &dynamodb.call("DescribeTable", &table)["Table"];
    assert_eq!(
        found["BillingModeSummary"]["BillingMode"],
        "PAY_PER_REQUEST"
    );
    assert_eq!(
        found["KeySchema"],
        json!([{"AttributeName": "session_id", "KeyType": "HASH"}])
    );
    let removing = dynamodb.call("DescribeTimeToLive", &table);
    assert_eq!(
        removing["TimeToLiveDescription"],
        json!({"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_time_to_live_gets_it() {
    let dynamodb = DynamoDb::start();
    make(&dynamodb, TABLE, "session_id", "S", None);
    open_new(&options(&dynamodb)).await;
    let removing = dynamodb.call("DescribeTimeToLive", &json!({"TableName": TABLE}));
    assert_eq!(removing["TimeToLiveDescription"]["AttributeName"], "ttl");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_with_another_time_to_live_is_told() {
    let dynamodb = DynamoDb::start();
    make(&dynamodb, TABLE, "session_id", "S", None);
    let other = json!({"AttributeName": "expires", "Enabled": true});
    let request = json!({"TableName": TABLE, "TimeToLiveSpecification": other});
    let _other = dynamodb.call("UpdateTimeToLive", &request);
    let error = create_table(&options(&dynamodb)).await.unwrap_err();
    assert!(matches!(&error, OpenError::TimeToLive { attribute, .. } if attribute == "expires"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_with_another_key_is_told_when_made_and_when_opened() {
    let dynamodb = DynamoDb::start();
    for (table, name, kind, range) in [
        ("named", "id", "S", None),
        ("binary", "session_id", "B", None),
        ("numbers", "session_id", "N", None),
        ("sorted", "session_id", "S", Some("at")),
    ] {
        make(&dynamodb, table, name, kind, range);
        let options = Options {
            table: table.to_owned(),
            ..options(&dynamodb)
        };
        let made = create_table(&options).await.unwrap_err();
        assert!(matches!(made, OpenError::Keys { .. }), "{table}: {made:?}");
        // moto lets keys of another type be asked for: there it is the first write that tells.
        if kind == "S" {
            let opened = open_error(options).await;
            let told = matches!(opened, OpenError::Keys { .. });
            assert!(told, "{table}: {opened:?}");
        }
    }
}

/// As on a machine with nothing set up but what the test sets.
#[tokio::test(flavor = "multi_thread")]
async fn without_settings_region_endpoint_and_credentials_are_those_of_the_process() {
    let dynamodb = DynamoDb::start();
    create_table(&options(&dynamodb)).await.unwrap();
    let (endpoint, region) = (dynamodb.endpoint(), "us-east-1".to_owned());
    let settings = [
        ("AWS_REGION", &*region),
        ("AWS_ENDPOINT_URL_DYNAMODB", &*endpoint),
        ("AWS_ACCESS_KEY_ID", "tests"),
        ("AWS_SECRET_ACCESS_KEY", "a-secret-of-tests"),
    ];
    for (given, expected) in [
        (0, "there is no AWS region for DynamoDB: set one"),
        (
            2,
            "there are no AWS credentials for DynamoDB: give the machine, function or container",
        ),
        (4, "it opens"),
    ] {
        let said = open_elsewhere(&settings[..given]);
        assert!(said.contains(expected), "{said}");
    }
}

/// Opens with nothing set, in a process with this environment alone; what came of it.
fn open_elsewhere(environment: &[(&str, &str)]) -> String {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "opening::opens_with_what_the_process_has",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env_clear()
        .env("HOME", home.path())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
#[ignore = "run by another test, in a process of its own"]
async fn opens_with_what_the_process_has() {
    match DynamoStore::open(Options::default()).await {
        Ok(_) => println!("it opens"),
        Err(error) => println!("{}", told(&error)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_in_no_text() {
    let mut dynamodb = DynamoDb::start();
    let secrets = [
        "AKIDOFTHETEST",
        "secret-of-the-test",
        "token-of-the-test",
        "pass-of-the-test",
    ];
    let [id, secret, token, password] = secrets;
    let credentials = StaticCredentials::new(id, secret, Some(token.to_owned()));
    let options = Options {
        credentials: Some(credentials.clone()),
        ..options(&dynamodb)
    };
    let mut with_password = options.clone();
    let endpoint = format!("http://user:{password}@127.0.0.1:1/");
    with_password.endpoint = Some(endpoint.parse().unwrap());
    let mut texts = vec![
        format!("{credentials:?} {options:?} {with_password:?}"),
        told(&open_error(options.clone()).await),
        told(&open_error(with_password.clone()).await),
        told(&create_table(&with_password).await.unwrap_err()),
    ];
    let store = open_new(&options).await;
    dynamodb.kill();
    let error = store.ping().await.unwrap_err();
    texts.extend([told(&error), format!("{error:?}")]);
    for text in texts {
        for secret in secrets {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

async fn open_error(options: Options) -> OpenError {
    match DynamoStore::open(options).await {
        Ok(_) => panic!("it opens"),
        Err(error) => error,
    }
}

fn make(dynamodb: &DynamoDb, table: &str, name: &str, kind: &str, range: Option<&str>) {
    let mut keys = vec![json!({"AttributeName": name, "KeyType": "HASH"})];
    let mut attributes = vec![json!({"AttributeName": name, "AttributeType": kind})];
    if let Some(range) = range {
        keys.push(json!({"AttributeName": range, "KeyType": "RANGE"}));
        attributes.push(json!({"AttributeName": range, "AttributeType": "N"}));
    }
    let _made = dynamodb.call(
        "CreateTable",
        &json!({
            "TableName": table,
            "KeySchema": keys,
            "AttributeDefinitions": attributes,
            "BillingMode": "PAY_PER_REQUEST",
        }),
    );
}
