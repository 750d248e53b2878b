use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::hides;
use crate::Auth;

/// Does what may depend on whether an account exists. Where that is hidden, the answer waits for
/// the next full step since the call came, so that a stranger who measures sees steps only.
pub(super) async fn answered<T>(auth: &Auth, work: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let done = work.await;
    held_back(auth, begun).await;
    done
}

/// The waiting alone, for a call that came at `begun`.
pub(super) async fn held_back(auth: &Auth, begun: Instant) {
    if hides(auth) {
        let step = auth.settings.accounts.step;
        sleep_until(begun + next_step(begun.elapsed(), step)).await;
    }
}

/// The first full multiple of `step` that is not over yet.
fn next_step(elapsed: Duration, step: Duration) -> Duration {
    let steps = elapsed.as_nanos().checked_div(step.as_nanos());
    let steps = steps.and_then(|steps| u32::try_from(steps).ok());
    steps.map_or(elapsed, |steps| step * steps.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_at_full_steps_of_the_whole_time() {
        let ms = Duration::from_millis;
        for (elapsed, at) in [(0, 250), (1, 250), (249, 250), (250, 500), (700, 750)] {
            assert_eq!(next_step(ms(elapsed), ms(250)), ms(at));
        }
        assert_eq!(next_step(ms(70), ms(0)), ms(70));
    }
}
