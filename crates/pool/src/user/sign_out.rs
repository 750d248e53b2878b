//! What ends a user's sign-ins, those under way among them.

use rusqlite::Connection;

use crate::db::{families, hosted, users};
use crate::error::Result;

/// Revokes every token. Challenges that wait for an answer and authorization codes are void too;
/// the browser's session with the pages stays.
pub(crate) fn end_sign_ins(db: &Connection, sub: &str) -> Result<()> {
    families::revoke_all(db, sub)?;
    users::raise_epoch(db, sub)?;
    Ok(())
}

/// The same, and the pages ask again as well.
pub(crate) fn end_everything(db: &Connection, sub: &str) -> Result<()> {
    hosted::delete_of_user(db, sub)?;
    end_sign_ins(db, sub)
}
