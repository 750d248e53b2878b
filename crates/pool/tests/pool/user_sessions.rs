//! ListUserSessions, RevokeUserSession, and what RevokeToken does to them.

use cogward_pool::{PUBLIC_CLIENT_ID, SECRET_CLIENT_ID};
use serde_json::{Value, json};

use crate::common::{Answer, PASSWORD, TestPool, query, secret_hash};

const USER: &str = "user@example.com";
const OTHER: &str = "admin@example.com";

async fn list(pool: &TestPool, access: &Value, next: Option<&Value>) -> Answer {
    let body = json!({ "AccessToken": access, "NextToken": next });
    pool.call("ListUserSessions", body).await
}

async fn sessions(pool: &TestPool, access: &Value) -> Vec<Value> {
    let answer = list(pool, access, None).await.ok();
    answer["Sessions"].as_array().unwrap().clone()
}

async fn revoke(pool: &TestPool, access: &Value, id: &Value) -> Answer {
    let body = json!({ "AccessToken": access, "SessionId": id });
    pool.call("RevokeUserSession", body).await
}

#[tokio::test]
async fn every_sign_in_is_a_session_the_newest_first() {
    let pool = TestPool::start().await;
    let first = pool.signed_in(USER).await;
    pool.advance(100).await;
    let second = pool.call(
        "InitiateAuth",
        json!({
            "ClientId": SECRET_CLIENT_ID, "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": {
                "USERNAME": USER, "PASSWORD": PASSWORD, "SECRET_HASH": secret_hash(USER),
            },
        }),
    );
    second.await.ok();
    let all = sessions(&pool, &first["AccessToken"]).await;
    assert_eq!(all.len(), 2);
    assert_eq!(all[0]["ClientId"], SECRET_CLIENT_ID);
    assert_eq!(all[0]["IsCurrentSession"], false);
    assert_eq!(all[1]["ClientId"], PUBLIC_CLIENT_ID);
    assert_eq!(all[1]["IsCurrentSession"], true);
    assert_eq!(all[1]["SessionType"], "TOKEN");
    let id = all[1]["SessionId"].as_str().unwrap();
    assert!(id.len() == 28 && id.starts_with("tkn"), "{id}");
    assert_eq!(all[1]["CreateDate"], all[1]["LastActiveDate"]);
    pool.advance(100).await;
    pool.refresh(&first["RefreshToken"]).await.ok();
    let again = sessions(&pool, &first["AccessToken"]).await;
    let (created, active) = (&again[1]["CreateDate"], &again[1]["LastActiveDate"]);
    assert!(active.as_i64().unwrap() >= created.as_i64().unwrap() + 200);
}

#[tokio::test]
async fn another_session_is_ended_and_its_own_tokens_alone() {
    let pool = TestPool::start().await;
    let (mine, lost) = (pool.signed_in(USER).await, pool.signed_in(USER).await);
    let access = &mine["AccessToken"];
    let all = sessions(&pool, access).await;
    let id = &all[0]["SessionId"];
    assert_eq!(revoke(&pool, access, id).await.ok(), json!({}));
    pool.get_user(&lost["AccessToken"])
        .await
        .refused("NotAuthorizedException");
    pool.refresh(&lost["RefreshToken"])
        .await
        .refused("NotAuthorizedException");
    pool.refresh(&mine["RefreshToken"]).await.ok();
    assert_eq!(sessions(&pool, access).await.len(), 1);
    revoke(&pool, access, id)
        .await
        .refused("ResourceNotFoundException");
    // The revoked one ends nothing any more.
    revoke(&pool, &lost["AccessToken"], &all[1]["SessionId"])
        .await
        .refused("NotAuthorizedException");
}

#[tokio::test]
async fn the_session_of_another_user_is_as_good_as_none() {
    let pool = TestPool::start().await;
    let (mine, others) = (pool.signed_in(USER).await, pool.signed_in(OTHER).await);
    let of_other = &sessions(&pool, &others["AccessToken"]).await[0]["SessionId"];
    let refused = revoke(&pool, &mine["AccessToken"], of_other).await;
    let unknown = json!("tkn0123456789abcdefghijklmno");
    let nobody = revoke(&pool, &mine["AccessToken"], &unknown).await;
    refused.refused("ResourceNotFoundException");
    assert_eq!(refused.body, nobody.body);
    pool.get_user(&others["AccessToken"]).await.ok();
    let page = list(&pool, &mine["AccessToken"], Some(of_other)).await;
    page.refused("InvalidParameterException");
    for bad in ["tkn", "abc0123456789abcdefghijklmno"] {
        revoke(&pool, &mine["AccessToken"], &json!(bad))
            .await
            .refused("InvalidParameterException");
    }
}

#[tokio::test]
async fn the_current_session_is_not_ended_this_way_but_by_its_refresh_token() {
    let pool = TestPool::start().await;
    let (mine, lost) = (pool.signed_in(USER).await, pool.signed_in(USER).await);
    let access = &mine["AccessToken"];
    let all = sessions(&pool, access).await;
    revoke(&pool, access, &all[1]["SessionId"])
        .await
        .refused("InvalidParameterException");
    for linked in ["NONE", "LINKED"] {
        let body = json!({
            "ClientId": PUBLIC_CLIENT_ID, "Token": lost["RefreshToken"],
            "RevokeAssociatedSessions": linked,
        });
        pool.call("RevokeToken", body).await.ok();
    }
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "Token": lost["RefreshToken"],
        "RevokeAssociatedSessions": "ALL",
    });
    pool.call("RevokeToken", body)
        .await
        .refused("InvalidParameterException");
    assert_eq!(sessions(&pool, access).await.len(), 1);
}

#[tokio::test]
async fn sessions_come_in_pages() {
    let pool = TestPool::start().await;
    let mut access = json!(null);
    for _ in 0..23 {
        access = pool.signed_in(USER).await["AccessToken"].clone();
    }
    let first = list(&pool, &access, None).await.ok();
    assert_eq!(first["Sessions"].as_array().unwrap().len(), 20);
    let second = list(&pool, &access, Some(&first["NextToken"])).await.ok();
    assert_eq!(second["Sessions"].as_array().unwrap().len(), 3);
    assert_eq!(second.get("NextToken"), None);
    let page = |page: &Value| page["Sessions"].as_array().unwrap().clone();
    let mut ids: Vec<_> = [page(&first), page(&second)]
        .concat()
        .iter()
        .map(|session| session["SessionId"].to_string())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 23);
}

#[tokio::test]
async fn a_token_without_the_scope_lists_and_ends_nothing() {
    let pool = TestPool::start().await;
    let code = pool.authorization_code(&query(), USER).await;
    let (_, tokens) = pool.exchange(&code).await;
    let mine = pool.signed_in(USER).await;
    let id = &sessions(&pool, &mine["AccessToken"]).await[0]["SessionId"];
    let refused = list(&pool, &tokens["access_token"], None).await;
    refused.refused("NotAuthorizedException");
    assert_eq!(
        refused.message(),
        "Access Token does not have required scopes"
    );
    revoke(&pool, &tokens["access_token"], id)
        .await
        .refused("NotAuthorizedException");
}
