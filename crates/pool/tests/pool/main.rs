//! A running pool, asked over HTTP.

mod common;
mod oauth_code;
