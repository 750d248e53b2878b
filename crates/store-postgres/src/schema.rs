use tokio_postgres::{Client, Error};

use crate::fault::Fault;
use crate::open::OpenError;

/// Number `n` takes a database from schema version `n` to `n + 1`. What has been released is
/// never changed; a new one must let the release before it go on working.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_sessions.sql"),
    include_str!("../migrations/0002_budgets.sql"),
];

/// Tables that belong together, and how they are made.
pub(crate) struct Schema {
    migrations: &'static [&'static str],
    /// Says which of them are done.
    version_table: &'static str,
    /// The advisory lock of whoever migrates.
    lock: i64,
    tables: &'static [&'static str],
}

pub(crate) static SESSIONS: Schema = Schema {
    migrations: MIGRATIONS,
    version_table: "cogward_schema",
    // "CGWD"
    lock: 0x4347_5744,
    tables: &[
        "cogward_session",
        "cogward_login",
        "cogward_lease",
        "cogward_mark",
        "cogward_budget",
    ],
};

pub(crate) static PEOPLE: Schema = Schema {
    migrations: &[
        include_str!("../migrations/people/0001_people.sql"),
        include_str!("../migrations/people/0002_codes.sql"),
    ],
    version_table: "cogward_people_schema",
    // "CGWU"
    lock: 0x4347_5755,
    tables: &["cogward_person", "cogward_one_time_code"],
};

/// Brings the tables up to date, if need be, and checks that they can be used.
pub(crate) async fn ensure(
    schema: &Schema,
    client: &mut Client,
    server: &str,
) -> Result<(), Fault> {
    let known = version_of(schema.migrations.len());
    let tables = |error| unusable(server, error);
    if version(schema, client).await.map_err(tables)? < known {
        migrate(schema, client, known).await.map_err(tables)?;
    }
    let found = version(schema, client).await.map_err(tables)?;
    if found > known {
        return Err(Fault::Unusable(OpenError::TooNew {
            server: server.to_owned(),
            found,
            known,
        }));
    }
    check_rights(schema, client, server).await
}

async fn version(schema: &Schema, client: &Client) -> Result<i32, Error> {
    let sql = "SELECT to_regclass($1::text) IS NOT NULL";
    let there = client.query_one(sql, &[&schema.version_table]).await?;
    if !there.try_get(0)? {
        return Ok(0);
    }
    client.query_one(&schema.version(), &[]).await?.try_get(0)
}

/// In one transaction. Of several that start at once, one migrates and the others find it done.
async fn migrate(schema: &Schema, client: &mut Client, known: i32) -> Result<(), Error> {
    let table = schema.version_table;
    let transaction = client.transaction().await?;
    // Longer than a call may take, but not for ever.
    let limits = "SET LOCAL statement_timeout = '50s'; SET LOCAL lock_timeout = '50s'";
    transaction.batch_execute(limits).await?;
    let lock = "SELECT pg_advisory_xact_lock($1)";
    transaction.query(lock, &[&schema.lock]).await?;
    // Looks for the table anew, unlike `to_regclass`, which may still answer from before the lock.
    let create = format!(
        "CREATE TABLE IF NOT EXISTS {table} (
             version integer PRIMARY KEY,
             applied_at timestamptz NOT NULL DEFAULT now()
         )"
    );
    transaction.batch_execute(&create).await?;
    let from = transaction.query_one(&schema.version(), &[]).await?;
    let from: i32 = from.try_get(0)?;
    for (to, migration) in (1..).zip(schema.migrations) {
        if from < to && to <= known {
            transaction.batch_execute(migration).await?;
            let done = format!("INSERT INTO {table} (version) VALUES ($1)");
            transaction.execute(&done, &[&to]).await?;
        }
    }
    transaction.commit().await
}

impl Schema {
    fn version(&self) -> String {
        let table = self.version_table;
        format!("SELECT coalesce(max(version), 0) FROM {table}")
    }
}

/// Said now and not by the first request that needs it.
async fn check_rights(schema: &Schema, client: &Client, server: &str) -> Result<(), Fault> {
    let sql = "
        SELECT wanted || ' on ' || name
        FROM unnest($1::text[]) AS name,
            unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS wanted
        WHERE to_regclass(name) IS NULL OR NOT has_table_privilege(to_regclass(name), wanted)
        LIMIT 1";
    let missing = client.query_opt(sql, &[&schema.tables]).await?;
    match missing {
        None => Ok(()),
        Some(row) => Err(Fault::Unusable(OpenError::Rights {
            server: server.to_owned(),
            missing: row.try_get(0)?,
        })),
    }
}

fn unusable(server: &str, error: Error) -> Fault {
    let fault = Fault::from(error);
    let server = server.to_owned();
    match fault {
        Fault::Database { code, message } if !Fault::is_passing(&code) => {
            let source = Fault::Database { code, message };
            Fault::Unusable(OpenError::Tables {
                server,
                source: source.into(),
            })
        }
        other => other,
    }
}

fn version_of(migrations: usize) -> i32 {
    i32::try_from(migrations).unwrap_or(i32::MAX)
}
