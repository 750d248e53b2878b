//! Libraries that people use with Cognito, unmodified, each against a pool of its own.

#[cfg(test)]
mod inbox;
#[cfg(test)]
mod libraries;
#[cfg(test)]
mod passkeys;
#[cfg(test)]
mod run;
