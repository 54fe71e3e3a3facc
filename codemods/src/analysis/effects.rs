//! Whether a call leaves something behind that other code could see.
//!
//! Bodies in the workspace are read, and the calls in them followed; what other crates do is told by
//! `knowledge/effects.toml`.

use ra_ap_syntax::SyntaxNode;

use super::blocking::{Place, Stops, effects_of};
use crate::context::FileContext;

/// What evaluating some code, and awaiting what it makes, leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effects {
    /// Nothing: it only reads and computes.
    None,
    /// It makes a call of which it counts when it comes.
    Ordered(Place),
    /// It makes a call that nothing is known of.
    Unknown(Place),
}

/// What some code leaves behind.
pub fn effects(ctx: &FileContext<'_>, code: &SyntaxNode) -> Effects {
    match effects_of(ctx, code) {
        Stops::No => Effects::None,
        Stops::Yes(place) => Effects::Ordered(place),
        Stops::Unknown(place) => Effects::Unknown(place),
    }
}
