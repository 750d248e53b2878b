//! `DELETE /users/{id}`: for administrators.

use reqwest::Method;
use serde_json::json;

use super::{ADMIN, Api, NOBODY, NOT_ADMIN, USER, assert_refused, assert_says};
use crate::process::sign_in;

#[tokio::test]
async fn an_administrator_deletes_a_user_who_then_cannot_sign_in() {
    const LEAVER: &str = "leaver@example.com";
    let api = Api::start(&[]).await;
    let (user, admin) = (api.sign_in(USER).await, api.sign_in(ADMIN).await);
    for token in admin.both() {
        let sub = api.user(LEAVER, &[]).await;
        for token in user.both() {
            let challenge = r#"Bearer error="insufficient_scope", error_description="the user is not in a group that may do this""#;
            assert_refused(&api.delete(&sub, token).await, 403, NOT_ADMIN, challenge);
        }
        let path = format!("/users/{sub}");
        let answer = api.call(Method::DELETE, &path, &[]).await;
        assert_refused(&answer, 401, NOBODY, r#"Bearer realm="api""#);
        api.sign_in(LEAVER).await;
        let deleted = json!({ "message": "User deleted", "user_id": sub });
        assert_says(&api.delete(&sub, token).await, &deleted);
        let refused = api.try_to_sign_in(LEAVER).await;
        assert_eq!(refused["__type"], "NotAuthorizedException", "{refused}");
        let again = api.delete(&sub, token).await;
        assert_eq!(
            (again.status.as_u16(), again.body.as_str()),
            (404, r#"{"detail":"User not found"}"#)
        );
    }
}

#[tokio::test]
async fn only_the_group_that_is_called_admin_deletes() {
    let api = Api::start(&[]).await;
    let sub = api.user(USER, &[]).await;
    let others = ["Admin", "administrators", "admin.", "xadmin", "admin,users"];
    api.user("nearly@example.com", &others).await;
    let nearly = api.sign_in("nearly@example.com").await;
    for token in nearly.both() {
        let answer = api.delete(&sub, token).await;
        assert_eq!((answer.status.as_u16(), &*answer.body), (403, NOT_ADMIN));
    }
    api.sign_in(USER).await;
}

#[tokio::test]
async fn odd_ids_delete_nobody() {
    let api = Api::start(&[]).await;
    let (sub, admin) = (api.user(USER, &[]).await, api.sign_in(ADMIN).await.id);
    let (upper, long) = (sub.to_uppercase(), "a".repeat(4000));
    let (with_null, with_slash) = (format!("{sub}%00"), format!("x%2f{sub}"));
    let odd = [
        &with_null,
        &with_slash,
        &upper,
        &long,
        USER,
        "user%40example.com",
        "%00",
        "%20",
        "%25",
        "%2f",
        "..%2f..%2f",
        "*",
        "'%20OR%20'1'='1",
        "%F0%9F%92%A9",
        "%3Cscript%3E",
        "%0d%0aX:%20y",
    ];
    for id in odd {
        let answer = api.delete(id, &admin).await;
        let got = (answer.status.as_u16(), answer.body.as_str());
        assert_eq!(got, (404, r#"{"detail":"User not found"}"#), "{id}");
    }
    for (id, status) in [
        ("%FF", 400),
        ("", 404),
        (&*format!("{sub}/"), 404),
        ("a/b", 404),
    ] {
        assert_eq!(api.delete(id, &admin).await.status, status, "{id}");
    }
    assert_eq!(api.get(&format!("/users/{sub}"), &admin).await.status, 405);
    api.sign_in(USER).await;
    api.sign_in(ADMIN).await;
}

#[tokio::test]
async fn a_page_elsewhere_cannot_lend_itself_an_administrators_cookie() {
    let api = Api::start(&[]).await;
    let sub = api.user(USER, &[]).await;
    let mut browser = api.server.browser();
    sign_in(&mut browser, ADMIN).await;
    let path = format!("/users/{sub}");
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let request = browser.request(Method::DELETE, &path).header(name, value);
        assert_eq!(browser.send(request).await.status, 403, "{name}");
    }
    api.sign_in(USER).await;
    let request = browser.request(Method::DELETE, &path);
    let answer = browser
        .send(request.header("sec-fetch-site", "same-origin"))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}
