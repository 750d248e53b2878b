use cogward_services::DynamoDb;
use cogward_store_dynamodb::{DynamoStore, Options, StaticCredentials, create_table};

/// The default table there.
pub(crate) fn options(dynamodb: &DynamoDb) -> Options {
    Options {
        region: Some("us-east-1".to_owned()),
        endpoint: Some(dynamodb.endpoint().parse().unwrap()),
        credentials: Some(StaticCredentials::new("tests", "a-secret-of-tests", None)),
        ..Options::default()
    }
}

/// A store with a new table.
pub(crate) async fn open_new(options: &Options) -> DynamoStore {
    create_table(options).await.unwrap();
    DynamoStore::open(options.clone()).await.unwrap()
}
