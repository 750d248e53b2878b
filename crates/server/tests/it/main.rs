//! The whole server over loopback HTTP, against the local user pool.

mod audit;
mod d_tokens;
mod e_store;
mod f_refresh;
mod g_logout;
mod h_csrf_cors;
mod main_job;
mod support;
