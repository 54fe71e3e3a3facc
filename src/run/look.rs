//! Runs the codemods over the open files of a workspace, beside what is left as it is: by a comment, by
//! the baseline, or because a comment is to be written there.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    path::{Path, PathBuf},
};

use ra_ap_ide_db::FileId;
use unpark_codemods::{Codemod, codemod::Finding};

use crate::{
    adoption::Adopt,
    baseline::Baseline,
    changed::ChangedLines,
    collect,
    config::{Config, Rules},
    engine::{self, Files, Identities, OpenFile, Plan, Rounds},
    limits,
    options::Options,
    outcome::{self, Outcome},
    source::Source,
    suppress::{self, Allows, Looks, Wanted},
    workspace::Workspace,
};

/// What is run over a loaded workspace.
pub struct Chosen<'a> {
    /// What the user asked for.
    pub options: &'a Options,
    /// The codemods.
    pub selection: &'a [&'static Codemod],
    /// The workspace's own configuration.
    pub config: &'a Config,
    /// The ids of findings whose changes are not to be taken, with the reason.
    pub denied: &'a BTreeMap<String, String>,
    /// The ids of findings whose changes may claim no more than to be unsafe.
    pub lowered: &'a BTreeSet<String>,
    /// The findings that are left as they are, for now.
    pub baseline: &'a Baseline,
    /// The lines that findings have to touch.
    pub changed: Option<&'a ChangedLines>,
    /// Whether a file was asked about, whatever stands in it.
    pub asked: &'a (dyn Fn(&Path) -> bool + Sync),
}

/// Places in the original texts of files, with the codemods that found something there.
type Places = BTreeMap<PathBuf, BTreeSet<(&'static str, usize)>>;

/// Runs the codemods over the open files of a workspace, writes the comments that are to allow what they
/// find, and adds all that to the outcome.
pub fn analyse(
    outcome: &mut Outcome,
    workspace: &mut Workspace,
    files: &mut Files,
    chosen: &Chosen<'_>,
) {
    let first = outcome.findings.len();
    let none = Places::new();
    if !chosen.options.writes_comments() {
        look(outcome, workspace, files, chosen, &none);
        return;
    }
    let before = outcome.clone();
    let wanted = Wanted {
        reason: &|finding| chosen.options.reason_to_allow(&finding.id),
        denied: chosen.denied,
        changed: chosen.changed,
    };
    let mut pretended = Pretended::default();
    look(outcome, workspace, files, chosen, &none);
    // What spans functions is one finding for all of them, and allowing it shows what is left.
    let allows_all = matches!(chosen.options.adopt, Some(Adopt::Allow(_)));
    while allows_all && pretended.remember(outcome, first, &wanted) {
        *outcome = before.clone();
        look(outcome, workspace, files, chosen, &pretended.places);
    }
    pretended.restore(outcome, first);
    suppress::allow(outcome, first, &wanted);
}

fn look(
    outcome: &mut Outcome,
    workspace: &mut Workspace,
    files: &mut Files,
    chosen: &Chosen<'_>,
    allowed: &Places,
) {
    let Chosen {
        options, config, ..
    } = chosen;
    let rules = Rules::new(config, options);
    let allows: BTreeMap<PathBuf, Allows> = files
        .values()
        .filter_map(|file| Some((file.path.clone(), Allows::of(&file.source.text)?)))
        .collect();
    let by_comment = |file: &OpenFile, finding: &Finding, at: usize| {
        let places = allowed.get(&file.path);
        let allows = allows.get(&file.path);
        places.is_some_and(|places| places.contains(&(finding.codemod, at)))
            || allows.is_some_and(|allows| allows.for_finding(finding.codemod, at).is_some())
    };
    let none = BTreeSet::new();
    let plan = Plan {
        selection: chosen.selection,
        knowledge: &config.knowledge(),
        accepted: options.accepted.as_ref().map(|accepted| &accepted.ids),
        rules: &rules,
        max_memory: options.max_memory,
        max_time: options.max_time.unwrap_or(limits::TIME),
        give_up: options.give_up,
        takes: options.adopt.as_ref().is_none_or(Adopt::takes_changes),
        identities: &Identities::default(),
        spared: &none,
        denied: chosen.denied,
        lowered: chosen.lowered,
        allowed: &by_comment,
        changed: chosen.changed,
        asked: chosen.asked,
    };
    let (mut rounds, mut spared) = match chosen.baseline.is_empty() {
        true => (engine::run(workspace, files, &plan), BTreeSet::new()),
        false => beside(chosen.baseline, workspace, files, &plan),
    };
    let looks = Looks {
        options,
        is_degraded: !outcome.degraded.is_empty(),
        baseline: chosen.baseline,
    };
    suppress::settle(&mut rounds, files, &plan, workspace, &allows, looks);
    let known = rounds
        .open
        .iter()
        .filter(|it| chosen.baseline.holds(&it.id));
    let known = known.filter(|it| it.finding.codemod == suppress::NAME);
    spared.extend(known.map(|it| it.id.clone()));
    let plan = Plan {
        spared: &spared,
        ..plan
    };
    collect::workspace(outcome, &plan, workspace, files, &allows, rounds);
}

/// What later looks take for allowed, because it gets a comment.
#[derive(Default)]
struct Pretended {
    /// As it was found first.
    findings: Vec<outcome::Finding>,
    places: Places,
}

impl Pretended {
    /// Remembers what of the findings from `first` on gets a comment. Gives back whether one of it is new.
    fn remember(&mut self, outcome: &Outcome, first: usize, wanted: &Wanted<'_>) -> bool {
        let known = self.findings.len();
        for (index, _) in suppress::to_allow(outcome, first, wanted) {
            let finding = &outcome.findings[index];
            let shift = outcome.sources.get(&finding.path).map_or(0, Source::shift);
            let place = (finding.codemod, finding.start.byte - shift);
            let of_file = self.places.entry(finding.path.clone()).or_default();
            if of_file.insert(place) {
                self.findings.push(finding.clone());
            }
        }
        self.findings.len() > known
    }

    /// Says of what was found first what was said then: once it is allowed, less is known of it, or it is
    /// found no more.
    fn restore(self, outcome: &mut Outcome, first: usize) {
        let place = |it: &outcome::Finding| (it.codemod, it.path.clone(), it.start);
        let remembered: BTreeSet<_> = self.findings.iter().map(place).collect();
        let latest = outcome.findings.split_off(first).into_iter();
        let latest = latest.filter(|it| !remembered.contains(&place(it)));
        outcome.findings.extend(latest);
        let findings = self.findings.into_iter();
        let findings = findings.map(|finding| outcome::Finding {
            change: None,
            ..finding
        });
        outcome.findings.extend(findings);
        outcome.drop_unasked_changes();
    }
}

/// Runs the codemods beside findings that are left as they are, and gives the ids of those. Which they are is
/// told by a look that takes nothing, as at the time when they were recorded: what is changed elsewhere
/// may change what they are called, and a change of several places must not come upon one of them.
fn beside(
    baseline: &Baseline,
    workspace: &mut Workspace,
    files: &mut Files,
    plan: &Plan<'_>,
) -> (Rounds, BTreeSet<String>) {
    let takes = false;
    let look = engine::run(workspace, files, &Plan { takes, ..*plan });
    let ids: Vec<&str> = look.open.iter().map(|it| it.id.as_str()).collect();
    let spared: BTreeSet<String> = baseline.pairs(&ids).keys().map(|&id| id.into()).collect();
    if !plan.takes || look.left.is_subset(&spared) {
        return (look, spared);
    }
    let known = look.open.iter().filter(|it| spared.contains(&it.id));
    let known = known.map(|it| (it.finding.codemod, it.finding.file, it.start));
    let known: HashSet<(&str, FileId, usize)> = known.collect();
    let allowed = |file: &OpenFile, finding: &Finding, at: usize| {
        known.contains(&(finding.codemod, finding.file, at)) || (plan.allowed)(file, finding, at)
    };
    let plan = Plan {
        identities: &look.identities,
        allowed: &allowed,
        ..*plan
    };
    (engine::run(workspace, files, &plan), spared)
}
