//! The library against an issuer, real keys and real tokens, friendly and hostile.

#[cfg(test)]
mod actions;
#[cfg(test)]
mod alb;
#[cfg(test)]
mod api;
#[cfg(test)]
mod axum;
#[cfg(test)]
mod cache;
#[cfg(test)]
mod context;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod fetching;
#[cfg(test)]
mod issuer;
#[cfg(test)]
mod key_sets;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod tower;
