//! What keeps each table small, and that no call reads all of one.

use std::cell::RefCell;

use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::{Connection, Transaction, params};

use super::attempts::Attempts;
use super::auth_codes::AuthCode;
use super::codes::Code;
use super::devices::Device;
use super::families::Family;
use super::hosted::HostedSession;
use super::keys::StoredKey;
use super::user_lists::{Column, Condition};
use super::users::{Status, User, UserMfa};
use super::*;
use crate::random::Random;
use crate::settings::Settings;
use crate::web_authn::{Ceremony, UserVerification};

const NOW: i64 = 1_800_000_000;

fn with<T>(work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> T {
    Db::open(None).unwrap().run(work).unwrap()
}

fn count(db: &Connection, table: &str) -> i64 {
    let count = format!("SELECT count(*) FROM {table}");
    db.query_row(&count, [], |row| row.get(0)).unwrap()
}

/// As if so many rows had come and gone since the last one.
fn pass(db: &Connection, table: &str, rows: i64) {
    let numbered = "UPDATE sqlite_sequence SET seq = seq + ?2 WHERE name = ?1";
    if db.execute(numbered, params![table, rows]).unwrap() == 0 {
        let newest = format!(
            "UPDATE {table} SET rowid = rowid + ?1 WHERE rowid = (SELECT max(rowid) FROM {table})"
        );
        db.execute(&newest, [rows]).unwrap();
    }
}

fn family(sub: &str, name: &str, expires_at: i64) -> Family {
    Family {
        origin_jti: name.to_owned(),
        session_id: format!("session {name}"),
        sub: sub.to_owned(),
        client_id: String::new(),
        scope: String::new(),
        event_id: String::new(),
        auth_time: NOW,
        expires_at,
        revoked: false,
        device_key: Some(format!("device {name}")),
        last_active_at: NOW,
        hosted: false,
        resource: None,
    }
}

fn user(sub: &str) -> User {
    User {
        sub: sub.to_owned(),
        username: format!("name of {sub}"),
        password_hash: String::new(),
        password_set_at: NOW,
        password_history: Vec::new(),
        status: Status::Confirmed,
        enabled: true,
        attributes: [("email".to_owned(), format!("{sub}@example.com"))].into(),
        groups: Vec::new(),
        mfa: UserMfa::default(),
        created_at: NOW,
        modified_at: NOW,
        signed_in_at: None,
        epoch: 0,
    }
}

fn device(sub: &str, key: &str, authenticated_at: i64) -> Device {
    Device {
        device_key: key.to_owned(),
        sub: sub.to_owned(),
        name: None,
        verifier: None,
        remembered: true,
        ip: String::new(),
        created_at: NOW,
        modified_at: NOW,
        authenticated_at,
    }
}

fn code(expires_at: i64) -> Code {
    Code {
        code: "123456".to_owned(),
        sent_to: String::new(),
        instead_of: None,
        expires_at,
        failures: 0,
        failures_since: 0,
    }
}

fn auth_code(expires_at: i64) -> AuthCode {
    AuthCode {
        sub: String::new(),
        client_id: "web".to_owned(),
        redirect_uri: String::new(),
        scope: String::new(),
        nonce: None,
        challenge: None,
        resource: None,
        auth_time: NOW,
        expires_at,
        epoch: 0,
    }
}

fn hosted_session(sub: &str, expires_at: i64) -> HostedSession {
    HostedSession {
        sub: sub.to_owned(),
        confirmed: true,
        auth_time: NOW,
        expires_at,
        epoch: 0,
    }
}

fn failed(failed_at: i64) -> Attempts {
    Attempts {
        failures: 1,
        failed_at,
        locked_until: 0,
    }
}

fn ceremony(expires_at: i64) -> Ceremony {
    let random = Random::default();
    let verification = UserVerification::Preferred;
    Ceremony::begin(&random, "localhost", "ada", "web", verification, expires_at)
}

#[test]
fn a_user_has_so_many_sign_ins_and_the_oldest_goes_first() {
    with(|tx| {
        families::insert(tx, &family("bob", "bob's", NOW + 100))?;
        for number in 0..families::KEPT_OF_USER + 50 {
            let name = number.to_string();
            families::insert(tx, &family("ada", &name, NOW + 100))?;
            families::add_refresh_token(tx, &name, &name)?;
        }
        assert_eq!(count(tx, "families"), families::KEPT_OF_USER + 1);
        assert_eq!(count(tx, "refresh_tokens"), families::KEPT_OF_USER);
        assert!(families::get(tx, "49")?.is_none());
        assert!(families::of_refresh_token(tx, "49")?.is_none());
        assert!(families::get(tx, "50")?.is_some() && families::get(tx, "bob's")?.is_some());
        Ok(())
    });
}

#[test]
fn all_users_together_have_so_many_sign_ins() {
    with(|tx| {
        families::insert(tx, &family("ada", "first", NOW + 100))?;
        families::insert(tx, &family("bob", "second", NOW + 100))?;
        pass(tx, "families", families::KEPT - 3);
        families::insert(tx, &family("cy", "third", NOW + 100))?;
        assert_eq!(count(tx, "families"), 3);
        families::insert(tx, &family("dee", "fourth", NOW + 100))?;
        assert!(families::get(tx, "first")?.is_none());
        assert!(families::get(tx, "second")?.is_some());
        Ok(())
    });
}

#[test]
fn a_sign_in_has_so_many_refresh_tokens_and_the_newest_stay() {
    with(|tx| {
        families::insert(tx, &family("ada", "one", NOW + 100))?;
        families::insert(tx, &family("ada", "other", NOW + 100))?;
        families::add_refresh_token(tx, "other's", "other")?;
        for number in 0..3 * families::TOKENS_KEPT {
            families::add_refresh_token(tx, &number.to_string(), "one")?;
            families::mark_replaced(tx, &number.to_string(), NOW)?;
        }
        assert_eq!(count(tx, "refresh_tokens"), families::TOKENS_KEPT + 1);
        let last = (3 * families::TOKENS_KEPT - 1).to_string();
        assert!(families::of_refresh_token(tx, &last)?.is_some());
        assert!(families::of_refresh_token(tx, "other's")?.is_some());
        assert!(families::of_refresh_token(tx, "0")?.is_none());
        Ok(())
    });
}

#[test]
fn of_more_devices_than_a_user_can_have_those_used_longest_ago_are_surplus() {
    with(|tx| {
        users::save(tx, &user("ada"), &Settings::default())?;
        users::save(tx, &user("bob"), &Settings::default())?;
        devices::insert(tx, &device("bob", "bob's", NOW - 1000))?;
        for number in 0..devices::KEPT_OF_USER + 2 {
            let used = if number == 7 { NOW - 10 } else { NOW + number };
            devices::insert(tx, &device("ada", &number.to_string(), used))?;
        }
        assert_eq!(devices::surplus(tx, "ada")?, ["0", "7"]);
        assert!(devices::surplus(tx, "bob")?.is_empty());
        Ok(())
    });
}

#[test]
fn codes_of_names_nobody_has_make_room_for_each_other_alone() {
    with(|tx| {
        codes::issue(tx, "ada", "reset", &code(NOW), false)?;
        for number in 0..codes::DECOYS_KEPT + 20 {
            codes::issue(tx, &format!("?{number}"), "reset", &code(NOW), true)?;
            // Who is asked for again is among the newest.
            codes::issue(tx, "?often", "reset", &code(NOW), true)?;
        }
        assert!(count(tx, "codes") <= codes::DECOYS_KEPT + 1);
        assert!(codes::get(tx, "ada", "reset")?.is_some());
        assert!(codes::get(tx, "?often", "reset")?.is_some());
        assert!(codes::get(tx, "?19", "reset")?.is_none());
        Ok(())
    });
}

/// Inserts one of a number and an expiry, for tables of which the oldest row goes first.
type Insert = fn(&Connection, i64, i64) -> rusqlite::Result<()>;
type Purge = fn(&Connection, i64) -> rusqlite::Result<()>;

const TABLES: [(&str, i64, Insert, Purge); 8] = [
    (
        "challenges",
        challenges::KEPT,
        |db, n, until| challenges::insert(db, n.to_string().as_bytes(), "", until),
        challenges::purge,
    ),
    (
        "hosted_challenges",
        hosted_challenges::KEPT,
        |db, n, until| hosted_challenges::insert(db, &n.to_string(), "", until),
        hosted_challenges::purge,
    ),
    (
        "auth_codes",
        auth_codes::KEPT,
        |db, n, until| auth_codes::insert(db, &n.to_string(), &auth_code(until)),
        auth_codes::purge,
    ),
    (
        "hosted_sessions",
        hosted::KEPT,
        |db, n, until| hosted::insert(db, &n.to_string(), &hosted_session(&n.to_string(), until)),
        hosted::purge,
    ),
    (
        "attempts",
        attempts::KEPT,
        |db, n, at| attempts::set(db, &n.to_string(), failed(at)),
        attempts::purge,
    ),
    (
        "web_authn_ceremonies",
        web_authn_ceremonies::KEPT,
        |db, n, until| {
            users::save(db, &user("ada"), &Settings::default())?;
            web_authn_ceremonies::keep(db, "ada", &n.to_string(), &ceremony(until))
        },
        web_authn_ceremonies::purge,
    ),
    (
        "messages",
        messages::KEPT,
        |db, n, _| messages::send(db, &n.to_string(), "", "", NOW),
        |_, _| Ok(()),
    ),
    (
        "families",
        families::KEPT,
        |db, n, until| families::insert(db, &family(&n.to_string(), &n.to_string(), until)),
        families::purge,
    ),
];

#[test]
fn the_oldest_row_of_a_full_table_goes_first() {
    for (table, kept, insert, _) in TABLES {
        with(|tx| {
            insert(tx, 1, NOW + 100)?;
            insert(tx, 2, NOW + 100)?;
            insert(tx, 3, NOW + 100)?;
            pass(tx, table, kept - 3);
            insert(tx, 4, NOW + 100)?;
            assert_eq!(count(tx, table), 3, "{table}");
            insert(tx, 5, NOW + 100)?;
            assert_eq!(count(tx, table), 3, "{table}");
            Ok(())
        });
    }
}

#[test]
fn late_rows_go_some_at_a_time_and_others_stay() {
    for (table, _, insert, purge) in TABLES {
        if table == "messages" {
            continue;
        }
        with(|tx| {
            for number in 0..SWEPT + 10 {
                insert(tx, number, NOW - 1000)?;
            }
            insert(tx, -1, NOW + 1000)?;
            purge(tx, NOW)?;
            assert_eq!(count(tx, table), 11, "{table}");
            purge(tx, NOW)?;
            assert_eq!(count(tx, table), 1, "{table}");
            Ok(())
        });
    }
}

#[test]
fn a_browser_session_is_one_of_so_many_of_its_user() {
    with(|tx| {
        hosted::insert(tx, "bob's", &hosted_session("bob", NOW + 100))?;
        for number in 0..hosted::KEPT_OF_USER + 5 {
            hosted::insert(tx, &number.to_string(), &hosted_session("ada", NOW + 100))?;
        }
        assert_eq!(count(tx, "hosted_sessions"), hosted::KEPT_OF_USER + 1);
        assert!(hosted::get(tx, "bob's", NOW)?.is_some());
        assert!(hosted::get(tx, "4", NOW)?.is_none());
        Ok(())
    });
}

#[test]
fn keys_of_the_last_generations_are_kept() {
    with(|tx| {
        for generation in 1..=3 * keys::GENERATIONS_KEPT {
            for purpose in ["id", "access"] {
                let key = StoredKey {
                    kid: format!("{purpose} {generation}"),
                    purpose: purpose.to_owned(),
                    pkcs8: Vec::new(),
                    generation,
                };
                keys::insert(tx, &key)?;
            }
        }
        assert_eq!(count(tx, "signing_keys"), 2 * keys::GENERATIONS_KEPT);
        Ok(())
    });
}

thread_local! {
    static RUN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Whole tables that may be read: of few rows.
const SMALL: [&str; 1] = ["messages"];

#[test]
fn no_call_reads_a_whole_table() {
    let db = Db::open(None).unwrap();
    let mut connection = db.connection.into_inner();
    connection
        .trace_v2(
            TraceEventCodes::SQLITE_TRACE_STMT,
            Some(|event: TraceEvent<'_>| {
                if let TraceEvent::Stmt(_, text) = event {
                    RUN.with_borrow_mut(|run| run.push(text.to_owned()));
                }
            }),
        )
        .unwrap();
    every_call(&connection).unwrap();
    let run = RUN.take();
    assert!(run.len() > 50, "{run:#?}");
    for text in run.iter().filter(|text| !text.starts_with("--")) {
        for step in plan(&connection, text) {
            let scanned = step.strip_prefix("SCAN ").unwrap_or_default();
            let table = scanned.split(' ').next().unwrap_or_default();
            let whole =
                !scanned.is_empty() && !scanned.contains("USING") && !SMALL.contains(&table);
            assert!(!whole || table.starts_with('('), "{step}: {text}");
        }
    }
}

#[test]
fn users_are_searched_by_an_index() {
    let db = Db::open(None).unwrap();
    let mut connection = db.connection.into_inner();
    connection
        .trace_v2(
            TraceEventCodes::SQLITE_TRACE_STMT,
            Some(|event: TraceEvent<'_>| {
                if let TraceEvent::Stmt(_, text) = event {
                    RUN.with_borrow_mut(|run| run.push(text.to_owned()));
                }
            }),
        )
        .unwrap();
    let attributes = ["email", "family_name", "given_name", "name", "phone_number"];
    let attributes = attributes.map(Column::Attribute);
    let others = [
        Column::Username,
        Column::Sub,
        Column::Status,
        Column::Enabled,
    ];
    for column in attributes.into_iter().chain(others) {
        for (prefix, after) in [
            (false, None),
            (true, None),
            (false, Some("1 a")),
            (true, Some("1 a")),
        ] {
            let value = "x".to_owned();
            let condition = Condition {
                column,
                value,
                prefix,
            };
            user_lists::page(&connection, Some(&condition), after, 61).unwrap();
            let text = RUN.take().pop().unwrap();
            let steps = plan(&connection, &text);
            RUN.take();
            let search = steps
                .iter()
                .find(|step| step.starts_with("SEARCH users USING") && !step.contains("rowid=?"));
            // By what is asked for, not in the order of the list.
            let search = search.unwrap_or_else(|| panic!("{text}: {steps:#?}"));
            assert!(!search.contains("users_by_creation"), "{text}: {search}");
        }
    }
}

#[test]
fn a_beginning_finds_every_text_that_begins_so_and_no_other() {
    with(|tx| {
        let names = [
            "a",
            "ab",
            "abc",
            "ac",
            "b",
            "a\u{d7ff}x",
            "a\u{e000}",
            "\u{10ffff}z",
        ];
        for (number, name) in names.iter().enumerate() {
            let mut user = user(&number.to_string());
            user.attributes
                .insert("name".to_owned(), (*name).to_owned());
            users::save(tx, &user, &Settings::default())?;
        }
        for prefix in [
            "",
            "a",
            "ab",
            "abcd",
            "a\u{d7ff}",
            "\u{10ffff}",
            "z",
            "%",
            "_",
        ] {
            let condition = Condition {
                column: Column::Attribute("name"),
                value: prefix.to_owned(),
                prefix: true,
            };
            let found = user_lists::page(tx, Some(&condition), None, 60)?;
            let found: Vec<_> = found
                .iter()
                .filter_map(|user| user.attribute("name"))
                .collect();
            let wanted = names.into_iter().filter(|name| name.starts_with(prefix));
            assert_eq!(found, wanted.collect::<Vec<_>>(), "{prefix}");
        }
        Ok(())
    });
}

#[test]
fn a_call_that_began_before_a_reset_is_aborted() {
    let db = Db::open(None).unwrap();
    let insert = || db.run(|tx| users::save(tx, &user("ada"), &Settings::default()));
    insert().unwrap();
    let refused = db.call(|| {
        insert().unwrap();
        std::thread::scope(|scope| {
            let reset = || db.reset(|_| Ok::<_, rusqlite::Error>(()), || ());
            scope.spawn(reset).join().unwrap().unwrap();
        });
        insert()
    });
    assert!(refused.is_err());
    assert_eq!(db.run(|tx| users::count(tx)).unwrap(), 0);
    db.call(insert).unwrap();
    assert_eq!(db.run(|tx| users::count(tx)).unwrap(), 1);
    let failed = db.reset(|_| Err(rusqlite::Error::InvalidQuery), || ());
    assert!(failed.is_err());
    assert_eq!(
        db.run(|tx| users::count(tx)).unwrap(),
        1,
        "nothing is forgotten"
    );
}

fn plan(db: &Connection, text: &str) -> Vec<String> {
    let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {text}")).unwrap();
    let unbound = vec![None::<i64>; statement.parameter_count()];
    statement
        .query_map(rusqlite::params_from_iter(unbound), |row| row.get(3))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

fn every_call(db: &Connection) -> rusqlite::Result<()> {
    for (_, _, insert, purge) in TABLES {
        insert(db, 1, NOW + 100)?;
        purge(db, NOW - 100)?;
    }
    families::add_refresh_token(db, "token", "1")?;
    families::mark_replaced(db, "token", NOW)?;
    families::of_refresh_token(db, "token")?;
    families::get(db, "1")?;
    families::mark_active(db, "1", NOW)?;
    families::page(db, "1", None, 20, NOW)?;
    families::place(db, "1", "session 1")?;
    families::of_session(db, "1", "session 1", NOW)?;
    families::has_device(db, "1", "device 1", NOW)?;
    families::end_device(db, "1", "device 1", NOW)?;
    families::revoke(db, "1")?;
    families::revoke_all(db, "1")?;
    attempts::get(db, "1")?;
    attempts::clear(db, "1")?;
    auth_codes::take(db, "1", "web")?;
    challenges::get(db, b"1")?;
    challenges::spend(db, b"1")?;
    challenges::give_back(db, b"1", "")?;
    codes::issue(db, "?1", "reset", &code(NOW), true)?;
    codes::get(db, "?1", "reset")?;
    codes::set_failures(db, "?1", "reset", 1, NOW)?;
    codes::expire(db, "?1", "reset", NOW)?;
    codes::take(db, "?1", "reset", "123456")?;
    codes::purge(db, NOW)?;
    devices::insert(db, &device("ada", "1", NOW))?;
    devices::surplus(db, "ada")?;
    devices::get(db, "ada", "1")?;
    devices::page(db, "ada", None, 60)?;
    devices::set_remembered(db, "1", false, NOW)?;
    devices::mark_authenticated(db, "1", "::1", NOW)?;
    devices::delete(db, "1")?;
    hosted::get(db, "1", NOW)?;
    hosted::delete(db, "1")?;
    hosted_challenges::get(db, "1", NOW)?;
    hosted_challenges::delete(db, "1")?;
    messages::newest_code(db, "1")?;
    messages::list(db, None)?;
    web_authn::page(db, "ada", 0, 20)?;
    web_authn::delete(db, "ada", "1")?;
    web_authn_ceremonies::take(db, "ada", "1")?;
    users::find(db, "ada")?;
    users::taken(db, &user("ada"), &Settings::default())?;
    users::signed_in(db, "ada", NOW)?;
    users::change_mfa(db, "ada", |_| ())?;
    users::page(db, None, 60)?;
    groups::set(db, "ada", &["staff".to_owned()], NOW)?;
    groups::of_user(db, "ada")?;
    groups::page_of_user(db, "ada", None, 60)?;
    groups::page(db, None, 60)?;
    user_lists::page(db, None, None, 60)?;
    user_lists::page_of_group(db, "staff", None, 60)?;
    users::delete(db, "ada").map(drop)
}
