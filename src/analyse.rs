//! The read phase: one codemod over all files that may match, in parallel.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex},
};

use ra_ap_hir::{Crate, Semantics, attach_db};
use ra_ap_ide_db::{FileId, FxHashMap, RootDatabase, base_db::SourceDatabase};
use rayon::prelude::*;
use unpark_codemods::{
    analysis::manifest::Manifest,
    codemod::{Finding, Findings, Pass},
    context::FileContext,
    facts::{PackageFacts, TargetKind},
    knowledge::Resolved,
    settings::Settings,
    workspace::WorkspaceContext,
};

use crate::{
    config::Rule,
    discover::Skipped,
    engine::{Files, Plan},
    identity, limits,
    members::MemberFiles,
    outcome::Defect,
    watchdog::{Stopped, Watchdog},
    workspace::Workspace,
};

/// Files of one crate that one thread takes at a time: the solver's cache is per thread.
const FILES_AT_A_TIME: usize = 16;

/// What one look came to.
#[derive(Debug, Default)]
pub struct Looked {
    /// What was found, in no particular order.
    pub findings: Vec<Anchored>,
    /// Places that are fine as they are.
    pub quiet: BTreeMap<&'static str, usize>,
    /// See [`Findings::roots`].
    pub roots: BTreeSet<Vec<String>>,
    /// Defects of ours.
    pub defects: Vec<Defect>,
    /// The files whose look met a limit.
    pub stopped: BTreeMap<FileId, Skipped>,
}

/// A finding with what identifies its place.
#[derive(Debug)]
pub struct Anchored {
    /// What the codemod said.
    pub finding: Finding,
    /// See [`identity::anchor`].
    pub anchor: String,
}

/// What every look of one codemod in one round has in common.
pub struct View<'a> {
    /// The workspace.
    pub workspace: &'a Workspace,
    /// The open files.
    pub files: &'a Files,
    /// What is the same for every round.
    pub plan: &'a Plan<'a>,
    /// Which codemod of the plan it is.
    pub index: usize,
    known: &'a Resolved<'a>,
    watchdog: &'a Watchdog,
    /// What all looks came to so far.
    looked: RefCell<Looked>,
}

/// Runs the codemod at `index` of the plan over all open files that may match, but for those where
/// it met a limit before.
pub fn all(
    workspace: &mut Workspace,
    files: &Files,
    plan: &Plan<'_>,
    index: usize,
    known: &Resolved<'_>,
    stopped: BTreeMap<FileId, Skipped>,
) -> Looked {
    let mut stopped = stopped;
    let root = workspace.project.root.clone();
    let give_up = |id: FileId| {
        if let Some(give_up) = plan.give_up {
            give_up(&Defect {
                path: files.get(&id).map_or(&root, |file| &file.path).clone(),
                codemod: plan.selection[index].name,
                message: "it does not end, and can't be ended".to_owned(),
            });
        }
    };
    let limit = plan.max_time;
    loop {
        let before = Looked {
            stopped: stopped.clone(),
            ..Looked::default()
        };
        let (looked, late) = Watchdog::over(workspace, limit, &give_up, |workspace, watchdog| {
            let view = View {
                workspace,
                files,
                plan,
                index,
                known,
                watchdog,
                looked: RefCell::new(before),
            };
            match plan.selection[index].pass {
                Pass::File(pass) => view.by_file(pass),
                Pass::Workspace(pass) => view.whole(pass),
            }
            view.looked.into_inner()
        });
        if late.is_empty() {
            return looked;
        }
        // Once more, without those that took too long: what others saw may not be whole.
        let (codemod, limit) = (plan.selection[index].name, limit.as_secs_f64());
        let reason = format!("{codemod} took longer than {limit} s for it, and was stopped");
        for file in late {
            let path = workspace.path(file).unwrap_or_default();
            let reason = reason.clone();
            stopped.insert(file, Skipped { path, reason });
        }
    }
}

/// A file with types, on the thread that its database is attached to.
pub fn context<'a>(
    sema: &'a Semantics<'a, RootDatabase>,
    file: FileId,
    (package, target, manifest): (&'a PackageFacts, TargetKind, Option<Manifest<'a>>),
    known: &'a Resolved<'a>,
    settings: &'a Settings,
) -> FileContext<'a> {
    FileContext {
        db: sema.db,
        sema,
        file,
        text: sema.db.file_text(file).text(sema.db),
        source: sema.parse_guess_edition(file),
        package,
        target,
        manifest,
        known,
        settings,
    }
}

/// Why a file could not be looked at.
enum Failed {
    /// There is no memory for it.
    Full(String),
    Stopped(Stopped),
}

impl View<'_> {
    fn by_file(&self, pass: fn(&FileContext<'_>, &mut Findings)) {
        let seen = Mutex::new(Vec::new());
        self.look(&self.candidates(), &|ctx| {
            let mut findings = Findings::default();
            pass(ctx, &mut findings);
            let anchor = |finding: &Finding| identity::anchor(&ctx.source, finding.range);
            let anchors: Vec<String> = findings.items.iter().map(anchor).collect();
            seen.lock()
                .expect("no panic while held")
                .push((findings, anchors));
        });
        for (findings, anchors) in seen.into_inner().expect("no panic while held") {
            self.add(findings, anchors);
        }
    }

    fn whole(&self, pass: fn(&WorkspaceContext<'_>, &mut Findings)) {
        let members = MemberFiles { view: self };
        let rule = self.plan.rules.everywhere();
        let ctx = WorkspaceContext {
            members: &members,
            settings: &rule.settings,
        };
        let passed = self.watchdog.caught(|| {
            let mut findings = Findings::default();
            pass(&ctx, &mut findings);
            let anchors = self.anchors(&findings);
            self.add(findings, anchors);
        });
        if let Err(Stopped::Panicked(message)) = passed {
            self.defect(self.workspace.project.root.clone(), message);
        }
    }

    /// The open files with a candidate of the codemod.
    pub fn candidates(&self) -> Vec<FileId> {
        let codemod = self.plan.selection[self.index].name;
        self.files
            .iter()
            .filter(|(_, file)| file.may_match.get(self.index) == Some(&true))
            .filter(|(_, file)| !self.plan.rules.of(&file.path).off.contains(codemod))
            .map(|(&id, _)| id)
            .collect()
    }

    /// Looks at files in parallel, each on one thread with a context of its own, and gives those
    /// where it could not be done: they are no module, they met a limit, or inference panicked, as
    /// it does on odd code now and then; that costs one file and one codemod, and is a defect of
    /// ours.
    pub fn look(&self, ids: &[FileId], look: &(dyn Fn(&FileContext<'_>) + Sync)) -> Vec<FileId> {
        let mut by_crate: FxHashMap<Option<Crate>, Vec<FileId>> = FxHashMap::default();
        for &id in ids {
            let is_stopped = self.looked.borrow_mut().stopped.contains_key(&id);
            let krate = self.workspace.crate_of(id).filter(|_| !is_stopped);
            by_crate.entry(krate).or_default().push(id);
        }
        let mut failed = by_crate.remove(&None).unwrap_or_default();
        let mut groups = Vec::new();
        for (krate, files) in by_crate {
            match krate.and_then(|krate| self.workspace.facts_of(krate)) {
                Some(facts) => groups.extend(
                    files
                        .chunks(FILES_AT_A_TIME)
                        .map(|files| (facts, files.to_vec())),
                ),
                None => failed.extend(files),
            }
        }
        groups.sort_by_key(|(_, files)| files.first().copied());
        let groups: Vec<_> = groups
            .into_iter()
            .map(|((package, target), files)| {
                let of_package = (package, target, self.manifest_of(package));
                let files = files.into_iter().map(|id| (id, self.rule_of(id)));
                (of_package, files.collect::<Vec<_>>())
            })
            .collect();
        let known = self.known;
        let (max_memory, watchdog) = (self.plan.max_memory, self.watchdog);
        let ended: Vec<Vec<(FileId, Failed)>> = groups
            .par_iter()
            .with_max_len(1)
            .map_with(self.workspace.db.clone(), |db, (of_package, files)| {
                let failed = |(id, rule): &(FileId, Arc<Rule>)| {
                    let id = *id;
                    if let Some(reason) = limits::of_memory(max_memory) {
                        return Some((id, Failed::Full(reason)));
                    }
                    let looked = watchdog.look(id, || {
                        attach_db(db, || {
                            let sema = Semantics::new(db);
                            look(&context(&sema, id, *of_package, known, &rule.settings));
                        });
                    });
                    looked.err().map(|stopped| (id, Failed::Stopped(stopped)))
                };
                files.iter().filter_map(failed).collect()
            })
            .collect();
        for (id, reason) in ended.into_iter().flatten() {
            failed.push(id);
            self.failed(id, reason);
        }
        failed.sort_unstable();
        failed
    }

    /// What holds for a file.
    fn rule_of(&self, id: FileId) -> Arc<Rule> {
        let path = self.workspace.path(id).unwrap_or_default();
        self.plan.rules.of(&path)
    }

    /// The manifest of a package as it is in this round, if it may be edited.
    fn manifest_of(&self, package: &PackageFacts) -> Option<Manifest<'_>> {
        let (file, text) = self.workspace.manifest_of(package)?;
        let text = self.files.get(&file).map_or(text, |open| &open.text);
        Some(Manifest { file, text })
    }

    fn failed(&self, id: FileId, reason: Failed) {
        let path = self.workspace.path(id).unwrap_or_default();
        match reason {
            Failed::Full(reason) => {
                let skipped = Skipped { path, reason };
                self.looked.borrow_mut().stopped.insert(id, skipped);
            }
            Failed::Stopped(Stopped::Panicked(message)) => self.defect(path, message),
            // The whole pass is done once more.
            Failed::Stopped(Stopped::Ended) => {}
        }
    }

    fn defect(&self, path: PathBuf, message: String) {
        let codemod = self.plan.selection[self.index].name;
        self.looked.borrow_mut().defects.push(Defect {
            path,
            codemod,
            message,
        });
    }

    fn add(&self, findings: Findings, anchors: Vec<String>) {
        let mut looked = self.looked.borrow_mut();
        let anchored = findings.items.into_iter().zip(anchors);
        let anchored = anchored.map(|(finding, anchor)| Anchored { finding, anchor });
        // A pass over the whole workspace may come to a file where it is off.
        let is_on = |it: &Anchored| {
            let file = self.files.get(&it.finding.file);
            file.is_none_or(|file| {
                let rule = self.plan.rules.of(&file.path);
                !rule.off.contains(it.finding.codemod)
            })
        };
        looked.findings.extend(anchored.filter(is_on));
        for (reason, count) in findings.quiet {
            *looked.quiet.entry(reason).or_default() += count;
        }
        looked.roots.extend(findings.roots);
    }

    fn anchors(&self, findings: &Findings) -> Vec<String> {
        let db = &self.workspace.db;
        attach_db(db, || {
            let sema = Semantics::new(db);
            let anchor = |finding: &Finding| {
                let source = sema.parse_guess_edition(finding.file);
                identity::anchor(&source, finding.range)
            };
            findings.items.iter().map(anchor).collect()
        })
    }
}
