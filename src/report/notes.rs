//! What there is to say of a finding beside its message, in words that every format shares.

use unpark_codemods::codemod::Safety;

use super::conversion;
use crate::{
    baseline,
    outcome::{Finding, Outcome, State},
};

/// What a note is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Good to know.
    Note,
    /// What to do, or what is done.
    Help,
}

impl Kind {
    /// The word before it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Note => "note",
            Kind::Help => "help",
        }
    }
}

/// All of it: why it is one, what becomes async with it, and what is done about it.
pub fn all(outcome: &Outcome, finding: &Finding) -> Vec<(Kind, String)> {
    let mut notes = reasons(outcome, finding);
    let converted = finding.conversion.iter().flat_map(|it| &it.functions);
    notes.extend(converted.map(|it| (Kind::Note, conversion::chain(outcome, it))));
    notes.extend(verdict(finding));
    notes
}

/// The message, with a line for each note; without the functions that become async, which may be
/// hundreds.
pub fn text(outcome: &Outcome, finding: &Finding) -> String {
    let mut text = finding.message.clone();
    for (kind, note) in reasons(outcome, finding)
        .into_iter()
        .chain(verdict(finding))
    {
        text += &format!("\n{}: {note}", kind.name());
    }
    text
}

/// Why it is one.
fn reasons(outcome: &Outcome, finding: &Finding) -> Vec<(Kind, String)> {
    let mut notes = Vec::new();
    for reason in &finding.why {
        let here = reason.path == finding.path && reason.line == finding.start.line;
        let note = match here {
            true => reason.message.clone(),
            false => format!(
                "{} ({}:{})",
                reason.message,
                outcome.shown(&reason.path),
                reason.line
            ),
        };
        notes.push((Kind::Note, note));
    }
    if let Some(it) = &finding.conversion {
        notes.push((Kind::Note, conversion::cost(it)));
    }
    notes
}

/// What is done about it.
pub fn verdict(finding: &Finding) -> Vec<(Kind, String)> {
    let mut notes = Vec::new();
    if let Some(refusal) = &finding.refusal {
        let (code, name) = (refusal.kind.code(), refusal.kind.name());
        let note = format!("refused, {code} ({name}): {}", refusal.message);
        notes.push((Kind::Note, note));
    }
    if let Some(error) = &finding.compiler {
        notes.push((Kind::Note, format!("taken back: {error}")));
    }
    if !finding.effects.is_empty() && finding.state != State::Suppressed {
        let effects: Vec<&str> = finding.effects.iter().map(|effect| effect.name()).collect();
        notes.push((
            Kind::Note,
            format!("what may differ at run time: {}", effects.join(", ")),
        ));
    }
    match finding.state {
        State::Fixed => notes.push((
            Kind::Help,
            format!("fixed, the change is {}", finding.safety.name()),
        )),
        State::Offered if finding.help.is_none() && finding.safety == Safety::Unsafe => {
            notes.push((
                Kind::Help,
                "offered, `--unsafe-fixes` makes this change".to_owned(),
            ))
        }
        State::Offered => notes.push((Kind::Help, "offered".to_owned())),
        State::Baseline => notes.push((
            Kind::Note,
            format!("it is in {}, and left as it is", baseline::FILE),
        )),
        _ => {}
    }
    if let Some(help) = &finding.help {
        let kind = match finding.state {
            State::Suppressed => Kind::Note,
            _ => Kind::Help,
        };
        notes.push((kind, help.clone()));
    }
    notes
}
