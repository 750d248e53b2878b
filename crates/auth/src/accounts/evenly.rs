use tokio::time::{Instant, sleep_until};

use super::hides;
use crate::Auth;

/// Does what may depend on whether an account exists. Where that is hidden, the answer waits for
/// the next full step since the call came, so that a stranger who measures sees steps only.
pub(super) async fn answered<T>(auth: &Auth, work: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let done = work.await;
    let step = auth.settings.accounts.step;
    if hides(auth) && !step.is_zero() {
        let steps = begun.elapsed().as_nanos() / step.as_nanos() + 1;
        let steps = u32::try_from(steps).unwrap_or(1);
        sleep_until(begun + step * steps).await;
    }
    done
}
