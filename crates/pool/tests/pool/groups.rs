//! Groups, their members and what tokens say of them.

use serde_json::{Value, json};

use crate::common::{Answer, TestPool, claims};

const EMAIL: &str = "user@example.com";

async fn create(pool: &TestPool, name: &str, more: Value) -> Value {
    let mut body = more;
    body["GroupName"] = name.into();
    pool.admin("CreateGroup", body).await.ok()["Group"].clone()
}

async fn member(pool: &TestPool, operation: &str, group: &str) -> Answer {
    let body = json!({ "GroupName": group, "Username": EMAIL });
    pool.admin(operation, body).await
}

fn role(name: &str) -> String {
    format!("arn:aws:iam::123456789012:role/{name}")
}

/// What the tokens of a fresh sign-in say.
async fn id_claims(pool: &TestPool) -> Value {
    let tokens = pool.signed_in(EMAIL).await;
    let (access, id) = (claims(&tokens["AccessToken"]), claims(&tokens["IdToken"]));
    assert_eq!(access["cognito:groups"], id["cognito:groups"]);
    assert_eq!(access["cognito:roles"], Value::Null);
    id
}

fn names(list: &Value, member: &str) -> Vec<String> {
    let items = list.as_array().unwrap().iter();
    items
        .map(|item| item[member].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_group_is_made_once_read_changed_and_deleted() {
    let pool = TestPool::start().await;
    let more = json!({ "Description": "Those who write", "Precedence": 5, "RoleArn": role("w") });
    let made = create(&pool, "writers", more).await;
    assert_eq!(made["UserPoolId"], "us-east-1_Cogward01");
    assert_eq!(made["Precedence"], 5);
    assert!(made["CreationDate"].is_number());
    let body = json!({ "GroupName": "writers" });
    let refused = pool.admin("CreateGroup", body.clone()).await;
    refused.refused("GroupExistsException");
    assert_eq!(
        pool.admin("GetGroup", body.clone()).await.ok()["Group"],
        made
    );
    pool.advance(10).await;
    let change = json!({ "GroupName": "writers", "Precedence": 0 });
    let changed = pool.admin("UpdateGroup", change).await.ok()["Group"].clone();
    assert_eq!(changed["Precedence"], 0);
    assert_eq!(changed["Description"], "Those who write");
    assert_eq!(changed["CreationDate"], made["CreationDate"]);
    assert_ne!(changed["LastModifiedDate"], made["LastModifiedDate"]);
    assert_eq!(pool.admin("DeleteGroup", body.clone()).await.ok(), "");
    for operation in ["GetGroup", "UpdateGroup", "DeleteGroup", "ListUsersInGroup"] {
        let refused = pool.admin(operation, body.clone()).await;
        refused.refused("ResourceNotFoundException");
    }
    let plain = create(&pool, "plain", json!({})).await;
    let members = plain.as_object().unwrap();
    assert!(!members.contains_key("Precedence") && !members.contains_key("RoleArn"));
}

#[tokio::test]
async fn every_operation_on_groups_asks_for_this_pool() {
    let pool = TestPool::start().await;
    for operation in [
        "AdminAddUserToGroup",
        "AdminListGroupsForUser",
        "AdminRemoveUserFromGroup",
        "CreateGroup",
        "DeleteGroup",
        "GetGroup",
        "ListGroups",
        "ListUsersInGroup",
        "UpdateGroup",
    ] {
        let body = json!({
            "UserPoolId": "us-east-1_Other0001", "GroupName": "admin", "Username": EMAIL,
        });
        let refused = pool.call(operation, body).await;
        refused.refused("ResourceNotFoundException");
    }
}

#[tokio::test]
async fn members_come_and_go_and_a_missing_user_or_group_is_named() {
    let pool = TestPool::start().await;
    create(&pool, "writers", json!({})).await;
    // Twice is no error, neither way.
    for operation in ["AdminAddUserToGroup", "AdminRemoveUserFromGroup"] {
        for _ in 0..2 {
            assert_eq!(member(&pool, operation, "writers").await.ok(), "");
        }
        let refused = member(&pool, operation, "nobodys").await;
        refused.refused("ResourceNotFoundException");
        let body = json!({ "GroupName": "writers", "Username": "nobody@example.com" });
        let refused = pool.admin(operation, body).await;
        refused.refused("UserNotFoundException");
    }
    member(&pool, "AdminAddUserToGroup", "writers").await.ok();
    member(&pool, "AdminAddUserToGroup", "admin").await.ok();
    let body = json!({ "Username": EMAIL });
    let list = pool.admin("AdminListGroupsForUser", body).await.ok();
    assert_eq!(names(&list["Groups"], "GroupName"), ["admin", "writers"]);
    let body = json!({ "GroupName": "admin" });
    let list = pool.admin("ListUsersInGroup", body.clone()).await.ok();
    assert_eq!(list["Users"].as_array().unwrap().len(), 2);
    assert!(list["Users"][0]["Attributes"].is_array());
    let user = json!({ "Username": "admin@example.com" });
    pool.admin("AdminDeleteUser", user.clone()).await.ok();
    let list = pool.admin("ListUsersInGroup", body).await.ok();
    assert_eq!(list["Users"].as_array().unwrap().len(), 1);
    let refused = pool.admin("AdminListGroupsForUser", user).await;
    refused.refused("UserNotFoundException");
}

#[tokio::test]
async fn tokens_name_groups_by_precedence_and_the_role_of_the_first() {
    let pool = TestPool::start().await;
    assert_eq!(id_claims(&pool).await["cognito:groups"], Value::Null);
    for (name, more) in [
        ("plain", json!({})),
        ("none", json!({ "RoleArn": role("none") })),
        (
            "second",
            json!({ "Precedence": 2, "RoleArn": role("second") }),
        ),
        ("first", json!({ "Precedence": 1 })),
    ] {
        create(&pool, name, more).await;
        member(&pool, "AdminAddUserToGroup", name).await.ok();
    }
    let id = id_claims(&pool).await;
    assert_eq!(
        id["cognito:groups"],
        json!(["first", "second", "none", "plain"])
    );
    assert_eq!(id["cognito:roles"], json!([role("second"), role("none")]));
    assert_eq!(id["cognito:preferred_role"], role("second"));
    // On a par with another role: neither is preferred. With the same one: it is.
    for (shared, preferred) in [("other", Value::Null), ("second", json!(role("second")))] {
        let change = json!({ "GroupName": "first", "Precedence": 2, "RoleArn": role(shared) });
        pool.admin("UpdateGroup", change).await.ok();
        assert_eq!(id_claims(&pool).await["cognito:preferred_role"], preferred);
    }
}

#[tokio::test]
async fn a_deleted_group_leaves_tokens_as_they_were_and_new_ones_without_it() {
    let pool = TestPool::start().await;
    create(&pool, "writers", json!({ "RoleArn": role("writers") })).await;
    member(&pool, "AdminAddUserToGroup", "writers").await.ok();
    let before = pool.signed_in(EMAIL).await;
    let body = json!({ "GroupName": "writers" });
    pool.admin("DeleteGroup", body).await.ok();
    let groups = &claims(&before["AccessToken"])["cognito:groups"];
    assert_eq!(groups, &json!(["writers"]));
    pool.get_user(&before["AccessToken"]).await.ok();
    let refreshed = pool.refresh(&before["RefreshToken"]).await.ok();
    let id = claims(&refreshed["AuthenticationResult"]["IdToken"]);
    for claim in ["cognito:groups", "cognito:roles", "cognito:preferred_role"] {
        assert_eq!(id[claim], Value::Null, "{claim}");
    }
    // One of the same name is another group.
    create(&pool, "writers", json!({})).await;
    let list = pool
        .admin("ListUsersInGroup", json!({ "GroupName": "writers" }))
        .await;
    assert_eq!(list.ok()["Users"], json!([]));
}

#[tokio::test]
async fn lists_of_groups_come_in_pages() {
    let pool = TestPool::start().await;
    let expected: Vec<_> = (0..7).map(|n| format!("group-{n}")).collect();
    for name in &expected {
        create(&pool, name, json!({})).await;
        member(&pool, "AdminAddUserToGroup", name).await.ok();
    }
    for (operation, all) in [("AdminListGroupsForUser", 7), ("ListGroups", 8)] {
        let mut body = json!({ "Username": EMAIL, "Limit": 3 });
        let (mut found, mut pages) = (Vec::new(), 0);
        loop {
            let list = pool.admin(operation, body.clone()).await.ok();
            found.extend(names(&list["Groups"], "GroupName"));
            pages += 1;
            match list.get("NextToken") {
                None => break,
                Some(token) => body["NextToken"] = token.clone(),
            }
        }
        assert_eq!((found.len(), pages), (all, 3), "{operation}");
        assert!(expected.iter().all(|name| found.contains(name)));
    }
    let token = pool.admin("ListGroups", json!({ "Limit": 1 })).await.ok()["NextToken"].clone();
    for token in [token, json!("x"), json!("////")] {
        let body = json!({ "Username": EMAIL, "NextToken": token });
        let refused = pool.admin("AdminListGroupsForUser", body).await;
        refused.refused("InvalidParameterException");
    }
}
