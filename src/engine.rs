//! Rounds of reading and writing over an overlay, until nothing more applies.
//!
//! A read phase looks at all files in parallel and decides; a write phase takes the changes that
//! fit beside each other. The two are different functions, because the database can only be
//! written when every clone of it is gone.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
    mem,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytesize::ByteSize;
use ra_ap_hir::attach_db;
use ra_ap_ide_db::{FileId, FxHashMap};
use ra_ap_syntax::{SourceFile, TextRange, TextSize};
use unpark_codemods::{
    Codemod,
    analysis::removals::removals,
    change,
    codemod::{Candidate, Finding, Note, Safety, Verdict},
    knowledge::{Knowledge, Resolved},
    refusal::{Refusal, RefusalKind},
};

use crate::{
    analyse::{self, Anchored, Looked},
    changed::ChangedLines,
    collect::Collector,
    config::Rules,
    discover::{self, CandidateFile, Skipped},
    identity,
    outcome::{Defect, State, relative},
    overlay::{Overlay, Replacement},
    source::{Source, with_line_ends_of},
    workspace::Workspace,
};

/// What is the same for every round.
pub struct Plan<'a> {
    /// The codemods to run, in the order of the catalogue.
    pub selection: &'a [&'static Codemod],
    /// The tables.
    pub knowledge: &'a Knowledge,
    /// The findings whose changes are taken, whatever their safety, in the place of what the rules say.
    pub accepted: Option<&'a BTreeSet<String>>,
    /// What holds for a file; a codemod that is off keeps its place in the list.
    pub rules: &'a Rules<'a>,
    /// How long a codemod may look at a file.
    pub max_time: Duration,
    /// See [`Options::give_up`](crate::options::Options::give_up).
    pub give_up: Option<fn(&Defect) -> !>,
    /// The memory after which no more files are looked at.
    pub max_memory: Option<ByteSize>,
    /// Whether changes are taken, or only looked for.
    pub takes: bool,
    /// What is known of the identities of findings from a run that took nothing.
    pub identities: &'a Identities,
    /// The ids of the findings that are left as they are, for now.
    pub spared: &'a BTreeSet<String>,
    /// Findings whose changes are not to be taken, with the reason; a run without them is a
    /// replay.
    pub denied: &'a BTreeMap<String, String>,
    /// Findings whose changes may claim no more than to be unsafe, because no compiler saw them.
    pub lowered: &'a BTreeSet<String>,
    /// Whether a file was asked about, whatever stands in it.
    pub asked: &'a (dyn Fn(&Path) -> bool + Sync),
    /// The lines that findings have to touch.
    pub changed: Option<&'a ChangedLines>,
    /// Whether a comment in the file allows a finding, asked with the original text's offset.
    pub allowed: &'a (dyn Fn(&OpenFile, &Finding, usize) -> bool + Sync),
}

/// A file of the workspace, through the rounds.
#[derive(Debug, Clone)]
pub struct OpenFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it was.
    pub source: Source,
    /// What has been changed of it.
    pub overlay: Overlay,
    /// Its text in this round.
    pub text: Arc<str>,
    /// The candidates of each selected codemod, in the text as it was.
    pub candidates: Vec<Vec<Candidate>>,
    /// Whether each selected codemod has one in the text of this round.
    pub may_match: Vec<bool>,
}

impl OpenFile {
    /// A file as it was read.
    pub fn new(path: PathBuf, source: Source, candidates: Vec<Vec<Candidate>>) -> OpenFile {
        let text = Arc::clone(&source.text);
        OpenFile {
            may_match: candidates.iter().map(|it| !it.is_empty()).collect(),
            path,
            overlay: Overlay::new(Arc::clone(&text)),
            source,
            text,
            candidates,
        }
    }

    /// The file as it was found.
    pub fn found(&self) -> CandidateFile {
        CandidateFile {
            path: self.path.clone(),
            source: self.source.clone(),
            candidates: self.candidates.clone(),
        }
    }
}

/// The open files of a workspace.
pub type Files = BTreeMap<FileId, OpenFile>;

/// What the rounds came to.
#[derive(Debug, Default)]
pub struct Rounds {
    /// What is left to say, from the last look of each codemod.
    pub open: Vec<Settled>,
    /// What was changed.
    pub applied: Vec<Applied>,
    /// Places that are fine as they are.
    pub quiet: BTreeMap<&'static str, usize>,
    /// Every root that there was at first, by the paths of its functions; only where one of them is
    /// asked for.
    pub roots: BTreeSet<Vec<String>>,
    /// Defects of ours.
    pub defects: BTreeSet<Defect>,
    /// The looks at a file by a codemod of the selection that met a limit.
    pub stopped: BTreeMap<(FileId, usize), Skipped>,
    /// What was found, and denied. Another codemod may change its text, and it is said all the same.
    denied: BTreeMap<String, Settled>,
    /// The places in the original text at which something was changed, and by which of the applied.
    touched: Vec<(FileId, usize, usize)>,
    /// What would have been changed, in a run that takes nothing.
    pub left: BTreeSet<String>,
    /// What makes findings the same ones in each round.
    pub identities: Identities,
}

/// The identities that findings were given.
#[derive(Debug, Clone, Default)]
pub struct Identities {
    /// How many places are alike in code, by codemod, file and anchor.
    alike: FxHashMap<(&'static str, FileId, String), usize>,
    /// What was found at a place of the original text.
    at: FxHashMap<(&'static str, FileId, usize, usize), Vec<String>>,
}

/// A finding with its identity, and its place in the original text.
#[derive(Debug, Clone)]
pub struct Settled {
    /// Stable against line moves.
    pub id: String,
    /// What the codemod said; the places that it speaks of are in the original text.
    pub finding: Finding,
    /// Where it starts in the original text.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// A change that was taken.
#[derive(Debug)]
pub struct Applied {
    /// What it mends.
    pub settled: Settled,
    /// The round, from 1.
    pub round: usize,
    /// The earlier ones, by their place in the list, whose text it edits or rests on.
    pub depends_on: BTreeSet<usize>,
    /// Its edits in the text of its round.
    pub edits: Vec<(FileId, Replacement)>,
}

/// Runs all codemods until a full pass changes nothing.
pub fn run(workspace: &mut Workspace, files: &mut Files, plan: &Plan<'_>) -> Rounds {
    let mut rounds = Rounds {
        identities: plan.identities.clone(),
        ..Rounds::default()
    };
    let mut seen = HashSet::from([fingerprint(files)]);
    let mut round = 1;
    // The state of the files when each codemod last had nothing to do.
    let mut settled_at: Vec<Option<u64>> = vec![None; plan.selection.len()];
    let mut last: Vec<Vec<Settled>> = vec![Vec::new(); plan.selection.len()];
    let mut looked = HashSet::new();
    loop {
        let before = fingerprint(files);
        for index in 0..plan.selection.len() {
            while settled_at[index] != Some(fingerprint(files)) {
                let looked_at = read(workspace, files, plan, index, &mut rounds);
                if looked.insert(index) {
                    // A later look would count the places that were just mended.
                    for (reason, count) in looked_at.quiet {
                        *rounds.quiet.entry(reason).or_default() += count;
                    }
                    rounds.roots.extend(looked_at.roots);
                }
                let settled = settle(looked_at.findings, files, &mut rounds, workspace);
                let found = lower(settled, plan.lowered);
                let (open, changed) = write(workspace, files, plan, found, round, &mut rounds);
                if changed {
                    round += 1;
                    if !seen.insert(fingerprint(files)) {
                        rounds
                            .defects
                            .insert(going_in_circles(files, plan.selection[index]));
                        return rounds;
                    }
                } else {
                    settled_at[index] = Some(fingerprint(files));
                    last[index] = open;
                }
            }
        }
        if fingerprint(files) == before {
            break;
        }
    }
    rounds.open = last.into_iter().flatten().collect();
    rounds.say_what_was_denied();
    rounds
}

impl Rounds {
    fn say_what_was_denied(&mut self) {
        let mut denied = mem::take(&mut self.denied);
        for said in &self.open {
            denied.remove(&said.id);
        }
        self.open.extend(denied.into_values());
    }
}

fn going_in_circles(files: &Files, codemod: &Codemod) -> Defect {
    let path = files
        .values()
        .find(|file| !file.overlay.is_unchanged())
        .map_or_else(PathBuf::new, |file| file.path.clone());
    let message = "its changes lead back to a text that was there before".to_owned();
    Defect {
        path,
        codemod: codemod.name,
        message,
    }
}

fn fingerprint(files: &Files) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (id, file) in files {
        if !file.overlay.is_unchanged() {
            id.hash(&mut hasher);
            file.text.hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// The read phase of one codemod.
fn read(
    workspace: &mut Workspace,
    files: &Files,
    plan: &Plan<'_>,
    index: usize,
    rounds: &mut Rounds,
) -> Looked {
    let crates = workspace.crates_read().clone();
    let known = attach_db(&workspace.db, || {
        Resolved::new(&workspace.db, plan.knowledge, &crates)
    });
    let stopped = rounds.stopped.iter().filter(|((_, of), _)| *of == index);
    let stopped = stopped.map(|((file, _), skipped)| (*file, skipped.clone()));
    let mut looked = analyse::all(workspace, files, plan, index, &known, stopped.collect());
    rounds.defects.extend(mem::take(&mut looked.defects));
    let stopped = mem::take(&mut looked.stopped).into_iter();
    rounds
        .stopped
        .extend(stopped.map(|(file, skipped)| ((file, index), skipped)));
    looked
}

/// What no compiler saw is not safe.
fn lower(mut settled: Vec<Settled>, lowered: &BTreeSet<String>) -> Vec<Settled> {
    for it in settled.iter_mut().filter(|it| lowered.contains(&it.id)) {
        let message = "no configuration that was compiled has this file";
        it.finding.why.push(Note::new(message));
        if let Verdict::Rewrite { safety, .. } = &mut it.finding.verdict {
            *safety = (*safety).min(Safety::Unsafe);
        }
    }
    settled
}

/// Gives findings their places in the original text and their identities, in order.
fn settle(
    findings: Vec<Anchored>,
    files: &Files,
    rounds: &mut Rounds,
    workspace: &Workspace,
) -> Vec<Settled> {
    let mut settled: Vec<(Settled, String)> = findings
        .into_iter()
        .filter_map(
            |Anchored {
                 mut finding,
                 anchor,
             }| {
                let file = files.get(&finding.file)?;
                for (of, range) in finding.places_mut() {
                    if let Some(file) = files.get(of) {
                        let start = file.overlay.to_original(range.start().into());
                        *range = TextRange::empty(offset(start));
                    }
                }
                let start = file.overlay.to_original(finding.range.start().into());
                let end = file
                    .overlay
                    .to_original(finding.range.end().into())
                    .max(start);
                let settled = Settled {
                    id: String::new(),
                    finding,
                    start,
                    end,
                };
                Some((settled, anchor))
            },
        )
        .collect();
    settled.sort_by(|(a, _), (b, _)| {
        let key = |it: &Settled| (files[&it.finding.file].path.clone(), it.start, it.end);
        key(a).cmp(&key(b))
    });
    let applied = rounds.applied.iter().map(|it| it.settled.id.clone());
    let mut taken: HashSet<String> = applied.collect();
    for (it, anchor) in &mut settled {
        let (file, codemod) = (it.finding.file, it.finding.codemod);
        let place = (codemod, file, it.start, it.end);
        let Identities { alike, at } = &mut rounds.identities;
        let known = at.entry(place).or_default();
        // What an inner change made of its code is no reason to take it for another one.
        it.id = match known.iter().find(|id| !taken.contains(*id)) {
            Some(id) => id.clone(),
            None => {
                let path = &files[&file].path;
                let path = path.strip_prefix(&workspace.project.root).unwrap_or(path);
                let alike = alike.entry((codemod, file, anchor.clone()));
                let ordinal = alike.or_default();
                let id = identity::of(codemod, path, anchor, *ordinal);
                *ordinal += 1;
                known.push(id.clone());
                id
            }
        };
        taken.insert(it.id.clone());
    }
    settled.into_iter().map(|(it, _)| it).collect()
}

fn offset(at: usize) -> TextSize {
    TextSize::try_from(at).expect("files are smaller than 4 GB")
}

/// The write phase: takes what fits. Gives back what was not taken, and whether anything was.
fn write(
    workspace: &mut Workspace,
    files: &mut Files,
    plan: &Plan<'_>,
    found: Vec<Settled>,
    round: usize,
    rounds: &mut Rounds,
) -> (Vec<Settled>, bool) {
    let mut open = Vec::new();
    let mut taken: Vec<(Settled, change::Change)> = Vec::new();
    let mut by_file: BTreeMap<FileId, Vec<change::Edit>> = BTreeMap::new();
    for settled in found {
        let settled = refused_if_shut(settled, files, workspace);
        let Verdict::Rewrite { safety, change, .. } = &settled.finding.verdict else {
            open.push(settled);
            continue;
        };
        let is_denied = plan.denied.contains_key(&settled.id);
        if is_denied {
            let of_id = rounds.denied.entry(settled.id.clone());
            of_id.or_insert_with(|| settled.clone());
        }
        let rule = plan.rules.of(&files[&settled.finding.file].path);
        let chosen = match plan.accepted {
            Some(accepted) => accepted.contains(&settled.id),
            None => *safety >= rule.least,
        };
        let wanted = chosen
            && !is_denied
            && !rule.report_only.contains(settled.finding.codemod)
            && plan.changed.is_none_or(|changed| {
                let collector = Collector {
                    plan,
                    workspace,
                    files,
                };
                changed.touch(&collector.finding(&settled, None, State::Manual))
            })
            && !(plan.allowed)(
                &files[&settled.finding.file],
                &settled.finding,
                settled.start,
            );
        if !wanted || !plan.takes {
            rounds.left.extend(wanted.then(|| settled.id.clone()));
            open.push(settled);
            continue;
        }
        let fits = change.edits.iter().all(|edit| {
            by_file
                .get(&edit.file)
                .is_none_or(|taken| taken.iter().all(|other| edit.fits_beside(other)))
        });
        let edited = by_file.values().flatten();
        let fits = fits
            && !edited.into_iter().any(|edit| change.is_copied(edit))
            && !taken
                .iter()
                .any(|(_, other)| change.edits.iter().any(|edit| other.is_copied(edit)));
        if !fits {
            // It is found again in the next round, in the text that the others leave.
            open.push(settled);
            continue;
        }
        match broken_by(files, workspace, &by_file, &change.edits) {
            Some(message) => {
                let path = files[&settled.finding.file].path.clone();
                let codemod = settled.finding.codemod;
                rounds.defects.insert(Defect {
                    path,
                    codemod,
                    message,
                });
            }
            None => {
                for edit in &change.edits {
                    by_file.entry(edit.file).or_default().push(edit.clone());
                }
                let change = change.clone();
                taken.push((settled, change));
            }
        }
    }
    if taken.is_empty() {
        return (open, false);
    }
    take_leftovers(files, workspace, &mut by_file, &mut taken);
    record(files, taken, round, rounds);
    let texts: Vec<(FileId, String)> = by_file
        .into_keys()
        .map(|id| {
            let file = files.get_mut(&id).expect("only open files are edited");
            let text = file.overlay.text();
            file.text = Arc::from(text.as_str());
            // What a change writes may be what another codemod looks for, in a file that was asked
            // about.
            let is_source = workspace.package_of_manifest(id).is_none();
            let asked = is_source && (!file.candidates.is_empty() || (plan.asked)(&file.path));
            let package = workspace.project.package_of(&file.path);
            if let Some(package) = package.filter(|_| asked) {
                let edition = package.facts.edition;
                file.may_match =
                    discover::may_match(&text, edition, plan.selection, plan.knowledge);
            }
            (id, text)
        })
        .collect();
    workspace.write(texts);
    (Vec::new(), true)
}

/// A change that edits a file that must not be edited is none.
fn refused_if_shut(mut settled: Settled, files: &mut Files, workspace: &Workspace) -> Settled {
    let Verdict::Rewrite { change, .. } = &settled.finding.verdict else {
        return settled;
    };
    let edits = change.edits.iter();
    let shut = edits.map(|edit| open_for_edit(files, workspace, edit.file));
    if let Err(reason) = shut.collect::<Result<(), String>>() {
        settled.finding.verdict = Verdict::Refused(Refusal::new(RefusalKind::R8, reason));
    }
    settled
}

/// Opens a file that had no candidate, because a change edits it too.
///
/// # Errors
/// If it must not be edited.
fn open_for_edit(files: &mut Files, workspace: &Workspace, id: FileId) -> Result<(), String> {
    if files.contains_key(&id) {
        return Ok(());
    }
    let path = workspace.path(id).ok_or("its file has no path")?;
    let shut = |reason: &str| {
        let path = relative(&path, &workspace.project.root);
        format!("{path} would have to be edited, but {reason}")
    };
    let package = workspace.project.package_of(&path);
    let package = package.ok_or_else(|| shut("it is not a member's file"))?;
    let source = std::fs::read(&path).ok().and_then(Source::decode);
    let source = source.ok_or_else(|| shut("it can't be read"))?;
    if *source.text != *workspace.text(id) {
        return Err(shut("it was saved meanwhile"));
    }
    let reason = match workspace.package_of_manifest(id) {
        None => discover::reason_to_leave_alone(&source.text, package.facts.edition),
        Some(_) => None,
    };
    match reason {
        Some(reason) => Err(shut(&reason)),
        None => {
            files.insert(id, OpenFile::new(path, source, Vec::new()));
            Ok(())
        }
    }
}

/// Names that no code uses any more go with the last change that used them.
fn take_leftovers(
    files: &Files,
    workspace: &Workspace,
    by_file: &mut BTreeMap<FileId, Vec<change::Edit>>,
    taken: &mut [(Settled, change::Change)],
) {
    let changed: Vec<FileId> = by_file.keys().copied().collect();
    for id in changed {
        let changes: Vec<&change::Change> = taken.iter().map(|(_, change)| change).collect();
        if changes.iter().all(|change| change.leftovers.is_empty()) {
            continue;
        }
        let Some(package) = workspace.project.package_of(&files[&id].path) else {
            continue;
        };
        let tree = SourceFile::parse(&files[&id].text, package.facts.edition).tree();
        for (index, edit) in removals(&tree, id, &changes) {
            let beside = by_file.entry(id).or_default();
            if beside.iter().all(|other| edit.fits_beside(other)) {
                beside.push(edit.clone());
                taken[index].1.edits.push(edit);
            }
        }
    }
}

/// Applies what was taken to the overlays, and writes down how.
pub fn record(
    files: &mut Files,
    taken: Vec<(Settled, change::Change)>,
    round: usize,
    rounds: &mut Rounds,
) {
    let first = rounds.applied.len();
    let mut touched = Vec::new();
    let mut replacements: BTreeMap<FileId, Vec<(Replacement, usize)>> = BTreeMap::new();
    for (offset, (settled, change)) in taken.into_iter().enumerate() {
        let mut depends_on = BTreeSet::new();
        let home = &files[&settled.finding.file];
        depends_on.extend(home.overlay.writers(settled.finding.range.into()));
        for change::Used {
            file,
            range,
            copied,
        } in change.used
        {
            let Some(overlay) = files.get(&file).map(|it| &it.overlay) else {
                continue;
            };
            if copied {
                depends_on.extend(overlay.writers(range.into()));
            }
            let original = |at: TextSize| overlay.to_original(at.into());
            let there = original(range.start())..=original(range.end());
            let earlier = rounds.touched.iter();
            let earlier = earlier.filter(|(of, at, _)| *of == file && there.contains(at));
            depends_on.extend(earlier.map(|(_, _, by)| *by));
        }
        let mut written = Vec::new();
        for edit in change.edits {
            let file = &files[&edit.file];
            depends_on.extend(file.overlay.writers(edit.range.into()));
            let (start, end) = (edit.range.start().into(), edit.range.end().into());
            touched.push((edit.file, file.overlay.to_original(start), first + offset));
            let replacement = with_line_ends_of(&file.text, start, &edit.text);
            let replacement = Replacement {
                start,
                end,
                replacement,
            };
            replacements
                .entry(edit.file)
                .or_default()
                .push((replacement.clone(), first + offset));
            written.push((edit.file, replacement));
        }
        written.sort_by_key(|(file, replacement)| (*file, replacement.start, replacement.end));
        rounds.applied.push(Applied {
            settled,
            round,
            depends_on,
            edits: written,
        });
    }
    rounds.touched.extend(touched);
    for (id, mut replacements) in replacements {
        replacements.sort_by_key(|(replacement, _)| (replacement.start, replacement.end));
        // Two changes may ask for the very same edit; it is made once.
        replacements.dedup_by(|a, b| a.0 == b.0);
        let overlay = &mut files
            .get_mut(&id)
            .expect("only open files are edited")
            .overlay;
        for (replacement, by) in replacements.iter().rev() {
            overlay.apply(std::slice::from_ref(replacement), *by);
        }
    }
}

/// What a change would break in the grammar of a file, beside the edits that are taken already.
fn broken_by(
    files: &Files,
    workspace: &Workspace,
    taken: &BTreeMap<FileId, Vec<change::Edit>>,
    edits: &[change::Edit],
) -> Option<String> {
    let touched: BTreeSet<FileId> = edits.iter().map(|edit| edit.file).collect();
    touched.into_iter().find_map(|id| {
        let file = &files[&id];
        let Some(package) = workspace.project.package_of(&file.path) else {
            return Some(format!("{} is not a member's file", file.path.display()));
        };
        let mut all: Vec<change::Edit> = taken.get(&id).cloned().unwrap_or_default();
        all.extend(edits.iter().filter(|edit| edit.file == id).cloned());
        let edition = package.facts.edition;
        let errors = |text: &str| match workspace.package_of_manifest(id) {
            None => SourceFile::parse(text, edition).errors().len(),
            Some(_) => usize::from(text.parse::<toml::Table>().is_err()),
        };
        let after = change::apply(&file.text, &all);
        (errors(&after) > errors(&file.text))
            .then(|| format!("the result would not parse:\n{after}"))
    })
}
