//! What to tell a person who has to do it.

use super::holding::Guarded;
use crate::{codemod::Verdict, knowledge::Holds};

/// What to use where the lock has to stay taken.
const ASYNC_LOCK: &str = "an async lock, whose guard may be held (`tokio::sync::Mutex`)";

impl Guarded {
    /// A person has to let the guard go. `reason` says what keeps it, one clause.
    pub fn manual(&self, reason: &str) -> Verdict {
        Verdict::Manual(match self.holds() {
            Holds::Lock | Holds::Shard => format!(
                "{reason}: copy or clone out what is needed, and let the guard go before the code \
                 waits; where the lock has to stay taken meanwhile, use {ASYNC_LOCK}"
            ),
            Holds::Borrow => format!(
                "{reason}: copy or clone out what is needed, and let the borrow end before the code \
                 waits"
            ),
            Holds::Span => {
                "let the span go with the future instead: `.instrument(span)` on what is \
                            awaited, or `#[tracing::instrument]` on the function"
                    .to_owned()
            }
        })
    }

    /// The same for a guard that nothing reads.
    pub fn unread(&self) -> Verdict {
        let name = &self.held.name;
        match self.holds() {
            Holds::Lock | Holds::Shard => Verdict::Manual(format!(
                "nothing reads `{name}`, so that it is there to keep others out while the code \
                 waits: use {ASYNC_LOCK}"
            )),
            Holds::Borrow | Holds::Span => self.manual(&format!("nothing reads `{name}`")),
        }
    }
}
