//! Finding users.

use std::collections::BTreeSet;

use cogward_pool::{PUBLIC_CLIENT_ID, PoolOptions};
use serde_json::{Value, json};

use crate::common::{PASSWORD, TestPool};

/// A user without a password.
async fn create(pool: &TestPool, email: &str, attributes: &[(&str, &str)]) -> String {
    let list: Value = attributes
        .iter()
        .map(|(name, value)| json!({ "Name": name, "Value": value }))
        .collect();
    let body = json!({ "Username": email, "UserAttributes": list, "MessageAction": "SUPPRESS" });
    let answer = pool.admin("AdminCreateUser", body).await.ok();
    answer["User"]["Username"].as_str().unwrap().to_owned()
}

fn emails(list: &Value) -> Vec<String> {
    let users = list["Users"].as_array().unwrap().iter();
    let email = |user: &Value| {
        let attributes = user["Attributes"].as_array().unwrap();
        let email = attributes.iter().find(|one| one["Name"] == "email");
        email.unwrap()["Value"].as_str().unwrap().to_owned()
    };
    users.map(email).collect()
}

async fn found(pool: &TestPool, filter: &str) -> Vec<String> {
    let list = pool.admin("ListUsers", json!({ "Filter": filter })).await;
    let mut emails = emails(&list.ok());
    emails.sort();
    emails
}

/// Every page of a list of users, with `between` done after each.
async fn all_pages(
    pool: &TestPool,
    operation: &str,
    token: &str,
    body: Value,
    between: impl AsyncFn(usize),
) -> Vec<String> {
    let (mut body, mut found) = (body, Vec::new());
    for page in 0.. {
        let list = pool.admin(operation, body.clone()).await.ok();
        found.extend(emails(&list));
        match list.get(token) {
            None => break,
            Some(next) => body[token] = next.clone(),
        }
        assert!(page < 100, "no end of pages");
        between(page).await;
    }
    found
}

#[tokio::test]
async fn pages_have_no_gaps_and_no_repeats_while_users_come_and_go() {
    let pool = TestPool::with(PoolOptions::default()).await;
    let mut present = BTreeSet::new();
    for n in 0..150 {
        let email = format!("user-{n:03}@example.com");
        create(&pool, &email, &[("family_name", "Many")]).await;
        present.insert(email);
    }
    let body = json!({ "Limit": 17 });
    let found = all_pages(&pool, "ListUsers", "PaginationToken", body, async |page| {
        create(&pool, &format!("new-{page}@example.com"), &[]).await;
        pool.advance(1).await;
    })
    .await;
    let unique: BTreeSet<_> = found.iter().cloned().collect();
    assert_eq!(unique.len(), found.len());
    assert!(unique.is_superset(&present));
    // Who stood at the end of a page may be gone when the next one is asked for.
    let all = all_pages(
        &pool,
        "ListUsers",
        "PaginationToken",
        json!({}),
        async |_| {},
    )
    .await;
    let first = pool.admin("ListUsers", json!({ "Limit": 10 })).await.ok();
    let last = emails(&first).pop().unwrap();
    pool.admin("AdminDeleteUser", json!({ "Username": last }))
        .await
        .ok();
    let body = json!({ "Limit": 10, "PaginationToken": first["PaginationToken"] });
    let rest = all_pages(&pool, "ListUsers", "PaginationToken", body, async |_| {}).await;
    assert_eq!(rest, all.get(10..).unwrap());
    let body = json!({ "Filter": "family_name = \"Many\"", "Limit": 60 });
    let many = all_pages(&pool, "ListUsers", "PaginationToken", body, async |_| {}).await;
    assert!(many.len() == 149 || !present.contains(&last));
    assert!(many.iter().all(|email| present.contains(email)));
    // Without a limit a page has sixty.
    let list = pool.admin("ListUsers", json!({})).await.ok();
    assert_eq!(emails(&list).len(), 60);
}

#[tokio::test]
async fn members_of_a_group_come_in_pages() {
    let pool = TestPool::with(PoolOptions::default()).await;
    pool.admin("CreateGroup", json!({ "GroupName": "many" }))
        .await
        .ok();
    for n in 0..25 {
        let email = format!("user-{n:03}@example.com");
        create(&pool, &email, &[]).await;
        let body = json!({ "GroupName": "many", "Username": email });
        pool.admin("AdminAddUserToGroup", body).await.ok();
    }
    create(&pool, "outside@example.com", &[]).await;
    let body = json!({ "GroupName": "many", "Limit": 10 });
    let found = all_pages(&pool, "ListUsersInGroup", "NextToken", body, async |_| {}).await;
    let unique: BTreeSet<_> = found.iter().collect();
    assert_eq!((found.len(), unique.len()), (25, 25));
    assert!(!found.contains(&"outside@example.com".to_owned()));
}

#[tokio::test]
async fn every_form_of_filter_finds_its_users() {
    let pool = TestPool::with(PoolOptions::default()).await;
    let ada = [
        ("name", "Ada Lovelace"),
        ("given_name", "Ada"),
        ("family_name", "Love\"lace\\"),
        ("preferred_username", "ada"),
        ("phone_number", "+15550100"),
    ];
    let sub = create(&pool, "ada@example.com", &ada).await;
    create(&pool, "adam@example.com", &[("given_name", "Adam")]).await;
    pool.sign_up("late@example.com").await.ok();
    pool.admin(
        "AdminDisableUser",
        json!({ "Username": "adam@example.com" }),
    )
    .await
    .ok();
    let (only_ada, both) = (["ada@example.com"], ["ada@example.com", "adam@example.com"]);
    for filter in [
        format!("username = \"{sub}\""),
        format!("sub = \"{sub}\""),
        format!("sub ^= \"{}\"", &sub[..30]),
        format!("\"sub\"=\"{sub}\""),
        "email = \"ada@example.com\"".to_owned(),
        "email ^= \"ada@\"".to_owned(),
        "phone_number ^= \"+1555\"".to_owned(),
        "name = \"Ada Lovelace\"".to_owned(),
        "given_name = \"Ada\"".to_owned(),
        "  given_name=\"Ada\" ".to_owned(),
        "family_name = \"Love\\\"lace\\\\\"".to_owned(),
        "preferred_username = \"ada\"".to_owned(),
    ] {
        assert_eq!(found(&pool, &filter).await, only_ada, "{filter}");
    }
    assert_eq!(found(&pool, "given_name ^= \"Ada\"").await, both);
    for filter in [
        "given_name = \"ada\"",
        "given_name = \"%\"",
        "given_name ^= \"_da\"",
        "given_name = \"x' OR '1'='1\"",
    ] {
        assert!(found(&pool, filter).await.is_empty(), "{filter}");
    }
    for (filter, expected) in [
        ("status = \"Disabled\"", "adam@example.com"),
        ("cognito:user_status = \"UNCONFIRMED\"", "late@example.com"),
        ("cognito:user_status = \"unconfirmed\"", "late@example.com"),
        ("cognito:user_status ^= \"UNC\"", "late@example.com"),
    ] {
        assert_eq!(found(&pool, filter).await, [expected], "{filter}");
    }
    assert_eq!(found(&pool, "status = \"Enabled\"").await.len(), 2);
    for everybody in ["", "  ", "email ^= \"\""] {
        assert_eq!(found(&pool, everybody).await.len(), 3, "{everybody:?}");
    }
}

#[tokio::test]
async fn a_filter_that_cannot_be_read_is_refused() {
    let pool = TestPool::start().await;
    for filter in [
        "email",
        "email \"x\"",
        "email = x",
        "email = \"x",
        "email = \"x\" or email = \"y\"",
        "email = \"x\\\"",
        "email == \"x\"",
        "email ^ = \"x\"",
        "custom:shoe = \"39\"",
        "birthdate = \"1815-12-10\"",
        "password_hash ^= \"\"",
        "= \"x\"",
    ] {
        let refused = pool.admin("ListUsers", json!({ "Filter": filter })).await;
        refused.refused("InvalidParameterException");
    }
}

#[tokio::test]
async fn a_token_is_good_for_its_own_list() {
    let pool = TestPool::start().await;
    let body = json!({ "Limit": 1, "Filter": "email ^= \"\"" });
    let list = pool.admin("ListUsers", body).await.ok();
    let token = &list["PaginationToken"];
    for body in [
        json!({ "PaginationToken": token }),
        json!({ "PaginationToken": token, "Filter": "name ^= \"\"" }),
        json!({ "PaginationToken": "nonsense" }),
    ] {
        let refused = pool.admin("ListUsers", body).await;
        refused.refused("InvalidParameterException");
    }
    for limit in [-1, 61] {
        let refused = pool.admin("ListUsers", json!({ "Limit": limit })).await;
        refused.refused("InvalidParameterException");
    }
    let body = json!({ "UserPoolId": "us-east-1_Other0001" });
    let refused = pool.call("ListUsers", body).await;
    refused.refused("ResourceNotFoundException");
}

#[tokio::test]
async fn only_the_attributes_wanted_are_listed() {
    let pool = TestPool::start().await;
    let filter = "email = \"user@example.com\"";
    let body = json!({ "AttributesToGet": ["email", "shoe"], "Filter": filter });
    let list = pool.admin("ListUsers", body).await.ok();
    let user = &list["Users"][0];
    assert_eq!(
        user["Attributes"],
        json!([{ "Name": "email", "Value": "user@example.com" }])
    );
    assert!(user["Username"].is_string() && user["UserStatus"].is_string());
    assert_eq!(user["Enabled"], true);
    // Whoever signs up stands in the list.
    let body = json!({ "ClientId": PUBLIC_CLIENT_ID, "Username": "late@example.com", "Password": PASSWORD });
    pool.call("SignUp", body).await.ok();
    assert_eq!(found(&pool, "").await.len(), 3);
}
