//! What becomes of answers that AWS's DynamoDB may give, and of those that get lost.

use std::time::Duration;

use cogward_session::{LoginKey, SessionStore, StoreError};
use cogward_store_dynamodb::{DynamoStore, OpenError, Options};
use serde_json::json;

use crate::scripted::{Answer, Scripted};
use crate::support::{
    HOLDER, LATER, NOW, USER, base64, is_unavailable, key, mark, options_at, record, told, user,
};

#[tokio::test]
async fn what_a_request_needs_most_is_one_read() {
    let (dynamodb, store) = scripted(|_, _, _| Answer::ok(&json!({}))).await;
    assert_eq!(store.load(&key(1), NOW).await.unwrap(), None);
    assert_eq!(store.mark(&[USER], NOW).await.unwrap(), None);
    assert_eq!(
        dynamodb.asked(),
        ["GetItem", "GetItem", "GetItem"],
        "the first to open"
    );
}

/// A read that is not consistent may show what was there before an answered write.
#[tokio::test]
async fn every_read_is_consistent() {
    let (_dynamodb, store) = scripted(|operation, request, _| {
        let asked = match operation {
            "GetItem" => request,
            "BatchGetItem" => &request["RequestItems"]["l42_sessions"],
            other => panic!("{other}"),
        };
        assert_eq!(asked["ConsistentRead"], true);
        Answer::ok(&json!({"Responses": {}, "UnprocessedKeys": {}}))
    })
    .await;
    store.load(&key(1), NOW).await.unwrap();
    store.mark(&[USER, user(2)], NOW).await.unwrap();
    store.list(&[USER, user(2)], NOW).await.unwrap();
    store.ping().await.unwrap();
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_not_repeated() {
    for how in [
        || Answer::Close,
        || Answer::error(500, "InternalServerError", ""),
    ] {
        let (dynamodb, store) = scripted(move |_, _, before| match before {
            0 => Answer::ok(&json!({})),
            _ => how(),
        })
        .await;
        // The next connection is new, so that nothing is repeated for a stale one.
        let state = LoginKey::of_state("state");
        assert!(is_unavailable(&store.remove(&key(1)).await));
        assert!(is_unavailable(&store.replace(&key(1), 1, record()).await));
        assert!(is_unavailable(&store.touch(&key(1), 1, NOW, LATER).await));
        assert!(is_unavailable(&store.insert(&key(1), record()).await));
        assert!(is_unavailable(
            &store.put_login(&state, vec![], LATER).await
        ));
        assert!(is_unavailable(&store.take_login(&state, NOW).await));
        assert!(is_unavailable(&store.put_mark(&USER, mark(), LATER).await));
        assert!(is_unavailable(&store.lease(&key(1), &HOLDER, NOW, 9).await));
        assert!(is_unavailable(&store.release(&key(1), &HOLDER).await));
        assert_eq!(dynamodb.asked().len(), 10, "{:?}", dynamodb.asked());
    }
}

#[tokio::test]
async fn a_read_whose_answer_is_lost_is_asked_for_again() {
    let (dynamodb, store) = scripted(|_, _, before| match before {
        1 => Answer::Close,
        2 => Answer::error(500, "InternalServerError", ""),
        _ => Answer::ok(&json!({})),
    })
    .await;
    assert_eq!(store.load(&key(1), NOW).await.unwrap(), None);
    assert_eq!(dynamodb.asked().len(), 4);
}

#[tokio::test]
async fn a_read_that_hangs_is_asked_for_again_in_time() {
    let (dynamodb, store) = scripted(|_, _, before| match before {
        1 => Answer::Hang,
        _ => Answer::ok(&json!({})),
    })
    .await;
    assert_eq!(store.load(&key(1), NOW).await.unwrap(), None);
    assert_eq!(dynamodb.asked().len(), 3);
}

#[tokio::test]
async fn a_dynamodb_that_is_busy_is_asked_again_and_then_unavailable() {
    for code in [
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
    ] {
        let (dynamodb, store) = scripted(move |_, _, before| match before {
            0 | 3 => Answer::ok(&json!({})),
            _ => Answer::error(400, code, "too many requests"),
        })
        .await;
        let state = LoginKey::of_state("state");
        store.put_login(&state, vec![], LATER).await.unwrap();
        assert_eq!(dynamodb.asked().len(), 4, "{code}");
        for error in [
            store.put_login(&state, vec![], LATER).await.unwrap_err(),
            store.load(&key(1), NOW).await.unwrap_err(),
        ] {
            assert!(matches!(error, StoreError::Unavailable { .. }));
            assert!(told(&error).contains(code), "{}", told(&error));
        }
        assert_eq!(dynamodb.asked().len(), 10, "{code}");
    }
}

#[tokio::test]
async fn a_session_that_cannot_be_found_again_is_not_begun() {
    let (dynamodb, store) = scripted(|operation, _, _| match operation {
        "UpdateItem" => Answer::error(400, "AccessDeniedException", "not that"),
        _ => Answer::ok(&json!({})),
    })
    .await;
    assert!(is_unavailable(&store.insert(&key(1), record()).await));
    assert_eq!(
        dynamodb.asked()[1..],
        ["PutItem", "UpdateItem", "DeleteItem"]
    );
}

/// Whoever ends a session needs its tokens.
#[tokio::test]
async fn a_session_that_was_removed_is_given_back_whatever_its_entry_does() {
    for how in [
        || Answer::Close,
        || Answer::Hang,
        || Answer::error(400, "AccessDeniedException", "not that"),
    ] {
        let (_dynamodb, store) = scripted(move |operation, _, _| match operation {
            "DeleteItem" => Answer::ok(&json!({"Attributes": session()})),
            "UpdateItem" => how(),
            _ => Answer::ok(&json!({})),
        })
        .await;
        let removed = store.remove(&key(1)).await.unwrap();
        assert_eq!(removed.as_deref(), Some(&record()));
    }
}

#[tokio::test]
async fn what_a_batch_left_out_is_asked_for_again() {
    let (dynamodb, store) = scripted(|operation, request, before| {
        let asked = &request["RequestItems"]["l42_sessions"];
        match (operation, before) {
            ("GetItem", 0) => Answer::ok(&json!({})),
            ("GetItem", _) => two_sessions(),
            ("BatchGetItem", 2 | 3) => Answer::ok(&json!({
                "Responses": {},
                "UnprocessedKeys": {"l42_sessions": asked},
            })),
            ("BatchGetItem", _) => {
                let named = |name: &serde_json::Value| {
                    let mut item = session();
                    item["session_id"] = name["session_id"].clone();
                    item
                };
                let keys = asked["Keys"].as_array().unwrap();
                let items: Vec<_> = keys.iter().map(named).collect();
                Answer::ok(&json!({
                    "Responses": {"l42_sessions": items},
                    "UnprocessedKeys": {},
                }))
            }
            (other, _) => panic!("{other}"),
        }
    })
    .await;
    let found = store.list(&[USER], NOW).await.unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(
        dynamodb.asked()[1..],
        ["GetItem", "BatchGetItem", "BatchGetItem", "BatchGetItem"]
    );
}

/// The item of a user.
fn two_sessions() -> Answer {
    let keys = [1, 2].map(|n| base64(key(n).as_bytes()));
    let format = json!({"N": "1"});
    Answer::ok(&json!({"Item": {
        "format": format, "ttl": {"N": "1"}, "sessions": {"BS": keys},
    }}))
}

#[tokio::test]
async fn a_batch_that_is_never_whole_is_unavailable() {
    let (_dynamodb, store) = scripted(|operation, request, before| match operation {
        "BatchGetItem" => Answer::ok(&json!({
            "Responses": {},
            "UnprocessedKeys": request["RequestItems"],
        })),
        _ if before == 0 => Answer::ok(&json!({})),
        _ => two_sessions(),
    })
    .await;
    assert!(is_unavailable(&store.list(&[USER, user(2)], NOW).await));
    assert!(is_unavailable(&store.mark(&[USER, user(2)], NOW).await));
}

#[tokio::test]
async fn answers_that_are_none_of_dynamodbs_are_unavailable() {
    for (status, body) in [
        (200, "<html>Sign in to the network</html>"),
        (200, "{\"Item\":"),
        (200, "{\"Item\":{\"session_id\":{\"X\":\"\"}}}"),
        (200, "{\"Item\":{\"session_id\":\"\"}}"),
        (200, "{\"Item\":{}}"),
        (302, ""),
        (404, "<html>"),
        (503, ""),
        (400, "{}"),
    ] {
        let (_dynamodb, store) = scripted(move |_, _, before| match before {
            0 => Answer::ok(&json!({})),
            _ => Answer::Status(status, body.to_owned()),
        })
        .await;
        let loaded = store.load(&key(1), NOW).await;
        assert!(is_unavailable(&loaded), "{status} {body}: {loaded:?}");
        let marked = store.mark(&[USER], NOW).await;
        assert!(is_unavailable(&marked), "{status} {body}: {marked:?}");
    }
}

#[tokio::test]
async fn a_refusal_ends_the_start_and_a_failure_does_not() {
    for (status, code) in [
        (400, "AccessDeniedException"),
        (400, "UnrecognizedClientException"),
        (400, "ExpiredTokenException"),
        (400, "MissingAuthenticationToken"),
    ] {
        let opened = open(move |_, _, _| Answer::error(status, code, "no"))
            .await
            .1;
        let error = opened.err().unwrap();
        assert!(matches!(error, OpenError::Refused { .. }), "{error:?}");
        assert_eq!(
            error.to_string(),
            format!("DynamoDB refuses table `l42_sessions` in us-east-1 with {code}: no")
        );
    }
    for (status, code) in [
        (400, "ThrottlingException"),
        (500, "InternalServerError"),
        (503, "ServiceUnavailable"),
        (502, "BadGateway"),
    ] {
        let opened = open(move |_, _, _| Answer::error(status, code, "")).await.1;
        assert!(is_unavailable(&opened.unwrap().ping().await), "{code}");
    }
    for how in [|| Answer::Close, || Answer::Hang] {
        let opened = open(move |_, _, _| how()).await.1;
        assert!(is_unavailable(&opened.unwrap().ping().await));
    }
}

/// What DynamoDB says of a wrong signature has the session token in it.
#[tokio::test]
async fn no_error_has_more_than_the_first_line_of_what_dynamodb_says() {
    let message = "The signature does not match.\n\nThe Canonical String should have been\n\
                   x-amz-security-token:token-of-the-test";
    let (_dynamodb, store) = scripted(move |_, _, before| match before {
        0 => Answer::ok(&json!({})),
        _ => Answer::error(400, "InvalidSignatureException", message),
    })
    .await;
    let error = store.load(&key(1), NOW).await.unwrap_err();
    let text = format!("{} {error:?}", told(&error));
    assert!(text.contains("The signature does not match."), "{text}");
    assert!(!text.contains("token-of-the-test"), "{text}");
}

fn session() -> serde_json::Value {
    let record = record();
    json!({
        "session_id": {"S": format!("session:{}", crate::support::base64_url(key(1).as_bytes()))},
        "format": {"N": "1"},
        "ttl": {"N": LATER.as_secs().to_string()},
        "last_seen": {"N": NOW.as_secs().to_string()},
        "version": {"N": "1"},
        "owner": {"B": base64(USER.as_bytes())},
        "identity": {"B": base64(&record.identity)},
        "tokens": {"B": base64(&record.tokens)},
        "device": {"B": base64(&record.device)},
    })
}

async fn scripted(
    script: impl Fn(&str, &serde_json::Value, usize) -> Answer + Send + Sync + 'static,
) -> (Scripted, DynamoStore) {
    let (dynamodb, store) = open(script).await;
    (dynamodb, store.unwrap())
}

async fn open(
    script: impl Fn(&str, &serde_json::Value, usize) -> Answer + Send + Sync + 'static,
) -> (Scripted, Result<DynamoStore, OpenError>) {
    let dynamodb = Scripted::start(script).await;
    let options = Options {
        call_limit: Duration::from_secs(1),
        ..options_at(&dynamodb.endpoint)
    };
    let store = DynamoStore::open(options).await;
    (dynamodb, store)
}
