//! Facts of resources from an application's SQLite file.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cogward_policy::EntityProvider as _;
use cogward_policy::entities::contract;
use cogward_store_sqlite::{EntitiesError, SqliteEntities};
use rusqlite::Connection;
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(20);

const TABLE: &str = "CREATE TABLE item (
    id TEXT PRIMARY KEY, title TEXT, owner TEXT, type TEXT, attributes TEXT)";

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract() {
    let app = App::new(TABLE);
    app.fill();
    contract::run(Arc::new(app.open("item"))).await.unwrap();
    contract::run(Arc::new(app.open("main.ITEM")))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract_while_the_application_writes_ahead() {
    let app = App::new(TABLE);
    app.connection
        .pragma_update(None, "journal_mode", "wal")
        .unwrap();
    app.fill();
    // Under way, and seen by nobody yet.
    app.run("BEGIN IMMEDIATE; UPDATE item SET owner = 'eve'");
    contract::run(Arc::new(app.open("item"))).await.unwrap();
}

#[tokio::test]
async fn two_columns_are_enough() {
    let app = App::new("CREATE TABLE item (ID TEXT PRIMARY KEY, Owner TEXT) WITHOUT ROWID");
    app.run("INSERT INTO item VALUES ('a', 'ada'), ('b', NULL)");
    let entities = app.open("item");
    assert_eq!(owner(&entities, "a").await.as_deref(), Some("ada"));
    assert_eq!(owner(&entities, "b").await, None);
    app.run("CREATE VIEW mine AS SELECT 'x-' || id AS id, owner FROM item");
    assert_eq!(
        owner(&app.open("mine"), "x-a").await.as_deref(),
        Some("ada")
    );
}

/// Whatever the table's own collation finds alike.
#[tokio::test]
async fn an_id_is_the_one_that_was_asked_for() {
    let app = App::new("CREATE TABLE item (id TEXT PRIMARY KEY COLLATE NOCASE, owner TEXT)");
    app.run("INSERT INTO item VALUES ('Note', 'ada')");
    let entities = app.open("item");
    assert_eq!(owner(&entities, "Note").await.as_deref(), Some("ada"));
    for other in ["note", "NOTE", "Note "] {
        let found = entities.find("document", other).await.unwrap();
        assert_eq!(found, None, "{other}");
    }
}

#[tokio::test]
async fn a_change_is_told_at_once() {
    let app = App::new(TABLE);
    app.run("INSERT INTO item (id, owner) VALUES ('a', 'ada')");
    let entities = app.open("item");
    assert_eq!(owner(&entities, "a").await.as_deref(), Some("ada"));
    app.run("UPDATE item SET owner = 'bob'");
    assert_eq!(owner(&entities, "a").await.as_deref(), Some("bob"));
    app.run("DELETE FROM item");
    assert_eq!(entities.find("document", "a").await.unwrap(), None);
}

#[tokio::test]
async fn the_file_is_left_as_it_was() {
    let app = App::new(TABLE);
    app.fill();
    let (before, beside) = (std::fs::read(&app.path).unwrap(), app.files());
    let entities = app.open("item");
    owner(&entities, "owned").await;
    assert_eq!(app.files(), beside);
    drop(entities);
    assert_eq!(std::fs::read(&app.path).unwrap(), before);
    assert_eq!(app.files(), beside);
}

#[tokio::test]
async fn a_value_of_another_type_is_an_error_and_never_nobodys() {
    let app = App::new("CREATE TABLE item (id, owner, type, attributes)");
    app.run(
        "INSERT INTO item VALUES
             ('number', 7, NULL, NULL), ('bytes', x'616461', NULL, NULL),
             ('kind', 'ada', 7, NULL), ('list', 'ada', NULL, '[]'),
             ('text', 'ada', NULL, 's3cret'), ('empty', 'ada', NULL, ''),
             ('json number', 'ada', NULL, 7), ('null', 'ada', NULL, 'null'),
             ('large', 'ada', NULL, json_object('a', printf('%.*c', 65536, 'x'))),
             ('twice', 'ada', NULL, NULL), ('twice', 'ada', NULL, NULL)",
    );
    let entities = app.open("item");
    for id in [
        "number",
        "bytes",
        "kind",
        "list",
        "text",
        "empty",
        "json number",
        "null",
        "large",
        "twice",
    ] {
        let error = entities.find("document", id).await.unwrap_err();
        assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    }
    let numbers = App::new("CREATE TABLE item (id INTEGER PRIMARY KEY, owner TEXT)");
    numbers.run("INSERT INTO item VALUES (1, 'ada')");
    let error = numbers.open("item").find("document", "01").await;
    assert!(format!("{:?}", error.unwrap_err()).contains("`id` is no text"));
}

#[test]
fn what_is_missing_is_said_at_start() {
    let app = App::new("CREATE TABLE item (id TEXT, \"owner of it\" TEXT)");
    app.run("CREATE TABLE other (owner TEXT, key TEXT)");
    let file = app.path.display();
    for (table, expected) in [
        ("missing", format!("there is no table `missing` in {file}")),
        (
            "temp.item",
            format!("there is no table `temp.item` in {file}"),
        ),
        (
            "item",
            format!("the table `item` in {file} has no column `owner`"),
        ),
        (
            "other",
            format!("the table `other` in {file} has no column `id`"),
        ),
    ] {
        let refused = try_open(&app.path, table).err().unwrap().to_string();
        assert!(refused.starts_with(&expected), "{refused}");
    }
    let nowhere = app.folder.path().join("no.db");
    let refused = try_open(&nowhere, "item").err();
    assert!(
        matches!(refused, Some(EntitiesError::File { .. })),
        "{refused:?}"
    );
    assert!(!nowhere.exists());
    std::fs::write(&nowhere, "not a database, but rather long".repeat(9)).unwrap();
    let refused = try_open(&nowhere, "item").err();
    assert!(
        matches!(refused, Some(EntitiesError::File { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_file_that_goes_away_is_an_error_until_it_is_back() {
    let app = App::new(TABLE);
    app.fill();
    let entities = app.open("item");
    assert_eq!(owner(&entities, "owned").await.as_deref(), Some("ada"));
    let away = app.folder.path().join("away");
    std::fs::rename(&app.path, &away).unwrap();
    contract::fails(&entities).await.unwrap();
    std::fs::rename(&away, &app.path).unwrap();
    assert_eq!(owner(&entities, "owned").await.as_deref(), Some("ada"));
}

#[tokio::test]
async fn a_file_in_its_place_is_read_from_then_on() {
    let (app, next) = (App::new(TABLE), App::new(TABLE));
    app.run("INSERT INTO item (id, owner) VALUES ('a', 'ada')");
    next.run("INSERT INTO item (id, owner) VALUES ('a', 'bob')");
    let entities = app.open("item");
    assert_eq!(owner(&entities, "a").await.as_deref(), Some("ada"));
    std::fs::rename(&next.path, &app.path).unwrap();
    assert_eq!(owner(&entities, "a").await.as_deref(), Some("bob"));
    let without = App::new("CREATE TABLE item (id TEXT)");
    std::fs::rename(&without.path, &app.path).unwrap();
    contract::fails(&entities).await.unwrap();
}

#[tokio::test]
async fn a_table_that_is_dropped_or_changed_is_an_error() {
    for change in [
        "DROP TABLE item",
        "ALTER TABLE item RENAME owner TO creator",
    ] {
        let app = App::new(TABLE);
        app.fill();
        let entities = app.open("item");
        app.run(change);
        contract::fails(&entities).await.unwrap();
    }
}

#[tokio::test]
async fn a_file_that_is_locked_is_an_error_until_it_is_free() {
    let app = App::new(TABLE);
    app.fill();
    let table = "item".parse().unwrap();
    let limit = Duration::from_millis(100);
    let entities = SqliteEntities::open(&app.path, table, limit).unwrap();
    app.run("BEGIN EXCLUSIVE");
    contract::fails(&entities).await.unwrap();
    app.run("COMMIT");
    let told = async {
        while entities.find("document", "owned").await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, told).await.unwrap();
}

/// An application's file, open there.
struct App {
    connection: Connection,
    path: PathBuf,
    folder: TempDir,
}

impl App {
    fn new(sql: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.db");
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(sql).unwrap();
        Self {
            connection,
            path,
            folder,
        }
    }

    fn run(&self, sql: &str) {
        self.connection.execute_batch(sql).unwrap();
    }

    fn fill(&self) {
        let insert =
            "INSERT INTO item (id, title, owner, type, attributes) VALUES (?, 'T', ?, ?, ?)";
        for row in contract::rows() {
            let attributes = row.attributes.map(|it| it.to_string());
            let values = (row.id, row.owner, row.kind, attributes);
            self.connection.execute(insert, values).unwrap();
        }
    }

    fn open(&self, table: &str) -> SqliteEntities {
        try_open(&self.path, table).unwrap()
    }

    fn files(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        let name = |file: std::fs::DirEntry| file.file_name().into_string().unwrap();
        files.map(|file| name(file.unwrap())).collect()
    }
}

fn try_open(path: &Path, table: &str) -> Result<SqliteEntities, EntitiesError> {
    SqliteEntities::open(path, table.parse().unwrap(), LIMIT)
}

async fn owner(entities: &SqliteEntities, id: &str) -> Option<String> {
    let found = entities.find("document", id).await.unwrap();
    found.unwrap().owner
}
