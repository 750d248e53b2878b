//! A running pool, asked over HTTP.

// Said again in each line, so that lints know helpers for tests as well.
#[cfg(test)]
mod admin_auth;
#[cfg(test)]
mod admin_twins;
#[cfg(test)]
mod admin_users;
#[cfg(test)]
mod aliases;
#[cfg(test)]
mod attributes;
#[cfg(test)]
mod authenticator;
#[cfg(test)]
mod authorize;
#[cfg(test)]
mod bounds;
#[cfg(test)]
mod change_password;
#[cfg(test)]
mod client_credentials;
#[cfg(test)]
mod common;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod custom_auth;
#[cfg(test)]
mod defence;
#[cfg(test)]
mod describe;
#[cfg(test)]
mod deterministic;
#[cfg(test)]
mod devices;
#[cfg(test)]
mod discovery;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod export;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod hosted_challenges;
#[cfg(test)]
mod hosted_session;
#[cfg(test)]
mod implicit;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod list_users;
#[cfg(test)]
mod local;
#[cfg(test)]
mod local_pool;
#[cfg(test)]
mod local_users;
#[cfg(test)]
mod new_password;
#[cfg(test)]
mod oauth_code;
#[cfg(test)]
mod oauth_token;
#[cfg(test)]
mod otp;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod passkey_pages;
#[cfg(test)]
mod passkey_sign_in;
#[cfg(test)]
mod passkeys;
#[cfg(test)]
mod password;
#[cfg(test)]
mod permissions;
#[cfg(test)]
mod protocol;
#[cfg(test)]
mod refresh;
#[cfg(test)]
mod reset;
#[cfg(test)]
mod restart;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod second_factor;
#[cfg(test)]
mod sign_up;
#[cfg(test)]
mod srp;
#[cfg(test)]
mod state;
#[cfg(test)]
mod totp;
#[cfg(test)]
mod user_sessions;
#[cfg(test)]
mod users;
#[cfg(test)]
mod voided;
