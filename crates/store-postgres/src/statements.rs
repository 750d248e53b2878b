use tokio_postgres::{Client, Error, Statement};

/// The columns [`crate::rows::record`] expects, in its order.
macro_rules! record_columns {
    () => {
        "key, version, user_index, last_seen_at, expires_at, identity, tokens, device"
    };
}

macro_rules! statements {
    ($($name:ident: $sql:expr;)*) => {
        /// All that is ever said to PostgreSQL on behalf of a caller, prepared on one connection.
        pub(crate) struct Statements { $(pub(crate) $name: Statement,)* }

        impl Statements {
            /// All at once: one round trip.
            pub(crate) async fn prepare(client: &Client) -> Result<Self, Error> {
                let ($($name,)*) = tokio::try_join!($(client.prepare($sql),)*)?;
                Ok(Self { $($name,)* })
            }
        }
    };
}

statements! {
    load: concat!("SELECT ", record_columns!(), " FROM cogward_session WHERE key = $1");

    insert: concat!(
        "INSERT INTO cogward_session (", record_columns!(), ")
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (key) DO NOTHING RETURNING true"
    );

    // The second column goes by what was there when the statement began.
    replace: "
        WITH done AS (
            UPDATE cogward_session
            SET version = $3, user_index = $4, last_seen_at = $5, expires_at = $6,
                identity = $7, tokens = $8, device = $9
            WHERE key = $1 AND version = $2 RETURNING true)
        SELECT EXISTS (SELECT FROM done), EXISTS (SELECT FROM cogward_session WHERE key = $1)";

    touch: "
        WITH done AS (
            UPDATE cogward_session SET last_seen_at = $3, expires_at = $4
            WHERE key = $1 AND version = $2 RETURNING true)
        SELECT EXISTS (SELECT FROM done), EXISTS (SELECT FROM cogward_session WHERE key = $1)";

    remove: concat!(
        "DELETE FROM cogward_session WHERE key = $1 RETURNING ", record_columns!()
    );

    list: concat!(
        "SELECT ", record_columns!(), " FROM cogward_session
         WHERE user_index = ANY ($1) AND $2 < expires_at"
    );

    put_login: "
        INSERT INTO cogward_login (key, expires_at, sealed) VALUES ($1, $2, $3)
        ON CONFLICT (key) DO NOTHING RETURNING true";

    take_login: "DELETE FROM cogward_login WHERE key = $1 RETURNING expires_at, sealed";

    marks: "SELECT expires_at, mark FROM cogward_mark WHERE user_index = ANY ($1)";

    // Puts the mark in place of the one given last, or of none. If it cannot, the answer has
    // what was there when the statement began.
    put_mark: "
        WITH done AS (
            INSERT INTO cogward_mark AS kept (user_index, expires_at, mark) VALUES ($1, $2, $3)
            ON CONFLICT (user_index) DO UPDATE SET expires_at = $2, mark = $3
            WHERE kept.mark = $4 RETURNING true)
        SELECT EXISTS (SELECT FROM done), expires_at, mark
        FROM (SELECT) AS once LEFT JOIN cogward_mark ON user_index = $1";

    // No row: it is another's. The clock is looked at once the row is locked.
    lease: "
        INSERT INTO cogward_lease AS kept (key, holder, held_until, taken_over)
        VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3), false)
        ON CONFLICT (key) DO UPDATE
        SET holder = $2,
            held_until = clock_timestamp() + make_interval(secs => $3),
            taken_over = kept.holder <> $2
                AND clock_timestamp() < kept.held_until + make_interval(secs => $4)
        WHERE kept.holder = $2 OR kept.held_until <= clock_timestamp()
        RETURNING taken_over";

    release: "DELETE FROM cogward_lease WHERE key = $1 AND holder = $2";

    // By step and span, in seconds. The clock is looked at once, when the row is locked.
    take_from: "
        INSERT INTO cogward_budget AS kept (key, full_at, wait)
        VALUES ($1, clock_timestamp() + $2::bigint * interval '1 second', 0)
        ON CONFLICT (key) DO UPDATE SET (full_at, wait) = (
            SELECT CASE WHEN next <= latest THEN next
                    ELSE next - $2::bigint * interval '1 second' END,
                greatest(ceil(extract(epoch FROM next - latest)), 0)::bigint
            FROM (SELECT clock_timestamp() AS now) AS clock,
                LATERAL (SELECT now + $3::bigint * interval '1 second' AS latest) AS ahead,
                LATERAL (SELECT least(greatest(kept.full_at, now), latest)
                    + $2::bigint * interval '1 second' AS next) AS moved)
        RETURNING wait";

    give_back: "
        UPDATE cogward_budget SET full_at = full_at - $2::bigint * interval '1 second' WHERE key = $1";

    // Of these, what another process is working on is left to it. The rows are found by an
    // array, which is made once: a subquery of IN might run again and exceed the limit.
    sweep_sessions: "
        WITH done AS (
            DELETE FROM cogward_session WHERE expires_at <= $1 AND key = ANY (ARRAY(
                SELECT key FROM cogward_session WHERE sweep_slot <= $1 / 600 AND expires_at <= $1
                LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING true)
        SELECT count(*) FROM done";

    sweep_logins: "
        WITH done AS (
            DELETE FROM cogward_login WHERE key = ANY (ARRAY(
                SELECT key FROM cogward_login WHERE expires_at <= $1
                LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING true)
        SELECT count(*) FROM done";

    sweep_marks: "
        WITH done AS (
            DELETE FROM cogward_mark WHERE expires_at <= $1 AND user_index = ANY (ARRAY(
                SELECT user_index FROM cogward_mark WHERE expires_at <= $1
                LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING true)
        SELECT count(*) FROM done";

    sweep_leases: "
        WITH done AS (
            DELETE FROM cogward_lease
            WHERE held_until <= now() - make_interval(secs => $1) AND key = ANY (ARRAY(
                SELECT key FROM cogward_lease
                WHERE held_until <= now() - make_interval(secs => $1)
                LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING true)
        SELECT count(*) FROM done";

    sweep_budgets: "
        WITH done AS (
            DELETE FROM cogward_budget WHERE full_at <= now() AND key = ANY (ARRAY(
                SELECT key FROM cogward_budget WHERE full_at <= now()
                LIMIT $1 FOR UPDATE SKIP LOCKED)) RETURNING true)
        SELECT count(*) FROM done";

    // A standby answers reads, of what was once written.
    ping: "SELECT current_setting('transaction_read_only')::boolean";
}
