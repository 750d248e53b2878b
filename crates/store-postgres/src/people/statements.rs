//! What is said to PostgreSQL.

use cogward_people::{CodeKey, OneTimeCode, Person, Seen, TRIES, TRIES_SECONDS};
use cogward_session::Timestamp;
use tokio_postgres::{Client, Row};

use crate::fault::Fault;
use crate::rows::{column, seconds};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT sub, email, email_verified, given_name, family_name, terms_accepted_at,
                 created_at, last_signed_in_at FROM cogward_person ",
            $rest
        )
    };
}

/// "CGWP". Held by whoever moves addresses, so that nobody waits for him who waits himself.
const ADDRESSES: i64 = 0x4347_5750;

/// A sign-in that tells nothing new is one statement.
pub(super) async fn keep(db: &mut Client, seen: &Seen) -> Result<(), Fault> {
    if !seen.signed_up && signed_in_again(db, seen).await? {
        return Ok(());
    }
    let db = db.transaction().await?;
    db.query("SELECT pg_advisory_xact_lock($1)", &[&ADDRESSES])
        .await?;
    db.execute(
        "UPDATE cogward_person SET email = NULL, email_verified = false
         WHERE email = $2 AND sub <> $1 AND told_at <= $4 AND ($3 OR NOT email_verified)
             AND NOT EXISTS (SELECT FROM cogward_person WHERE sub = $1 AND told_at > $4)",
        &[
            &seen.sub,
            &seen.email,
            &seen.email_verified,
            &seen.told_at.as_secs(),
        ],
    )
    .await?;
    let taken = "SELECT EXISTS (SELECT FROM cogward_person WHERE email = $1 AND sub <> $2)";
    let taken = db.query_one(taken, &[&seen.email, &seen.sub]).await?;
    let taken: bool = column(&taken, 0, "exists")?;
    db.execute(
        "INSERT INTO cogward_person AS kept
             (sub, email, email_verified, given_name, family_name, created_at, told_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (sub) DO UPDATE SET
             email = CASE WHEN $8 THEN excluded.email ELSE kept.email END,
             email_verified =
                 CASE WHEN $8 THEN excluded.email_verified ELSE kept.email_verified END,
             given_name = coalesce(excluded.given_name, kept.given_name),
             family_name = coalesce(excluded.family_name, kept.family_name),
             told_at = excluded.told_at
         WHERE kept.told_at <= excluded.told_at",
        &[
            &seen.sub,
            &seen.email.as_ref().filter(|_| !taken),
            &(seen.email.is_some() && !taken && seen.email_verified),
            &seen.given_name,
            &seen.family_name,
            &seen.at.as_secs(),
            &seen.told_at.as_secs(),
            &seen.email.is_some(),
        ],
    )
    .await?;
    // Of two times, also of a time and none, the later.
    db.execute(
        "UPDATE cogward_person SET terms_accepted_at = coalesce(terms_accepted_at, $2),
             last_signed_in_at = greatest(last_signed_in_at, $3)
         WHERE sub = $1",
        &[
            &seen.sub,
            &seen.terms_accepted_at().map(Timestamp::as_secs),
            &seen.signed_in_at().map(Timestamp::as_secs),
        ],
    )
    .await?;
    Ok(db.commit().await?)
}

async fn signed_in_again(db: &Client, seen: &Seen) -> Result<bool, Fault> {
    let update = "
        UPDATE cogward_person
        SET told_at = $7, last_signed_in_at = greatest(last_signed_in_at, $6)
        WHERE sub = $1 AND told_at <= $7
            AND ($2::text IS NULL OR (email = $2 AND email_verified = $3))
            AND ($4::text IS NULL OR given_name = $4)
            AND ($5::text IS NULL OR family_name = $5)";
    let updated = db
        .execute(
            update,
            &[
                &seen.sub,
                &seen.email,
                &seen.email_verified,
                &seen.given_name,
                &seen.family_name,
                &seen.at.as_secs(),
                &seen.told_at.as_secs(),
            ],
        )
        .await?;
    Ok(updated > 0)
}

pub(super) async fn verified(db: &Client, email: &str) -> Result<bool, Fault> {
    let update = "UPDATE cogward_person SET email_verified = true WHERE email = $1 AND told_at = 0";
    Ok(db.execute(update, &[&email]).await? > 0)
}

pub(super) async fn by_sub(db: &Client, sub: &str) -> Result<Option<Person>, Fault> {
    let found = db.query_opt(select!("WHERE sub = $1"), &[&sub]).await?;
    found.as_ref().map(read).transpose()
}

pub(super) async fn by_email(db: &Client, email: &str) -> Result<Option<Person>, Fault> {
    let found = db.query_opt(select!("WHERE email = $1"), &[&email]).await?;
    found.as_ref().map(read).transpose()
}

pub(super) async fn page(db: &Client, after: &str, limit: usize) -> Result<Vec<Person>, Fault> {
    let page = select!("WHERE sub > $1 ORDER BY sub LIMIT $2");
    let found = db.query(page, &[&after, &whole(limit)]).await?;
    found.iter().map(read).collect()
}

pub(super) async fn delete(db: &Client, sub: &str) -> Result<bool, Fault> {
    let delete = "
        WITH codes AS (DELETE FROM cogward_one_time_code WHERE sub = $1)
        DELETE FROM cogward_person WHERE sub = $1";
    Ok(db.execute(delete, &[&sub]).await? > 0)
}

pub(super) async fn put_code(
    db: &Client,
    key: &CodeKey,
    code: &OneTimeCode,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<bool, Fault> {
    let put = "
        INSERT INTO cogward_one_time_code AS kept
            (sub, purpose, salt, hash, expires_at, spent, tries, tries_since)
        VALUES ($1, $2, $3, $4, $5, false, 0, $6)
        ON CONFLICT (sub, purpose) DO UPDATE SET salt = excluded.salt, hash = excluded.hash,
            expires_at = excluded.expires_at, spent = false
        WHERE kept.tries < $7 OR kept.tries_since <= $8";
    let put = db
        .execute(
            put,
            &[
                &key.sub,
                &key.purpose,
                &code.salt.as_slice(),
                &code.hash.as_slice(),
                &expires_at.as_secs(),
                &now.as_secs(),
                &most(),
                &hour_before(now),
            ],
        )
        .await?;
    Ok(put > 0)
}

pub(super) async fn try_code(
    db: &Client,
    key: &CodeKey,
    now: Timestamp,
) -> Result<Option<OneTimeCode>, Fault> {
    let count = "
        UPDATE cogward_one_time_code SET
            tries = CASE WHEN tries_since <= $5 THEN 1 ELSE tries + 1 END,
            tries_since = CASE WHEN tries = 0 OR tries_since <= $5 THEN $3 ELSE tries_since END
        WHERE sub = $1 AND purpose = $2 AND NOT spent AND $3 < expires_at
            AND (tries < $4 OR tries_since <= $5)
        RETURNING salt, hash";
    let found = db
        .query_opt(
            count,
            &[
                &key.sub,
                &key.purpose,
                &now.as_secs(),
                &most(),
                &hour_before(now),
            ],
        )
        .await?;
    let Some(row) = found else {
        return Ok(None);
    };
    Ok(Some(OneTimeCode {
        salt: bytes(&row, 0, "salt")?,
        hash: bytes(&row, 1, "hash")?,
    }))
}

pub(super) async fn spend_code(
    db: &Client,
    key: &CodeKey,
    code: &OneTimeCode,
) -> Result<bool, Fault> {
    let spend = "UPDATE cogward_one_time_code SET spent = true
         WHERE sub = $1 AND purpose = $2 AND salt = $3 AND hash = $4 AND NOT spent";
    let (salt, hash) = (code.salt.as_slice(), code.hash.as_slice());
    let spent = db
        .execute(spend, &[&key.sub, &key.purpose, &salt, &hash])
        .await?;
    Ok(spent > 0)
}

pub(super) async fn return_code(
    db: &Client,
    key: &CodeKey,
    code: &OneTimeCode,
) -> Result<(), Fault> {
    let give_back = "
        UPDATE cogward_one_time_code SET spent = false, tries = greatest(tries - 1, 0)
        WHERE sub = $1 AND purpose = $2 AND salt = $3 AND hash = $4 AND spent";
    let (salt, hash) = (code.salt.as_slice(), code.hash.as_slice());
    db.execute(give_back, &[&key.sub, &key.purpose, &salt, &hash])
        .await?;
    Ok(())
}

pub(super) async fn sweep(db: &Client, now: Timestamp, limit: usize) -> Result<usize, Fault> {
    let sweep = "
        DELETE FROM cogward_one_time_code WHERE (sub, purpose) IN (
            SELECT sub, purpose FROM cogward_one_time_code
            WHERE expires_at <= $1 AND (tries = 0 OR tries_since <= $2)
            ORDER BY expires_at LIMIT $3 FOR UPDATE SKIP LOCKED)";
    let swept = db
        .execute(sweep, &[&now.as_secs(), &hour_before(now), &whole(limit)])
        .await?;
    usize::try_from(swept).map_err(|_| Fault::Row("count"))
}

pub(super) async fn ping(db: &Client) -> Result<(), Fault> {
    let select = "SELECT EXISTS (SELECT FROM cogward_person),
         EXISTS (SELECT FROM cogward_one_time_code)";
    db.query_one(select, &[]).await?;
    Ok(())
}

fn read(row: &Row) -> Result<Person, Fault> {
    let time = |at, name| {
        let time: Option<i64> = column(row, at, name)?;
        Ok::<_, Fault>(time.map(Timestamp::from_secs))
    };
    Ok(Person {
        sub: column(row, 0, "sub")?,
        email: column(row, 1, "email")?,
        email_verified: column(row, 2, "email_verified")?,
        given_name: column(row, 3, "given_name")?,
        family_name: column(row, 4, "family_name")?,
        terms_accepted_at: time(5, "terms_accepted_at")?,
        created_at: seconds(row, 6, "created_at")?,
        last_signed_in_at: time(7, "last_signed_in_at")?,
    })
}

fn bytes<const N: usize>(row: &Row, at: usize, name: &'static str) -> Result<[u8; N], Fault> {
    let bytes: &[u8] = column(row, at, name)?;
    bytes.try_into().map_err(|_| Fault::Row(name))
}

fn hour_before(now: Timestamp) -> i64 {
    now.plus(-TRIES_SECONDS).as_secs()
}

fn most() -> i32 {
    i32::try_from(TRIES).unwrap_or(i32::MAX)
}

fn whole(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
