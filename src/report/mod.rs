//! Shows an outcome: one file a format, and the summary.

pub mod conversion;
pub mod diff;
pub mod failure;
pub mod guide;
pub mod human;
pub mod invocation;
pub mod json;
pub mod recovery;
pub mod scaffold;
pub mod short;
pub mod summary;

use anstyle::{AnsiColor, Style};

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

/// A number and its noun.
pub fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}
