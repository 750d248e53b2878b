-- Budgets of attempts and messages, by a keyed hash of whose they are: when each is full again by
-- the clock of this server. One that is full need not be there.
CREATE TABLE cogward_budget (
    key bytea PRIMARY KEY,
    full_at timestamptz NOT NULL,
    -- How many seconds there was none when one was asked for last; 0: it was taken.
    wait bigint NOT NULL
);
CREATE INDEX cogward_budget_by_end ON cogward_budget (full_at);
