//! How much a finding matters, for formats that know only a few levels.

use crate::outcome::State;

/// The levels that most formats have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// `--check` fails for it: a change that is ready to be taken.
    Error,
    /// Somebody has to decide, or to do it.
    Warning,
    /// It is left alone, with a reason.
    Note,
}

impl Severity {
    /// That of a finding in a state.
    pub fn of(state: State) -> Severity {
        match state {
            State::Fixed => Severity::Error,
            State::Offered | State::Manual | State::Reverted => Severity::Warning,
            State::Refused | State::Suppressed | State::Baseline => Severity::Note,
        }
    }
}
