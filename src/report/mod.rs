//! Shows an outcome: one file a format, and the summary.

pub mod config;
pub mod conversion;
pub mod diff;
pub mod failure;
pub mod fix;
pub mod format;
pub mod github;
pub mod gitlab;
pub mod guide;
pub mod human;
pub mod invocation;
pub mod json;
pub mod json_diagnostic;
pub mod junit;
pub mod notes;
pub mod places;
pub mod rdjson;
pub mod recovery;
pub mod sarif;
pub mod scaffold;
pub mod severity;
pub mod short;
pub mod statistics;
pub mod summary;

use anstyle::{AnsiColor, Style};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The styles of a stream; none of them do anything where there are no colours.
#[derive(Debug, Clone, Copy, Default)]
pub struct Palette {
    /// Whether there are colours.
    pub colored: bool,
    /// What failed.
    pub error: Style,
    /// What deserves a look.
    pub warning: Style,
    /// What is good to know.
    pub note: Style,
    /// What to do next.
    pub help: Style,
    /// What is stressed.
    pub strong: Style,
    /// A line of a diff that goes away.
    pub removed: Style,
    /// A line of a diff that comes in.
    pub added: Style,
    /// The head of a hunk.
    pub hunk: Style,
}

impl Palette {
    /// The styles that cargo and rustc use, or none.
    pub fn new(colored: bool) -> Palette {
        if !colored {
            return Palette::default();
        }
        let bold = |color: AnsiColor| color.on_default().bold();
        Palette {
            colored,
            error: bold(AnsiColor::BrightRed),
            warning: bold(AnsiColor::BrightYellow),
            note: bold(AnsiColor::BrightGreen),
            help: bold(AnsiColor::BrightCyan),
            strong: Style::new().bold(),
            removed: AnsiColor::Red.on_default(),
            added: AnsiColor::Green.on_default(),
            hunk: AnsiColor::Cyan.on_default(),
        }
    }
}

/// What a URI can't hold of a path as it is.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// A path with `/` as a part of a URI.
pub fn uri(path: &str) -> String {
    utf8_percent_encode(path, ESCAPED).to_string()
}

/// A number and its noun.
pub fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// A finding for tests.
#[cfg(test)]
pub mod sample {
    use unpark_codemods::codemod::Safety;

    use crate::{
        outcome::{Finding, State},
        source::Position,
    };

    /// One without words, on the first characters of a line.
    pub fn finding(state: State, path: &str, line: usize) -> Finding {
        let at = |column| Position {
            line,
            column,
            byte: 0,
        };
        Finding {
            id: String::new(),
            codemod: "unobserved-task",
            state,
            safety: match state {
                State::Fixed => Safety::Safe,
                _ => Safety::Unsafe,
            },
            path: path.into(),
            start: at(1),
            end: at(7),
            message: String::new(),
            why: Vec::new(),
            conversion: None,
            refusal: None,
            help: None,
            compiler: None,
            change: None,
            effects: Vec::new(),
        }
    }
}
