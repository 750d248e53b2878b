use std::collections::{BTreeMap, HashMap};

/// The groups of a user pool by the names that policies know them by.
#[derive(Clone, Debug)]
pub struct Groups(HashMap<String, String>);

/// What stands in for the table when none is configured.
const DEFAULT: [(&str, &str); 25] = [
    ("admin", "admin"),
    ("admins", "admin"),
    ("administrators", "admin"),
    ("readonly", "readonly"),
    ("read-only", "readonly"),
    ("viewer", "readonly"),
    ("viewers", "readonly"),
    ("user", "users"),
    ("users", "users"),
    ("member", "users"),
    ("members", "users"),
    ("editor", "editors"),
    ("editors", "editors"),
    ("reviewer", "reviewers"),
    ("reviewers", "reviewers"),
    ("publisher", "publishers"),
    ("publishers", "publishers"),
    ("moderator", "moderators"),
    ("moderators", "moderators"),
    ("mod", "moderators"),
    ("mods", "moderators"),
    ("developer", "developers"),
    ("developers", "developers"),
    ("dev", "developers"),
    ("devs", "developers"),
];

/// An alias with two meanings.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the group alias `{0}` has two meanings: keep one")]
pub struct GroupsError(String);

impl Default for Groups {
    fn default() -> Self {
        let lower = |(alias, group): (&str, &str)| (alias.to_owned(), group.to_owned());
        Self(DEFAULT.into_iter().map(lower).collect())
    }
}

impl Groups {
    /// From pairs of an alias, in whatever case, and the group that it means.
    ///
    /// # Errors
    /// An alias has two meanings.
    pub fn new<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, GroupsError> {
        let mut table = HashMap::new();
        for (alias, group) in pairs {
            let alias = alias.to_lowercase();
            match table.insert(alias.clone(), group.to_owned()) {
                Some(before) if before != group => return Err(GroupsError(alias)),
                _ => {}
            }
        }
        Ok(Self(table))
    }

    /// Each alias, in lower case, and the group that it means; in order.
    pub fn aliases(&self) -> BTreeMap<&str, &str> {
        let pairs = self.0.iter();
        pairs.map(|(alias, group)| (&**alias, &**group)).collect()
    }

    /// The name that policies know a group of the pool by: its own where the table has none.
    pub fn of<'g>(&'g self, group: &'g str) -> &'g str {
        // Most are written as the table has them.
        let known = self.0.get(group);
        let known = known.or_else(|| self.0.get(&group.to_lowercase()));
        known.map_or(group, String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_goes_by_its_alias_in_any_case_and_by_its_own_name_without_one() {
        let groups = Groups::default();
        for (group, known) in [
            ("admin", "admin"),
            ("Administrators", "admin"),
            ("READ-ONLY", "readonly"),
            ("Developers", "developers"),
            ("Devs", "developers"),
            ("Accounting", "Accounting"),
        ] {
            assert_eq!(groups.of(group), known);
        }
    }

    #[test]
    fn a_table_of_ones_own_is_the_only_one() {
        let groups = Groups::new([("Chefs", "editors"), ("chefs", "editors")]).unwrap();
        assert_eq!(groups.of("chefs"), "editors");
        assert_eq!(groups.of("devs"), "devs");
        let two = Groups::new([("chefs", "editors"), ("CHEFS", "admin")]);
        assert_eq!(two.unwrap_err(), GroupsError("chefs".to_owned()));
    }
}
