//! What may be asked about a body of code, and what the tables answer.

use ra_ap_hir::{Crate, Function};

use crate::{
    context::FileContext,
    knowledge::{Effect, Waits},
};

/// What is asked about code. The answers are: no, yes, and not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asks {
    /// Whether it stops its thread.
    Stops,
    /// The same, where what only computes, for however long, does not count.
    StopsOrComputes,
    /// Whether it leaves something behind that other code could see.
    Effects,
}

/// What the tables say of a function, as an answer to what is asked.
pub(super) enum Told {
    /// It does, by this name.
    Yes(String),
    /// It computes for long, by this name, and that does not count.
    Computes(String),
    /// It does not.
    No,
    /// It does not, as the user says, whatever its body looks like.
    Stated,
    /// Nothing.
    Nothing,
}

impl Asks {
    /// What the tables say of a function.
    pub(super) fn told(self, ctx: &FileContext<'_>, function: Function) -> Told {
        if self == Asks::Effects {
            return match ctx.known.effect(ctx.db, function) {
                Effect::Reads => Told::No,
                Effect::Stated => Told::Stated,
                Effect::Ordered => Told::Yes(function.name(ctx.db).as_str().to_owned()),
                Effect::Unknown => Told::Nothing,
            };
        }
        match ctx.known.waits(ctx.db, function) {
            Waits::Computes(path, work) if self == Asks::StopsOrComputes && work.is_pure() => {
                Told::Computes(path.to_owned())
            }
            Waits::Stops(path) | Waits::Computes(path, _) => Told::Yes(path.to_owned()),
            Waits::No => Told::No,
            Waits::Unknown => Told::Nothing,
        }
    }

    /// Whether everything in a crate that no row speaks of is harmless.
    pub(super) fn is_harmless(self, ctx: &FileContext<'_>, krate: Crate) -> bool {
        match self {
            Asks::Effects => ctx.known.is_pure(ctx.db, krate),
            _ => ctx.known.knows(ctx.db, krate),
        }
    }
}
