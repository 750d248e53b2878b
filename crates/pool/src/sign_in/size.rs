//! What is said in a sign-in is kept until it is over, so it has a size.

use std::collections::BTreeMap;

use crate::error::{ApiError, Result};

/// What is kept of one sign-in, in bytes.
pub(super) const LARGEST_STATE: usize = 64 * 1024;

/// The longest of each parameter: what the service model says of the same thing elsewhere.
fn longest(name: &str) -> usize {
    match name {
        "USERNAME" | "SECRET_HASH" => 128,
        "PASSWORD" | "NEW_PASSWORD" => 256,
        "DEVICE_KEY" => 55,
        // 3072 bits in hexadecimal, and some zeros.
        "SRP_A" => 1024,
        "PASSWORD_CLAIM_SECRET_BLOCK" => 4096,
        "CREDENTIAL" => 64 * 1024,
        _ if name.ends_with("_CODE") => 2048,
        // Of a string that the model says nothing else of.
        _ => 131_072,
    }
}

/// Refuses parameters and answers that are longer than there are.
///
/// # Errors
/// `InvalidParameterException`, before anything is looked up or spent.
pub(super) fn refuse_long(parameters: &BTreeMap<&str, &str>) -> Result<()> {
    for (name, value) in parameters {
        let longest = longest(name);
        if value.len() > longest && value.chars().count() > longest {
            // Whatever else a client sends is no parameter, and is not repeated.
            let name: String = name.chars().take(64).collect();
            return Err(ApiError::invalid_parameter(format!(
                "1 validation error detected: Value at '{name}' failed to satisfy constraint: \
                 Member must have length less than or equal to {longest}"
            )));
        }
    }
    Ok(())
}
