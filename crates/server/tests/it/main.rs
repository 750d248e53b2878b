//! The whole server over loopback HTTP, against the local user pool.

mod main_job;
mod support;
