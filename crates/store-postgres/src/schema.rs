use tokio_postgres::{Client, Error};

use crate::fault::Fault;
use crate::open::OpenError;

/// Number `n` takes a database from schema version `n` to `n + 1`. What has been released is
/// never changed; a new one must let the release before it go on working.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_sessions.sql"),
    include_str!("../migrations/0002_budgets.sql"),
];

/// "CGWD". Held by whoever migrates.
const ADVISORY_LOCK: i64 = 0x4347_5744;

/// Brings the tables up to date, if need be, and checks that they can be used.
pub(crate) async fn ensure(client: &mut Client, server: &str) -> Result<(), Fault> {
    let known = version_of(MIGRATIONS.len());
    let tables = |error| unusable(server, error);
    if version(client).await.map_err(tables)? < known {
        migrate(client, known).await.map_err(tables)?;
    }
    let found = version(client).await.map_err(tables)?;
    if found > known {
        return Err(Fault::Unusable(OpenError::TooNew {
            server: server.to_owned(),
            found,
            known,
        }));
    }
    check_rights(client, server).await
}

async fn version(client: &Client) -> Result<i32, Error> {
    let sql = "SELECT to_regclass('cogward_schema') IS NOT NULL";
    if !client.query_one(sql, &[]).await?.try_get(0)? {
        return Ok(0);
    }
    client.query_one(VERSION, &[]).await?.try_get(0)
}

/// In one transaction. Of several that start at once, one migrates and the others find it done.
async fn migrate(client: &mut Client, known: i32) -> Result<(), Error> {
    let transaction = client.transaction().await?;
    // Longer than a call may take, but not for ever.
    let limits = "SET LOCAL statement_timeout = '50s'; SET LOCAL lock_timeout = '50s'";
    transaction.batch_execute(limits).await?;
    let lock = "SELECT pg_advisory_xact_lock($1)";
    transaction.query(lock, &[&ADVISORY_LOCK]).await?;
    // Looks for the table anew, unlike `to_regclass`, which may still answer from before the lock.
    transaction.batch_execute(SCHEMA_TABLE).await?;
    let from: i32 = transaction.query_one(VERSION, &[]).await?.try_get(0)?;
    for (to, migration) in (1..).zip(MIGRATIONS) {
        if from < to && to <= known {
            transaction.batch_execute(migration).await?;
            let done = "INSERT INTO cogward_schema (version) VALUES ($1)";
            transaction.execute(done, &[&to]).await?;
        }
    }
    transaction.commit().await
}

const VERSION: &str = "SELECT coalesce(max(version), 0) FROM cogward_schema";

const SCHEMA_TABLE: &str = "
    CREATE TABLE IF NOT EXISTS cogward_schema (
        version integer PRIMARY KEY,
        applied_at timestamptz NOT NULL DEFAULT now()
    )";

/// Said now and not by the first request that needs it.
async fn check_rights(client: &Client, server: &str) -> Result<(), Fault> {
    let sql = "
        SELECT wanted || ' on ' || name
        FROM unnest(ARRAY['cogward_session', 'cogward_login', 'cogward_lease', 'cogward_mark',
                'cogward_budget']) AS name,
            unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS wanted
        WHERE to_regclass(name) IS NULL OR NOT has_table_privilege(to_regclass(name), wanted)
        LIMIT 1";
    let missing = client.query_opt(sql, &[]).await?;
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
