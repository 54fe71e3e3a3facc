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
    /// A program's `main`.
    F1,
    /// A test or a benchmark that the harness calls.
    F2,
    /// An `impl Drop`.
    F3,
    /// An implementation of another crate's trait.
    F4,
    /// A function of a trait of the workspace, or of an impl of one.
    F5,
    /// A closure that is not async.
    F6,
    /// A function that is handed over as a value.
    F7,
    /// A constant, a static, or a `const fn`.
    F8,
    /// A function that another language or a macro's glue calls.
    F9,
    /// A function that leads back to itself.
    F10,
    /// Code that a macro makes, or a function under an attribute macro.
    F11,
    /// Code that this configuration does not compile.
    F12,
    /// A signature that other crates can see.
    F13,
    /// A qualifier or an attribute that async functions can't have.
    F14,
    /// A value that may not move to another thread, held from the start.
    F15,
    /// A function that is stored or compared.
    F16,
    /// A function that is registered as a handler.
    F17,
    /// An operator.
    F18,
    /// An iterator or a generator that calls it lazily.
    F19,
    /// A crate without the standard library.
    F20,
    /// A lock that is held during the call.
    F21,
    /// A crate of edition 2015.
    F22,
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
    /// All of them.
    pub const ALL: [RefusalKind; 32] = [
        RefusalKind::F1,
        RefusalKind::F2,
        RefusalKind::F3,
        RefusalKind::F4,
        RefusalKind::F5,
        RefusalKind::F6,
        RefusalKind::F7,
        RefusalKind::F8,
        RefusalKind::F9,
        RefusalKind::F10,
        RefusalKind::F11,
        RefusalKind::F12,
        RefusalKind::F13,
        RefusalKind::F14,
        RefusalKind::F15,
        RefusalKind::F16,
        RefusalKind::F17,
        RefusalKind::F18,
        RefusalKind::F19,
        RefusalKind::F20,
        RefusalKind::F21,
        RefusalKind::F22,
        RefusalKind::R1,
        RefusalKind::R2,
        RefusalKind::R3,
        RefusalKind::R4,
        RefusalKind::R5,
        RefusalKind::R6,
        RefusalKind::R7,
        RefusalKind::R8,
        RefusalKind::R9,
        RefusalKind::R10,
    ];

    /// The code: `F1` to `F22` and `R1` to `R10`.
    pub fn code(self) -> &'static str {
        match self {
            RefusalKind::F1 => "F1",
            RefusalKind::F2 => "F2",
            RefusalKind::F3 => "F3",
            RefusalKind::F4 => "F4",
            RefusalKind::F5 => "F5",
            RefusalKind::F6 => "F6",
            RefusalKind::F7 => "F7",
            RefusalKind::F8 => "F8",
            RefusalKind::F9 => "F9",
            RefusalKind::F10 => "F10",
            RefusalKind::F11 => "F11",
            RefusalKind::F12 => "F12",
            RefusalKind::F13 => "F13",
            RefusalKind::F14 => "F14",
            RefusalKind::F15 => "F15",
            RefusalKind::F16 => "F16",
            RefusalKind::F17 => "F17",
            RefusalKind::F18 => "F18",
            RefusalKind::F19 => "F19",
            RefusalKind::F20 => "F20",
            RefusalKind::F21 => "F21",
            RefusalKind::F22 => "F22",
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
            RefusalKind::F1 => "the program's entry",
            RefusalKind::F2 => "test",
            RefusalKind::F3 => "destructor",
            RefusalKind::F4 => "foreign trait",
            RefusalKind::F5 => "trait of the workspace",
            RefusalKind::F6 => "closure",
            RefusalKind::F7 => "function as an argument",
            RefusalKind::F8 => "constant",
            RefusalKind::F9 => "foreign interface",
            RefusalKind::F10 => "recursion",
            RefusalKind::F11 => "macro",
            RefusalKind::F12 => "other configuration",
            RefusalKind::F13 => "public signature",
            RefusalKind::F14 => "qualifier",
            RefusalKind::F15 => "held value",
            RefusalKind::F16 => "stored function",
            RefusalKind::F17 => "handler",
            RefusalKind::F18 => "operator",
            RefusalKind::F19 => "iterator",
            RefusalKind::F20 => "no_std",
            RefusalKind::F21 => "held lock",
            RefusalKind::F22 => "edition",
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
