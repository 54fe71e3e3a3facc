//! Why a finding is left alone, by its kind.

/// A reason that the user sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The kind, stable across versions.
    pub kind: RefusalKind,
    /// What exactly stands in the way here, and what would clear it.
    pub message: String,
}

impl Refusal {
    /// A refusal of this kind, in these words.
    pub fn new(kind: RefusalKind, message: impl Into<String>) -> Refusal {
        Refusal {
            kind,
            message: message.into(),
        }
    }
}

/// The kinds of refusals. Their codes are part of the JSON contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusalKind {
    /// A closure that can't wait.
    F6,
    /// The future needs, or the call names, another runtime than the one it would run on.
    R1,
    /// A type that decides is not known.
    R2,
    /// The future is known not to be `Send` where it would have to be.
    R3,
    /// A use of a name could not be accounted for.
    R4,
    /// The result is used in a way that has no counterpart.
    R5,
    /// A feature or a dependency that the result needs is not declared.
    R6,
    /// A limit on size, time or number was met.
    R7,
    /// The file must not be edited.
    R8,
    /// The result would break a rule that unpark checks on its own edits.
    R9,
    /// The project could not be loaded whole.
    R10,
}

impl RefusalKind {
    /// The code: `F6`, or `R1` to `R10`.
    pub fn code(self) -> &'static str {
        match self {
            RefusalKind::F6 => "F6",
            RefusalKind::R1 => "R1",
            RefusalKind::R2 => "R2",
            RefusalKind::R3 => "R3",
            RefusalKind::R4 => "R4",
            RefusalKind::R5 => "R5",
            RefusalKind::R6 => "R6",
            RefusalKind::R7 => "R7",
            RefusalKind::R8 => "R8",
            RefusalKind::R9 => "R9",
            RefusalKind::R10 => "R10",
        }
    }

    /// The name, for people.
    pub fn name(self) -> &'static str {
        match self {
            RefusalKind::F6 => "closure",
            RefusalKind::R1 => "other runtime",
            RefusalKind::R2 => "unknown type",
            RefusalKind::R3 => "not Send",
            RefusalKind::R4 => "occurrence not accounted for",
            RefusalKind::R5 => "consumer's shape",
            RefusalKind::R6 => "missing feature or dependency",
            RefusalKind::R7 => "limit",
            RefusalKind::R8 => "file must not be edited",
            RefusalKind::R9 => "post-condition",
            RefusalKind::R10 => "degraded load",
        }
    }
}
