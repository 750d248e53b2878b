//! Server-side sessions: ids, cookie values, sealed records, key ring and the store trait.
