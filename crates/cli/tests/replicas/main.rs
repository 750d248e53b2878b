//! Two `cogward serve` processes behind nginx, on each store that processes can share.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test ends where it fails, and says what it saw"
)]

/// Makes a test of each scenario on each store.
macro_rules! on_every_store {
    ($($scenario:ident),+ $(,)?) => {
        tests!(redis Redis $($scenario)+);
        tests!(postgres Postgres $($scenario)+);
        tests!(dynamodb DynamoDb $($scenario)+);
    };
}

/// The same, on Redis also without copies in the servers' memory.
macro_rules! on_every_store_with_copies_and_without {
    ($($scenario:ident),+ $(,)?) => {
        on_every_store!($($scenario),+);
        tests!(redis_without_copies RedisWithoutCopies $($scenario)+);
    };
}

macro_rules! tests {
    ($module:ident $kind:ident $($scenario:ident)+) => {
        mod $module {
            use crate::stores::Kind;
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $scenario() {
                    super::$scenario(Kind::$kind).await;
                }
            )+
        }
    };
}

#[expect(dead_code, reason = "some of it is for the other tests of the binary")]
#[path = "../it/deployment.rs"]
mod deployment;
#[expect(dead_code, reason = "some of it is for the other tests of the binary")]
#[path = "../it/process.rs"]
mod process;

mod cluster;
mod contents;
mod docs;
mod dumped;
mod ended;
mod outages;
mod refreshing;
mod rolling;
mod sign_ins;
mod site;
mod stores;
mod tampered;
