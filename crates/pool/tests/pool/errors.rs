//! Every error that the service model declares for an operation can be had.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::common::TestPool;

/// The unsigned operations of the service model with the errors each declares.
fn unsigned() -> Vec<(String, Vec<String>)> {
    let model: Value =
        serde_json::from_str(include_str!("../../src/model/cognito-idp.json")).unwrap();
    let operations = model["operations"].as_object().unwrap();
    operations
        .iter()
        .filter(|(_, operation)| operation["unsigned"] == true)
        .map(|(name, operation)| {
            let errors = operation["errors"].as_array().unwrap().iter();
            let errors = errors.map(|error| error.as_str().unwrap().to_owned());
            (name.clone(), errors.collect())
        })
        .collect()
}

#[tokio::test]
async fn every_declared_error_of_the_unsigned_operations_can_be_made_by_a_fault() {
    let pool = TestPool::start().await;
    let operations = unsigned();
    assert_eq!(operations.len(), 34);
    for (operation, errors) in operations {
        assert!(errors.len() > 5, "{operation}");
        for error in &errors {
            let fault = json!({ "op": operation, "type": error });
            let (status, body) = pool.local("faults", fault).await;
            assert_eq!(status, 200, "{body}");
            assert_eq!(body["declared"], json!(errors), "{operation}");
            let answer = pool.call(&operation, json!({})).await;
            let expected = match error.as_str() {
                "InternalErrorException" | "InternalServerException" => {
                    StatusCode::INTERNAL_SERVER_ERROR
                }
                _ => StatusCode::BAD_REQUEST,
            };
            assert_eq!(
                (answer.status, answer.kind()),
                (expected, error.as_str()),
                "{operation}"
            );
            assert_eq!(
                answer.headers["x-amzn-errortype"],
                format!("{error}:").as_str()
            );
        }
    }
}

#[tokio::test]
async fn an_error_that_is_not_declared_can_be_made_too() {
    let pool = TestPool::start().await;
    let fault = json!({ "op": "RevokeToken", "type": "NotAuthorizedException" });
    assert_eq!(pool.local("faults", fault).await.0, 200);
    pool.call("RevokeToken", json!({}))
        .await
        .refused("NotAuthorizedException");
}

#[tokio::test]
async fn feedback_on_a_sign_in_needs_threat_protection() {
    let pool = TestPool::start().await;
    let feedback = async |pool_id: &str, name: &str| {
        let body = json!({
            "UserPoolId": pool_id, "Username": name, "EventId": "e-1", "FeedbackToken": "t",
            "FeedbackValue": "Valid",
        });
        pool.call("UpdateAuthEventFeedback", body).await
    };
    let user = "user@example.com";
    feedback("us-east-1_Another01", user)
        .await
        .refused("ResourceNotFoundException");
    // Anyone may ask, and learns nothing of who there is.
    let nobodys = feedback(cogward_pool::POOL_ID, "nobody@example.com").await;
    nobodys.refused("UserPoolAddOnNotEnabledException");
    let users = feedback(cogward_pool::POOL_ID, user).await;
    assert_eq!(users.body, nobodys.body);
    pool.settings(json!({ "prevent_user_existence_errors": false }))
        .await;
    feedback(cogward_pool::POOL_ID, "nobody@example.com")
        .await
        .refused("UserNotFoundException");
    feedback(cogward_pool::POOL_ID, user)
        .await
        .refused("UserPoolAddOnNotEnabledException");
    let empty = json!({ "UserPoolId": cogward_pool::POOL_ID });
    pool.call("UpdateAuthEventFeedback", empty)
        .await
        .refused("InvalidParameterException");
}
