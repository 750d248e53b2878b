//! What is said to SQLite, each call within a transaction.

use cogward_people::{CodeKey, OneTimeCode, Person, Seen, TRIES, TRIES_SECONDS};
use cogward_session::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Result, Row, named_params, params};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT sub, email, email_verified, given_name, family_name, terms_accepted_at,
                 created_at, last_signed_in_at FROM person ",
            $rest
        )
    };
}

/// Frees the address, if it can be had; then writes what was told, if nothing was told since;
/// then the times.
pub(super) fn keep(db: &Connection, seen: &Seen) -> Result<()> {
    db.prepare_cached(
        "UPDATE person SET email = NULL, email_verified = 0
         WHERE email = :email AND sub <> :sub AND told_at <= :told_at
             AND (:verified OR NOT email_verified)
             AND NOT EXISTS (SELECT 1 FROM person WHERE sub = :sub AND told_at > :told_at)",
    )?
    .execute(named_params! {
        ":sub": seen.sub, ":email": seen.email, ":verified": seen.email_verified,
        ":told_at": seen.told_at.as_secs(),
    })?;
    let taken: bool = db
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM person WHERE email = ?1 AND sub <> ?2)")?
        .query_one(params![seen.email, seen.sub], |row| row.get(0))?;
    db.prepare_cached(
        "INSERT INTO person (sub, email, email_verified, given_name, family_name, created_at,
             told_at)
         VALUES (:sub, :email, :verified, :given_name, :family_name, :at, :told_at)
         ON CONFLICT (sub) DO UPDATE SET
             email = iif(:tells, excluded.email, email),
             email_verified = iif(:tells, excluded.email_verified, email_verified),
             given_name = coalesce(excluded.given_name, given_name),
             family_name = coalesce(excluded.family_name, family_name),
             told_at = excluded.told_at
         WHERE told_at <= excluded.told_at",
    )?
    .execute(named_params! {
        ":sub": seen.sub, ":tells": seen.email.is_some(),
        ":email": seen.email.as_ref().filter(|_| !taken),
        ":verified": seen.email.is_some() && !taken && seen.email_verified,
        ":given_name": seen.given_name, ":family_name": seen.family_name,
        ":at": seen.at.as_secs(), ":told_at": seen.told_at.as_secs(),
    })?;
    db.prepare_cached(
        "UPDATE person SET terms_accepted_at = coalesce(terms_accepted_at, ?2),
             last_signed_in_at = coalesce(max(last_signed_in_at, ?3), last_signed_in_at, ?3)
         WHERE sub = ?1",
    )?
    .execute(params![
        seen.sub,
        seen.terms_accepted_at().map(Timestamp::as_secs),
        seen.signed_in_at().map(Timestamp::as_secs),
    ])?;
    Ok(())
}

pub(super) fn verified(db: &Connection, email: &str) -> Result<bool> {
    let update = "UPDATE person SET email_verified = 1 WHERE email = ?1 AND told_at = 0";
    Ok(db.prepare_cached(update)?.execute([email])? > 0)
}

pub(super) fn by_sub(db: &Connection, sub: &str) -> Result<Option<Person>> {
    let mut select = db.prepare_cached(select!("WHERE sub = ?1"))?;
    select.query_row([sub], read).optional()
}

pub(super) fn by_email(db: &Connection, email: &str) -> Result<Option<Person>> {
    let mut select = db.prepare_cached(select!("WHERE email = ?1"))?;
    select.query_row([email], read).optional()
}

pub(super) fn page(db: &Connection, after: Option<&str>, limit: usize) -> Result<Vec<Person>> {
    let mut select = db.prepare_cached(select!("WHERE sub > ?1 ORDER BY sub LIMIT ?2"))?;
    // No sub is empty.
    let found = select.query_map(params![after.unwrap_or(""), whole(limit)], read)?;
    found.collect()
}

pub(super) fn delete(db: &Connection, sub: &str) -> Result<bool> {
    db.prepare_cached("DELETE FROM one_time_code WHERE sub = ?1")?
        .execute([sub])?;
    let deleted = db
        .prepare_cached("DELETE FROM person WHERE sub = ?1")?
        .execute([sub])?;
    Ok(deleted > 0)
}

pub(super) fn put_code(
    db: &Connection,
    key: &CodeKey,
    code: &OneTimeCode,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    let put = db
        .prepare_cached(
            "INSERT INTO one_time_code
             VALUES (:sub, :purpose, :salt, :hash, :expires_at, 0, 0, :now)
             ON CONFLICT (sub, purpose) DO UPDATE SET salt = excluded.salt,
                 hash = excluded.hash, expires_at = excluded.expires_at, spent = 0
             WHERE tries < :most OR tries_since <= :hour_ago",
        )?
        .execute(named_params! {
            ":sub": key.sub, ":purpose": key.purpose, ":salt": code.salt, ":hash": code.hash,
            ":expires_at": expires_at.as_secs(), ":now": now.as_secs(), ":most": TRIES,
            ":hour_ago": hour_before(now),
        })?;
    Ok(put > 0)
}

pub(super) fn try_code(
    db: &Connection,
    key: &CodeKey,
    now: Timestamp,
) -> Result<Option<OneTimeCode>> {
    db.prepare_cached(
        "UPDATE one_time_code SET
             tries = iif(tries_since <= :hour_ago, 1, tries + 1),
             tries_since = iif(tries = 0 OR tries_since <= :hour_ago, :now, tries_since)
         WHERE sub = :sub AND purpose = :purpose AND NOT spent AND :now < expires_at
             AND (tries < :most OR tries_since <= :hour_ago)
         RETURNING salt, hash",
    )?
    .query_row(
        named_params! {
            ":sub": key.sub, ":purpose": key.purpose, ":now": now.as_secs(), ":most": TRIES,
            ":hour_ago": hour_before(now),
        },
        |row| {
            Ok(OneTimeCode {
                salt: row.get(0)?,
                hash: row.get(1)?,
            })
        },
    )
    .optional()
}

pub(super) fn spend_code(db: &Connection, key: &CodeKey, code: &OneTimeCode) -> Result<bool> {
    let spent = db
        .prepare_cached(
            "UPDATE one_time_code SET spent = 1
             WHERE sub = ?1 AND purpose = ?2 AND salt = ?3 AND hash = ?4 AND NOT spent",
        )?
        .execute(params![key.sub, key.purpose, code.salt, code.hash])?;
    Ok(spent > 0)
}

pub(super) fn return_code(db: &Connection, key: &CodeKey, code: &OneTimeCode) -> Result<()> {
    db.prepare_cached(
        "UPDATE one_time_code SET spent = 0, tries = max(tries - 1, 0)
         WHERE sub = ?1 AND purpose = ?2 AND salt = ?3 AND hash = ?4 AND spent",
    )?
    .execute(params![key.sub, key.purpose, code.salt, code.hash])?;
    Ok(())
}

pub(super) fn sweep(db: &Connection, now: Timestamp, limit: usize) -> Result<usize> {
    db.prepare_cached(
        "DELETE FROM one_time_code WHERE (sub, purpose) IN (
             SELECT sub, purpose FROM one_time_code
             WHERE expires_at <= ?1 AND (tries = 0 OR tries_since <= ?2) LIMIT ?3)",
    )?
    .execute(params![now.as_secs(), hour_before(now), whole(limit)])
}

pub(super) fn ping(db: &Connection) -> Result<()> {
    let select = "SELECT EXISTS (SELECT 1 FROM person), EXISTS (SELECT 1 FROM one_time_code)";
    db.prepare_cached(select)?.query_one([], |_| Ok(()))
}

fn read(row: &Row<'_>) -> Result<Person> {
    let time = |column| row.get::<_, Option<i64>>(column);
    Ok(Person {
        sub: row.get(0)?,
        email: row.get(1)?,
        email_verified: row.get(2)?,
        given_name: row.get(3)?,
        family_name: row.get(4)?,
        terms_accepted_at: time(5)?.map(Timestamp::from_secs),
        created_at: Timestamp::from_secs(row.get(6)?),
        last_signed_in_at: time(7)?.map(Timestamp::from_secs),
    })
}

fn hour_before(now: Timestamp) -> i64 {
    now.plus(-TRIES_SECONDS).as_secs()
}

fn whole(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
