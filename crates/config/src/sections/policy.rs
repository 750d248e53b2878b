//! `[policy]`

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::read::Reader;
use crate::sections::Section;
use crate::sections::entities::{self, Entities};
use crate::sections::session::Session;
use crate::setting::Setting;

/// Authorization by policies.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The folder of schema and policies; without it those that are built in count.
    pub folder: Option<PathBuf>,
    /// An action that ends in `:own` is refused where no provider tells the owner.
    pub require_owner: bool,
    /// What a group is called in policies, by its name in lower case in the token; one that is
    /// not here keeps its name.
    pub groups: BTreeMap<String, String>,
    /// Who tells whose a resource is.
    pub entities: Entities,
}

pub(crate) static SECTION: Section = Section {
    name: "policy",
    doc: "Authorization by policies, and who tells whose a resource is (docs/policies.md).",
    settings: &[
        &FOLDER.about,
        &REQUIRE_OWNER.about,
        &GROUPS.about,
        &entities::ENTITIES.about,
        &entities::TABLE.about,
        &entities::SQLITE_PATH.about,
        &entities::POSTGRES_URL.about,
        &entities::POSTGRES_CA_FILE.about,
        &entities::URL.about,
        &entities::SERVICE_TOKEN.about,
        &entities::TTL.about,
        &entities::TIMEOUT.about,
    ],
};

pub(crate) static FOLDER: Setting<PathBuf> = Setting::new(
    "policy.folder",
    "Folder of schema and policies, in place of those that are built in.",
)
.env(&["POLICY_FOLDER"])
.example("/etc/cogward/policies");
pub(crate) static REQUIRE_OWNER: Setting<bool> = Setting::new(
    "policy.require_owner",
    "Actions that end in `:own` are refused where no entity provider tells the resource's owner.",
)
.env(&["POLICY_REQUIRE_OWNER"])
.default("false")
.example("true");
static GROUPS: Setting<String> = Setting::new(
    "policy.groups",
    "What groups of the token are called in policies: `alias=group`, the alias in any letter case. \
     A group that is no alias keeps its name. What is given counts in place of the whole default.",
)
.env(&["POLICY_GROUPS"])
.list()
.check(pair)
.default(
    "admin=admin,admins=admin,administrators=admin,\
     readonly=readonly,read-only=readonly,viewer=readonly,viewers=readonly,\
     user=users,users=users,member=users,members=users,\
     editor=editors,editors=editors,reviewer=reviewers,reviewers=reviewers,\
     publisher=publishers,publishers=publishers,\
     moderator=moderators,moderators=moderators,mod=moderators,mods=moderators,\
     developer=developers,developers=developers,dev=developers,devs=developers",
)
.example("administrators=admin,staff=editors");

pub(crate) fn load(r: &mut Reader<'_>, session: &Session) -> Policy {
    Policy {
        folder: r.given(&FOLDER),
        require_owner: r.value(&REQUIRE_OWNER),
        groups: groups(r),
        entities: entities::load(r, session),
    }
}

pub(crate) fn groups(r: &mut Reader<'_>) -> BTreeMap<String, String> {
    let mut groups = BTreeMap::new();
    let pairs = r.list(&GROUPS);
    for (alias, group) in pairs.iter().filter_map(|text| parts(text)) {
        let known = groups.insert(alias.to_lowercase(), group.to_owned());
        if known.is_some_and(|known| known != group) {
            let alias = alias.to_lowercase();
            r.broken(
                &GROUPS.about,
                format!("has two groups for the alias `{alias}`"),
            );
        }
    }
    groups
}

fn pair(text: &str) -> Result<(), String> {
    match parts(text) {
        Some(_) => Ok(()),
        None => Err("must be pairs of an alias and a group: alias=group".to_owned()),
    }
}

fn parts(text: &str) -> Option<(&str, &str)> {
    let (alias, group) = text.split_once('=')?;
    let (alias, group) = (alias.trim(), group.trim());
    let good = |name: &str| !name.is_empty() && !name.contains('=');
    (good(alias) && good(group)).then_some((alias, group))
}
