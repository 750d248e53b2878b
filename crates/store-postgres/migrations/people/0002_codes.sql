-- One-time codes that were sent to people, and how many were tried. A row without a code that is
-- good goes on counting tries.
CREATE TABLE cogward_one_time_code (
    sub text COLLATE "C" NOT NULL,
    purpose text COLLATE "C" NOT NULL,
    salt bytea NOT NULL,
    -- Slow to compute, with a key of the server's.
    hash bytea NOT NULL,
    expires_at bigint NOT NULL,
    spent boolean NOT NULL,
    tries integer NOT NULL,
    tries_since bigint NOT NULL,
    PRIMARY KEY (sub, purpose)
);
CREATE INDEX cogward_one_time_code_by_expiry ON cogward_one_time_code (expires_at);
