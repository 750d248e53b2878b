-- People, by Cognito's sub. Times are Unix seconds.
CREATE TABLE cogward_person (
    sub text COLLATE "C" PRIMARY KEY,
    -- In canonical form; nobody else's.
    email text COLLATE "C" UNIQUE,
    email_verified boolean NOT NULL,
    given_name text,
    family_name text,
    terms_accepted_at bigint,
    created_at bigint NOT NULL,
    last_signed_in_at bigint,
    -- When Cognito said what stands here; 0 for what a person said at sign-up.
    told_at bigint NOT NULL
) WITH (
    -- Each sign-in moves times alone, in place.
    fillfactor = 85
);
