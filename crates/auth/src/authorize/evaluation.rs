//! How long a call may keep the policies busy, and when others are let in.

use std::time::Duration;

use tokio::time::Instant;

/// Where policies take long, others are served after so much of it.
const TURN: Duration = Duration::from_millis(1);

/// Of one call.
pub(super) struct Evaluation {
    left: Duration,
    turn: Duration,
}

impl Evaluation {
    pub(super) fn new(budget: Duration) -> Self {
        Self {
            left: budget,
            turn: Duration::ZERO,
        }
    }

    /// A question begun earlier is answered, no further one is put.
    pub(super) fn is_over(&self) -> bool {
        self.left.is_zero()
    }

    /// Answers one question, and lets others in where it is time.
    pub(super) async fn of<T>(&mut self, question: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let answer = question();
        if self.took(begun.elapsed()) {
            tokio::task::yield_now().await;
        }
        answer
    }

    /// Whether the turn is over.
    fn took(&mut self, time: Duration) -> bool {
        self.left = self.left.saturating_sub(time);
        self.turn = self.turn.saturating_add(time);
        let over = self.turn >= TURN;
        if over {
            self.turn = Duration::ZERO;
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_ends_by_the_time_it_took_and_not_by_its_questions() {
        let mut short = Evaluation::new(Duration::from_secs(1));
        for question in 1..=100 {
            let ends = short.took(Duration::from_micros(100));
            assert_eq!(ends, question % 10 == 0, "{question}");
        }
        let mut long = Evaluation::new(Duration::from_secs(1));
        for _ in 0..10 {
            assert!(long.took(Duration::from_millis(13)));
        }
    }

    #[test]
    fn a_call_is_over_when_its_time_is_spent() {
        let mut call = Evaluation::new(Duration::from_millis(100));
        for _ in 0..3 {
            assert!(!call.is_over());
            call.took(Duration::from_millis(40));
        }
        assert!(call.is_over());
        assert!(Evaluation::new(Duration::ZERO).is_over());
    }
}
