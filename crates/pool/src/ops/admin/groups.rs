use serde_json::{Value, json};

use super::page::Page;
use super::user_type;
use crate::core::Core;
use crate::db::groups::{self, Group};
use crate::db::user_lists;
use crate::error::Result;
use crate::group::{self, Properties};
use crate::ops::input::Input;
use crate::options::POOL_ID;
use crate::user;

pub(in crate::ops) fn create(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let group = group::create(core, input.text("GroupName"), properties(input), now)?;
    Ok(json!({ "Group": group_type(&group) }))
}

pub(in crate::ops) fn get(core: &Core, input: &Input<'_>, _now: i64) -> Result<Value> {
    let group = group::get(core, input.text("GroupName"))?;
    Ok(json!({ "Group": group_type(&group) }))
}

pub(in crate::ops) fn update(core: &Core, input: &Input<'_>, now: i64) -> Result<Value> {
    let group = group::update(core, input.text("GroupName"), properties(input), now)?;
    Ok(json!({ "Group": group_type(&group) }))
}

pub(in crate::ops) fn delete(core: &Core, input: &Input<'_>, _now: i64) -> Result<Value> {
    group::delete(core, input.text("GroupName"))?;
    Ok(json!({}))
}

pub(in crate::ops) fn add_user(core: &Core, input: &Input<'_>, _now: i64) -> Result<Value> {
    group::set_member(core, input.text("GroupName"), input.text("Username"), true)?;
    Ok(json!({}))
}

pub(in crate::ops) fn remove_user(core: &Core, input: &Input<'_>, _now: i64) -> Result<Value> {
    group::set_member(core, input.text("GroupName"), input.text("Username"), false)?;
    Ok(json!({}))
}

pub(in crate::ops) fn list(core: &Core, input: &Input<'_>, _now: i64) -> Result<Value> {
    let page = Page::of(input, "ListGroups", "NextToken")?;
    let found = core
        .db
        .run(|tx| groups::page(tx, page.after.as_deref(), page.fetch))?;
    Ok(page.answer("Groups", found, |group| group.name.clone(), group_type))
}

pub(in crate::ops) fn list_for_user(core: &Core, input: &Input<'_>, _now: i64) -> Result<Value> {
    let user = user::known(core, input.text("Username"))?;
    let page = Page::of(
        input,
        &format!("AdminListGroupsForUser {}", user.sub),
        "NextToken",
    )?;
    let found = core
        .db
        .run(|tx| groups::page_of_user(tx, &user.sub, page.after.as_deref(), page.fetch))?;
    Ok(page.answer("Groups", found, |group| group.name.clone(), group_type))
}

pub(in crate::ops) fn list_users(core: &Core, input: &Input<'_>, _now: i64) -> Result<Value> {
    let group = group::get(core, input.text("GroupName"))?;
    let page = Page::of(
        input,
        &format!("ListUsersInGroup {}", group.name),
        "NextToken",
    )?;
    let found = core
        .db
        .run(|tx| user_lists::page_of_group(tx, &group.name, page.after.as_deref(), page.fetch))?;
    Ok(page.answer("Users", found, user_lists::place, user_type))
}

fn properties<'a>(input: &Input<'a>) -> Properties<'a> {
    Properties {
        description: input.get("Description"),
        precedence: input.number("Precedence"),
        role_arn: input.get("RoleArn"),
    }
}

/// `GroupType`.
fn group_type(group: &Group) -> Value {
    let members = [
        ("GroupName", Some(Value::from(group.name.as_str()))),
        ("UserPoolId", Some(POOL_ID.into())),
        ("Description", group.description.as_deref().map(Value::from)),
        ("RoleArn", group.role_arn.as_deref().map(Value::from)),
        ("Precedence", group.precedence.map(Value::from)),
        ("CreationDate", Some(group.created_at.into())),
        ("LastModifiedDate", Some(group.modified_at.into())),
    ];
    members
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name, value)))
        .collect()
}
