//! What every [`EntityProvider`] must do, as a suite that each provider's tests run.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use super::provider::{EntityProvider, Facts};

/// What the caller says resources are.
const KIND: &str = "document";

/// A resource as the application's tables or services have it.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its id.
    pub id: &'static str,
    /// Whose it is.
    pub owner: Option<&'static str>,
    /// `type`.
    pub kind: Option<&'static str>,
    /// A JSON object.
    pub attributes: Option<Value>,
}

/// Ids that mean something to SQL, URLs, JSON or paths, each with an owner of its own.
const ODD: [(&str, &str); 18] = [
    ("it's", "1"),
    ("\"quoted\"", "2"),
    ("a/b", "3"),
    ("a%2Fb", "4"),
    ("a?b=c&d#e", "5"),
    ("a b", "6"),
    ("a+b", "7"),
    ("a\\b", "8"),
    ("x'; DROP TABLE item; --", "9"),
    ("grüße", "10"),
    ("日本語", "11"),
    ("👩‍👩‍👧", "12"),
    ("{id}", "13"),
    ("line\nend\ttab", "14"),
    ("http://canary/", "15"),
    ("App::User::\"a\"", "16"),
    ("...", "17"),
    ("$1 ?1 :id", "18"),
];

/// What the source must hold for [`run`], and nothing else.
#[must_use]
pub fn rows() -> Vec<Row> {
    let plain = |id, owner| Row {
        id,
        owner,
        kind: None,
        attributes: None,
    };
    let mut rows = vec![
        plain("owned", Some("ada")),
        plain("nobodys", None),
        plain("odd-owner", Some("")),
        Row {
            id: "described",
            owner: Some("ada"),
            kind: Some("report"),
            attributes: Some(attributes()),
        },
    ];
    rows.extend(ODD.map(|(id, owner)| plain(id, Some(owner))));
    rows
}

fn attributes() -> Value {
    json!({
        "status": "draft",
        "größe": 7,
        "negative": -3,
        "public": false,
        "tags": ["a", "b"],
        "place": {"city": "Zürich", "at": [1, 2]},
        "nothing": null,
        "empty": {},
    })
}

/// Runs every case on a provider whose source holds [`rows`].
///
/// # Errors
/// [`Failures`] says what was told otherwise.
pub async fn run(provider: Arc<dyn EntityProvider>) -> Result<(), Failures> {
    let mut failures = Failures(Vec::new());
    for row in rows() {
        let expected = Facts {
            owner: row.owner.map(str::to_owned),
            kind: row.kind.map(str::to_owned),
            attributes: match row.attributes {
                Some(Value::Object(attributes)) => attributes,
                _ => Map::new(),
            },
        };
        failures.ask(&*provider, row.id, Some(&expected)).await;
    }
    for id in [
        "missing", "", "own", "owned ", " owned", "own%", "owne_", "*", ".", "..", "%2e%2e", "a",
        "a%2fb", "owned/", "/owned", "owned\0", "it''s",
    ] {
        failures.ask(&*provider, id, None).await;
    }
    failures.at_once(&provider).await;
    failures.ended()
}

/// Asks a provider whose source is broken or away.
///
/// # Errors
/// [`Failures`] says what was told all the same.
pub async fn fails(provider: &dyn EntityProvider) -> Result<(), Failures> {
    let mut failures = Failures(Vec::new());
    for id in ["owned", "nobodys", "missing"] {
        if let Ok(told) = provider.find(KIND, id).await {
            failures
                .0
                .push(format!("{id:?}: told {told:?}, must be an error"));
        }
    }
    failures.ended()
}

/// What was told otherwise, a line each.
#[derive(thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Failures(Vec<String>);

impl Failures {
    async fn ask(&mut self, provider: &dyn EntityProvider, id: &str, expected: Option<&Facts>) {
        match provider.find(KIND, id).await {
            Ok(told) if told.as_ref() == expected => {}
            told => self
                .0
                .push(format!("{id:?}: told {told:?}, not {expected:?}")),
        }
    }

    /// Nobody gets what another asked for.
    async fn at_once(&mut self, provider: &Arc<dyn EntityProvider>) {
        let mut calls = JoinSet::new();
        for (id, owner) in ODD.into_iter().cycle().take(100) {
            let provider = Arc::clone(provider);
            calls.spawn(async move { (id, owner, provider.find(KIND, id).await) });
        }
        for (id, owner, told) in calls.join_all().await {
            let found = told.as_ref().ok().and_then(Option::as_ref);
            if found.and_then(|facts| facts.owner.as_deref()) != Some(owner) {
                self.0.push(format!("{id:?} at once with others: {told:?}"));
            }
        }
    }

    fn ended(self) -> Result<(), Self> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(self),
        }
    }
}

impl fmt::Debug for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the provider breaks its contract:\n{self}")
    }
}
