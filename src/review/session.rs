//! The answers of a review, and what they come to.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    outcome::{Finding, Outcome},
    selection::Selection,
    suppress::{self, Reason},
};

/// What somebody says of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is to be made.
    Accepted,
    /// It is not.
    Rejected,
    /// It is not, and a comment is to say why, so that it is not asked about again.
    Suppressed(Reason),
}

/// How many changes have which answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Those that are to be made.
    pub accepted: usize,
    /// Those that are not.
    pub rejected: usize,
    /// Those that get a comment.
    pub suppressed: usize,
    /// Those without an answer.
    pub open: usize,
}

/// A change, and what it goes together with.
#[derive(Debug)]
pub struct Proposed {
    /// Its finding's place in the outcome.
    pub finding: usize,
    /// Its place among the changes of the outcome.
    pub change: usize,
    /// What it can't do without.
    needs: Vec<usize>,
    /// What can't do without it.
    needed_by: Vec<usize>,
    answer: Option<Answer>,
}

/// Which changes an answer is for. Those that have one keep it, but for the one that is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// This one.
    This,
    /// This one and all others of its codemod.
    Codemod,
    /// This one and all others that start in its file.
    File,
}

/// A review.
#[derive(Debug)]
pub struct Session<'a> {
    outcome: &'a Outcome,
    proposed: Vec<Proposed>,
    current: usize,
    /// What each answer changed, for who takes it back.
    undone: Vec<Undone>,
}

/// What an answer changed.
#[derive(Debug)]
struct Undone {
    /// The change that was looked at.
    current: usize,
    /// The changes, and what was said of them before.
    before: Vec<(usize, Option<Answer>)>,
}

impl<'a> Session<'a> {
    /// The review of all changes of an outcome, in the order of their places.
    pub fn of(outcome: &'a Outcome) -> Session<'a> {
        let mut index = BTreeMap::new();
        let mut proposed: Vec<Proposed> = Vec::new();
        for (finding, it) in outcome.findings.iter().enumerate() {
            let change = it.change.and_then(|id| {
                let changes = outcome.changes.iter();
                changes.enumerate().find(|(_, change)| change.id == id)
            });
            if let Some((change, it)) = change {
                index.insert(it.id, proposed.len());
                proposed.push(Proposed {
                    finding,
                    change,
                    needs: Vec::new(),
                    needed_by: Vec::new(),
                    answer: None,
                });
            }
        }
        for at in 0..proposed.len() {
            let needs = outcome.changes[proposed[at].change].depends_on.iter();
            let needs: Vec<usize> = needs.filter_map(|id| index.get(id).copied()).collect();
            for &other in &needs {
                proposed[other].needed_by.push(at);
            }
            proposed[at].needs = needs;
        }
        Session {
            outcome,
            proposed,
            current: 0,
            undone: Vec::new(),
        }
    }

    /// Goes on with what was answered before. Gives back how many answers are of use.
    pub fn resume(&mut self, kept: &Selection) -> usize {
        for at in 0..self.proposed.len() {
            let id = &self.finding(at).id;
            let suppressed = kept.suppressed.get(id).cloned();
            self.proposed[at].answer = match suppressed.map(Answer::Suppressed) {
                _ if kept.accepted.contains(id) => Some(Answer::Accepted),
                None if kept.rejected.contains(id) => Some(Answer::Rejected),
                suppressed => suppressed,
            };
        }
        self.current = self.next_open(0).unwrap_or(0);
        self.proposed
            .iter()
            .filter(|it| it.answer.is_some())
            .count()
    }

    /// The changes.
    pub fn proposed(&self) -> &[Proposed] {
        &self.proposed
    }

    /// What was found.
    pub fn outcome(&self) -> &'a Outcome {
        self.outcome
    }

    /// The place of the change that is looked at.
    pub fn current(&self) -> usize {
        self.current
    }

    /// The finding of a change.
    pub fn finding(&self, at: usize) -> &'a Finding {
        &self.outcome.findings[self.proposed[at].finding]
    }

    /// What was said of a change.
    pub fn answer_of(&self, at: usize) -> Option<&Answer> {
        self.proposed[at].answer.as_ref()
    }

    /// How many have which answer.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for it in &self.proposed {
            *match it.answer {
                Some(Answer::Accepted) => &mut tally.accepted,
                Some(Answer::Rejected) => &mut tally.rejected,
                Some(Answer::Suppressed(_)) => &mut tally.suppressed,
                None => &mut tally.open,
            } += 1;
        }
        tally
    }

    /// Looks at the next change, or the one before.
    pub fn step(&mut self, forward: bool) {
        let last = self.proposed.len().saturating_sub(1);
        self.current = match forward {
            true => (self.current + 1).min(last),
            false => self.current.saturating_sub(1),
        };
    }

    /// Answers for the change that is looked at, or for all like it, and what goes together with
    /// them; then looks at the next one without an answer. Gives back how many answers are new.
    pub fn answer(&mut self, scope: Scope, answer: &Answer) -> usize {
        let this = self.finding(self.current);
        let chosen = (0..self.proposed.len()).filter(|&at| {
            let other = self.finding(at);
            let is_like_it = match scope {
                Scope::This => false,
                Scope::Codemod => other.codemod == this.codemod,
                Scope::File => other.path == this.path,
            };
            at == self.current || is_like_it && self.proposed[at].answer.is_none()
        });
        let chosen: BTreeSet<usize> = chosen.collect();
        let mut before = Vec::new();
        let together = self.together(&chosen, answer);
        for &at in &together {
            let answer = match answer {
                Answer::Suppressed(_) if !chosen.contains(&at) || !self.is_there(at, &together) => {
                    Answer::Rejected
                }
                answer => answer.clone(),
            };
            if self.proposed[at].answer.as_ref() != Some(&answer) {
                let was = self.proposed[at].answer.replace(answer);
                before.push((at, was));
            }
        }
        let answered = before.len();
        if answered > 0 {
            let current = self.current;
            self.undone.push(Undone { current, before });
        }
        match self.next_open(self.current) {
            Some(open) => self.current = open,
            None => self.step(true),
        }
        answered
    }

    /// Takes the last answer back. Gives back whether there was one.
    pub fn undo(&mut self) -> bool {
        let Some(Undone { current, before }) = self.undone.pop() else {
            return false;
        };
        for (at, was) in before {
            self.proposed[at].answer = was;
        }
        self.current = current;
        true
    }

    /// What takes an answer with these: accepted is also what they can't do without, and otherwise
    /// what can't do without them is not made either.
    fn together(&self, chosen: &BTreeSet<usize>, answer: &Answer) -> BTreeSet<usize> {
        let mut all = BTreeSet::new();
        let mut open: Vec<usize> = chosen.iter().copied().collect();
        while let Some(at) = open.pop() {
            if all.insert(at) {
                let it = &self.proposed[at];
                open.extend(match answer {
                    Answer::Accepted => &it.needs,
                    Answer::Rejected | Answer::Suppressed(_) => &it.needed_by,
                });
            }
        }
        all
    }

    /// Whether there is something to suppress once these are not made: a comment of ours is no code, and
    /// what only another change brings about is not found without it.
    fn is_there(&self, at: usize, unmade: &BTreeSet<usize>) -> bool {
        let is_made = |need: &usize| {
            let answer = &self.proposed[*need].answer;
            !unmade.contains(need) && matches!(answer, None | Some(Answer::Accepted))
        };
        self.finding(at).codemod != suppress::NAME && self.proposed[at].needs.iter().all(is_made)
    }

    /// The next change without an answer, from a place on, and around.
    fn next_open(&self, from: usize) -> Option<usize> {
        let all = self.proposed.len();
        let around = (0..all).map(|by| (from + by) % all);
        around
            .into_iter()
            .find(|&at| self.proposed[at].answer.is_none())
    }

    /// The answers, for a run with these flags.
    pub fn selection(&self, arguments: Vec<String>) -> Selection {
        let mut selection = Selection::new(arguments);
        for (at, it) in self.proposed.iter().enumerate() {
            let id = self.finding(at).id.clone();
            match &it.answer {
                Some(Answer::Accepted) => {
                    selection.accepted.insert(id);
                }
                Some(Answer::Rejected) => {
                    selection.rejected.insert(id);
                }
                Some(Answer::Suppressed(reason)) => {
                    selection.suppressed.insert(id, reason.clone());
                }
                None => {}
            }
        }
        selection
    }
}

#[cfg(test)]
mod tests {
    use unpark_codemods::codemod::Safety;

    use super::*;
    use crate::{
        outcome::{Change, State},
        report::sample,
    };

    /// Three changes, of which the third needs the first.
    fn outcome() -> Outcome {
        let mut outcome = Outcome::default();
        for (id, path) in [(1, "/w/a.rs"), (2, "/w/b.rs"), (3, "/w/b.rs")] {
            let mut finding = sample::finding(State::Fixed, path, id);
            finding.id = id.to_string();
            finding.change = Some(id);
            outcome.findings.push(finding);
            outcome.changes.push(Change {
                id,
                codemod: "unobserved-task",
                safety: Safety::Safe,
                round: id,
                depends_on: if id == 3 { [1].into() } else { BTreeSet::new() },
                selected: true,
                edits: Vec::new(),
            });
        }
        outcome
    }

    fn accepted(session: &Session<'_>) -> Vec<String> {
        let selection = session.selection(Vec::new());
        selection.accepted.into_iter().collect()
    }

    #[test]
    fn what_goes_together_is_answered_together() {
        let outcome = outcome();
        let mut session = Session::of(&outcome);
        session.step(true);
        session.step(true);
        assert_eq!(session.answer(Scope::This, &Answer::Accepted), 2);
        assert_eq!(accepted(&session), ["1", "3"]);
        assert_eq!(session.current(), 1, "the one that is open");
        assert!(session.undo());
        assert!(accepted(&session).is_empty());
        assert_eq!(session.current(), 2);
        assert!(!session.undo());

        session.answer(Scope::Codemod, &Answer::Accepted);
        session.step(false);
        session.step(false);
        assert_eq!(session.answer(Scope::This, &Answer::Rejected), 2);
        assert_eq!(accepted(&session), ["2"]);

        // What has an answer keeps it.
        session.step(true);
        session.step(true);
        assert_eq!(session.answer(Scope::Codemod, &Answer::Rejected), 0);
        assert_eq!(accepted(&session), ["2"]);
    }

    #[test]
    fn what_rests_on_something_suppressed_is_rejected() {
        let outcome = outcome();
        let mut session = Session::of(&outcome);
        let reason: Reason = "the caller retries".parse().unwrap();
        let suppressed = Answer::Suppressed(reason.clone());
        assert_eq!(session.answer(Scope::This, &suppressed), 2);
        let selection = session.selection(Vec::new());
        assert_eq!(selection.suppressed, [("1".to_owned(), reason)].into());
        assert_eq!(selection.rejected, ["3".to_owned()].into());
        let mut again = Session::of(&outcome);
        again.resume(&selection);
        assert_eq!(again.selection(Vec::new()), selection);
        assert_eq!(again.current(), 1);

        // What is only there with another change goes with it, whoever is asked.
        let mut session = Session::of(&outcome);
        assert_eq!(session.answer(Scope::Codemod, &suppressed), 3);
        let selection = session.selection(Vec::new());
        let ids: Vec<&String> = selection.suppressed.keys().collect();
        assert_eq!(ids, ["1", "2"]);
    }

    #[test]
    fn goes_on_where_it_was_left() {
        let outcome = outcome();
        let mut session = Session::of(&outcome);
        session.step(true);
        assert_eq!(session.answer(Scope::File, &Answer::Rejected), 2);
        let kept = session.selection(Vec::new());
        let mut again = Session::of(&outcome);
        assert_eq!(again.resume(&kept), 2);
        assert_eq!(again.current(), 0);
        assert_eq!(again.selection(Vec::new()), kept);
        assert_eq!(again.tally().open, 1);
    }
}
