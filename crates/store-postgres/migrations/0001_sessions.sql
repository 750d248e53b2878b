-- Sessions, by the SHA-256 of their ids. Times are Unix seconds; a version is a u64 whose bits
-- are taken as a bigint's. What is sealed is of no use without the server's keys.
CREATE TABLE cogward_session (
    key bytea PRIMARY KEY,
    version bigint NOT NULL,
    -- A keyed hash of the user's name.
    user_index bytea NOT NULL,
    last_seen_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    -- The multiple of 600 at or after expires_at, divided by 600: when the row may be swept.
    --
    -- Each session in use has its two times moved about once a minute. PostgreSQL can put the
    -- new version of the row beside the old one, and touch no index (a "heap-only" update), if
    -- no column of an index changes. An index on expires_at would rule that out every time; one
    -- on this column does so once in ten minutes, and in return a row is swept up to ten minutes
    -- late. Without any index each sweep would read the whole table, and a BRIN index finds
    -- little where rows of all ages share their pages (before release 16 it also rules
    -- heap-only updates out).
    sweep_slot bigint NOT NULL GENERATED ALWAYS AS (
        expires_at / 600 + CASE WHEN expires_at % 600 > 0 THEN 1 ELSE 0 END
    ) STORED,
    identity bytea NOT NULL,
    tokens bytea NOT NULL,
    device bytea NOT NULL
) WITH (
    -- Room on each page for those updates.
    fillfactor = 75,
    autovacuum_vacuum_scale_factor = 0.05
);

-- Sealed bytes do not compress. The tokens, most of a row, lie outside of it, where moving its
-- times does not copy them.
ALTER TABLE cogward_session
    ALTER COLUMN identity SET STORAGE EXTERNAL,
    ALTER COLUMN tokens SET STORAGE EXTERNAL,
    ALTER COLUMN device SET STORAGE EXTERNAL;

CREATE INDEX cogward_session_by_user ON cogward_session (user_index);
CREATE INDEX cogward_session_by_sweep ON cogward_session (sweep_slot);

-- Sign-ins under way, by a hash of their OAuth state.
CREATE TABLE cogward_login (
    key bytea PRIMARY KEY,
    expires_at bigint NOT NULL,
    sealed bytea NOT NULL
);
ALTER TABLE cogward_login ALTER COLUMN sealed SET STORAGE EXTERNAL;
CREATE INDEX cogward_login_by_expiry ON cogward_login (expires_at);

-- Who renews the tokens of a session, and until when by the clock of this server.
CREATE TABLE cogward_lease (
    key bytea PRIMARY KEY,
    holder bytea NOT NULL,
    held_until timestamptz NOT NULL,
    -- From a holder that let it run out without giving it back.
    taken_over boolean NOT NULL
);
CREATE INDEX cogward_lease_by_end ON cogward_lease (held_until);

-- Whose tokens, issued up to when, count no longer: 16 or 56 bytes, beginning with the two
-- times (big-endian), of which the second is expires_at again.
CREATE TABLE cogward_mark (
    user_index bytea PRIMARY KEY,
    expires_at bigint NOT NULL,
    mark bytea NOT NULL
);
CREATE INDEX cogward_mark_by_expiry ON cogward_mark (expires_at);
