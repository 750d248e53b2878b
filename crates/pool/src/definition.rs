//! What the pool is: its settings and clients, in memory and in the database.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use rusqlite::Connection;
use rusqlite::types::Type;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::db::{Db, meta};
use crate::error::{ApiError, Result};
use crate::settings::Settings;

const STORED: &str = "definition";
const CREATED_AT: &str = "definition_created_at";
const MODIFIED_AT: &str = "definition_modified_at";

/// One state of the pool's definition.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Definition {
    pub(crate) settings: Settings,
    pub(crate) clients: BTreeMap<String, Arc<Client>>,
    /// Scopes of resource servers, by the server's identifier.
    pub(crate) resource_servers: BTreeMap<String, Vec<String>>,
}

impl Definition {
    pub(crate) fn new(settings: Settings, clients: impl IntoIterator<Item = Client>) -> Self {
        Self {
            settings,
            clients: clients
                .into_iter()
                .map(|client| (client.id.clone(), Arc::new(client)))
                .collect(),
            resource_servers: BTreeMap::new(),
        }
    }
}

/// The definition that holds now. Reading it costs no query.
pub(crate) struct Current {
    now: RwLock<Arc<Definition>>,
    /// Held by who changes it, before the database: who holds that may read the definition.
    changing: Mutex<()>,
}

impl Current {
    /// What is stored, else `first`; always `first` when it is `given`.
    pub(crate) fn open(
        db: &Db,
        first: Definition,
        given: bool,
        now: i64,
    ) -> rusqlite::Result<Self> {
        db.run(|tx| {
            if meta::get(tx, CREATED_AT)?.is_none() {
                meta::set(tx, CREATED_AT, &now.to_string())?;
            }
            if given { save(tx, &first, now) } else { Ok(()) }
        })?;
        let stored = db.run(|tx| meta::get(tx, STORED))?;
        let definition = match stored {
            None => first,
            Some(text) => serde_json::from_str(&text).map_err(|error| {
                rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into())
            })?,
        };
        Ok(Self {
            now: RwLock::new(Arc::new(definition)),
            changing: Mutex::new(()),
        })
    }

    pub(crate) fn get(&self) -> Arc<Definition> {
        Arc::clone(&self.now.read())
    }

    /// Stores and then uses another one, made of the one that holds. Changes wait for each other.
    ///
    /// # Errors
    /// That of `change`, which leaves things as they are; or the database's.
    pub(crate) fn change<E: From<ApiError>>(
        &self,
        db: &Db,
        now: i64,
        change: impl FnOnce(&Definition) -> Result<Definition, E>,
    ) -> Result<Arc<Definition>, E> {
        let _changing = self.changing.lock();
        let next = Arc::new(change(&self.get())?);
        db.run(|tx| save(tx, &next, now).map_err(ApiError::from))?;
        *self.now.write() = Arc::clone(&next);
        Ok(next)
    }

    /// Forgets all of the database but `next`, and what `write` brings.
    ///
    /// # Errors
    /// That of `write`, which leaves things as they are; or the database's.
    pub(crate) fn reset(
        &self,
        db: &Db,
        next: Definition,
        now: i64,
        write: impl FnOnce(&Connection, &Settings) -> Result<()>,
        done: impl FnOnce(),
    ) -> Result<()> {
        let _changing = self.changing.lock();
        let next = Arc::new(next);
        db.reset(
            |tx| {
                save(tx, &next, now)?;
                write(tx, &next.settings)
            },
            || {
                *self.now.write() = Arc::clone(&next);
                done();
            },
        )
    }
}

/// When the pool was made and last changed.
pub(crate) struct Times {
    pub(crate) created_at: i64,
    pub(crate) modified_at: i64,
}

pub(crate) fn times(db: &Connection) -> rusqlite::Result<Times> {
    let read = |name| -> rusqlite::Result<Option<i64>> {
        Ok(meta::get(db, name)?.and_then(|text| text.parse().ok()))
    };
    let created_at = read(CREATED_AT)?.unwrap_or_default();
    Ok(Times {
        created_at,
        modified_at: read(MODIFIED_AT)?.unwrap_or(created_at),
    })
}

fn save(db: &Connection, definition: &Definition, now: i64) -> rusqlite::Result<()> {
    let text = serde_json::to_string(definition)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    if meta::get(db, STORED)?.as_ref() == Some(&text) {
        return Ok(());
    }
    meta::set(db, MODIFIED_AT, &now.to_string())?;
    meta::set(db, STORED, &text)
}
