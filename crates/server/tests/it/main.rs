//! The whole server over loopback HTTP, against the local user pool.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where it fails"
)]

mod a_login_start;
mod audit;
#[path = "../../../pool/tests/pool/authenticator.rs"]
#[expect(dead_code, reason = "the pool's tests use more of it")]
mod authenticator;
mod b_callback;
mod c_cookie;
mod contexts;
mod d_tokens;
mod deadlines;
mod e_store;
mod errors;
mod f_refresh;
mod g_logout;
mod h_csrf_cors;
mod i_bearer;
mod i_bearer_keys;
mod i_bearer_mix;
mod i_bearer_page;
mod i_bearer_revocation;
mod i_bearer_rule;
mod i_bearer_tokens;
mod j_redirects;
mod known_errors;
mod l_accounts;
mod l_challenges;
mod l_limits;
mod l_mail;
mod l_own_account;
mod l_passkeys;
mod l_people;
mod l_reset;
mod layers;
mod m_policies;
mod main_job;
mod n_limits;
mod n_sizes;
mod n_slow_clients;
mod o_audit_trail;
mod o_decisions;
mod o_refusals;
mod openapi;
mod raw;
mod replicas;
mod review;
mod revocation;
mod serve;
mod sign_ins;
mod store_down;
mod support;
