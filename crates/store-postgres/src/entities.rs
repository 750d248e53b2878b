//! Facts of resources, from a table that the application made and fills.

use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use cogward_policy::entities::TableName;
use cogward_policy::{EntityError, EntityProvider, Facts};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use crate::connect::Connector;
use crate::connections::Connections;
use crate::fault::Fault;
use crate::open::{OpenError, Options};
use crate::rows::column;

/// Facts from a table in a PostgreSQL database, by its columns `id` (text) and `owner` (text or
/// uuid), and `type` (text) and `attributes` (a JSON object as json, jsonb or text) where it has
/// those. A view will do.
///
/// Nothing is written: `SELECT` on these columns is all the rights that it takes, and a standby
/// may answer.
pub struct PostgresEntities {
    connections: Connections,
    table: TableName,
    server: String,
    /// Once the table was seen.
    select: OnceLock<String>,
    call_limit: Duration,
}

impl PostgresEntities {
    /// Opens the database. One that cannot be reached is no error: the provider is unavailable
    /// until it can.
    ///
    /// # Errors
    /// [`OpenError`] for what waiting does not mend, but never [`OpenError::Unreachable`].
    pub async fn open(options: Options, table: TableName) -> Result<Self, OpenError> {
        let connector = Connector::reading(&options)?;
        let entities = Self {
            connections: Connections::new(connector, options.connections),
            table,
            server: options.url.server().to_owned(),
            select: OnceLock::new(),
            call_limit: options.call_limit,
        };
        match entities.rows(None).await {
            Ok(_) => {}
            Err(Fault::Unusable(error)) => return Err(error),
            Err(fault) => {
                let error: &dyn std::error::Error = &fault;
                let server = &entities.server;
                tracing::warn!(server, error, "PostgreSQL cannot be asked of resources yet");
            }
        }
        Ok(entities)
    }

    /// Those with this id; none without one, but the table is looked at.
    async fn rows(&self, id: Option<&str>) -> Result<Vec<Row>, Fault> {
        let call = async {
            let mut connection = self.connections.take().await?;
            let client = connection.client();
            let select = match self.select.get() {
                Some(select) => select,
                None => {
                    let select = self.look(client).await?;
                    self.select.get_or_init(|| select)
                }
            };
            // Of the column's own type, by whose index it is found.
            let rows = client.query_typed(select, &[(&id, Type::UNKNOWN)]).await?;
            connection.keep();
            Ok(rows)
        };
        let done = tokio::time::timeout(self.call_limit, call).await;
        done.unwrap_or(Err(Fault::Slow))
    }

    /// The statement for the columns that there are.
    async fn look(&self, client: &Client) -> Result<String, Fault> {
        let (server, table) = (self.server.clone(), self.table.to_string());
        let quoted = self.table.quoted();
        let name = [(&quoted as _, Type::TEXT)];
        let there = client.query_typed(THERE, &name).await?;
        let there = there.first().map(|row| column::<bool>(row, 0, "there"));
        if !there.transpose()?.unwrap_or(false) {
            return Err(Fault::Unusable(OpenError::EntityTable { server, table }));
        }
        let columns = client.query_typed(COLUMNS, &name).await?;
        let columns: Vec<_> = columns.iter().map(Column::of).collect::<Result<_, _>>()?;
        let mut selected = Vec::new();
        for wanted in &WANTED {
            let found = columns.iter().find(|column| column.name == wanted.name);
            match found {
                None if wanted.optional => selected.push("NULL::text"),
                Some(found) if wanted.takes(found) && found.readable => {
                    selected.push(wanted.selected);
                }
                Some(found) if wanted.takes(found) => {
                    let missing = format!("SELECT on column {} of {table}", found.name);
                    return Err(Fault::Unusable(OpenError::Rights { server, missing }));
                }
                _ => {
                    return Err(Fault::Unusable(OpenError::EntityColumn {
                        server,
                        table,
                        column: wanted.name,
                        wanted: wanted.kind,
                    }));
                }
            }
        }
        let selected = selected.join(", ");
        Ok(format!(
            "SELECT {selected} FROM {quoted} AS r WHERE r.id = $1 LIMIT 2"
        ))
    }
}

#[async_trait]
impl EntityProvider for PostgresEntities {
    async fn find(&self, _: &str, id: &str) -> Result<Option<Facts>, EntityError> {
        // What no text in PostgreSQL has.
        if id.contains('\0') {
            return Ok(None);
        }
        let rows = self.rows(Some(id)).await;
        match rows.map_err(EntityError::unavailable)?.as_slice() {
            [] => Ok(None),
            // A column's own collation may find another id, which is somebody else's.
            [row] => facts(row, id),
            _ => Err(EntityError::unavailable(
                "it has more than one row with this id",
            )),
        }
    }
}

const THERE: &str = "SELECT to_regclass($1) IS NOT NULL";

const COLUMNS: &str = "
    SELECT attname::text, typname::text, typcategory::text,
        has_column_privilege(attrelid, attnum, 'SELECT')
    FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
    WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped";

struct Column {
    name: String,
    type_name: String,
    /// `S` is of texts (PostgreSQL's documentation, `pg_type`, "typcategory Codes").
    category: String,
    readable: bool,
}

impl Column {
    fn of(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            name: column(row, 0, "attname")?,
            type_name: column(row, 1, "typname")?,
            category: column(row, 2, "typcategory")?,
            readable: column(row, 3, "has_column_privilege")?,
        })
    }
}

struct Wanted {
    name: &'static str,
    selected: &'static str,
    kind: &'static str,
    /// Beside texts.
    types: &'static [&'static str],
    optional: bool,
}

impl Wanted {
    fn takes(&self, column: &Column) -> bool {
        column.category == "S" || self.types.contains(&column.type_name.as_str())
    }
}

const WANTED: [Wanted; 4] = [
    Wanted {
        name: "id",
        selected: "r.id::text",
        kind: "type text",
        types: &[],
        optional: false,
    },
    Wanted {
        name: "owner",
        selected: "r.owner::text",
        kind: "type text or uuid",
        types: &["uuid"],
        optional: false,
    },
    Wanted {
        name: "type",
        selected: "r.type::text",
        kind: "type text",
        types: &[],
        optional: true,
    },
    Wanted {
        name: "attributes",
        selected: "r.attributes::text",
        kind: "type json, jsonb or text",
        types: &["json", "jsonb"],
        optional: true,
    },
];

/// None for a row that has another id.
fn facts(row: &Row, id: &str) -> Result<Option<Facts>, EntityError> {
    let text = |at, name| {
        let text: Result<Option<String>, _> = column(row, at, name);
        text.map_err(EntityError::unavailable)
    };
    if text(0, "id")?.as_deref() != Some(id) {
        return Ok(None);
    }
    let attributes = text(3, "attributes")?;
    Facts::of_row(text(1, "owner")?, text(2, "type")?, attributes.as_deref()).map(Some)
}
