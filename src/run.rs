//! One run: from options to an outcome.

mod codemods;
mod look;
mod open;
mod scope;

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Result, bail};
use rayon::{ThreadPool, ThreadPoolBuilder};
use unpark_codemods::Codemod;

use self::{
    codemods::named_too_late,
    open::changed_back,
    scope::{in_scope, narrow},
};
pub use self::{
    codemods::{codemod, select},
    look::{Chosen, analyse},
    open::open,
};
use crate::{
    adoption::{self, Adopt, Ours, Scope, Seen},
    baseline::{self, Baseline},
    cargo::{Project, nearest_manifest},
    changed::ChangedLines,
    collect,
    commit::Home,
    config::{Config, Rules},
    discover::{CandidateFile, Discovered, Skipped, discover},
    engine::{Files, OpenFile},
    format::Rustfmt,
    limits,
    options::{Accepted, Options},
    outcome::{Finding, Memory, Outcome, State},
    progress::Progress,
    roots,
    start::{self, WITHOUT_CARGO, check_names},
    verify::{Judgement, Verifier},
    workspace::Workspace,
};

/// Finds, decides and rewrites, in memory. Writes nothing.
///
/// # Errors
/// If there is nothing to look at: an unknown codemod, a path that does not exist, a configuration
/// that does not parse, no project, or a project that cargo can't read.
pub fn run(options: &Options) -> Result<Outcome> {
    let pool = pool(options)?;
    let threads = pool.current_num_threads();
    pool.install(|| Run::new(options, threads)?.run())
}

/// The threads of a run.
///
/// # Errors
/// If the system has none to give.
pub fn pool(options: &Options) -> Result<ThreadPool> {
    let threads = if options.jobs == 0 {
        std::thread::available_parallelism().map_or(1, usize::from)
    } else {
        options.jobs
    };
    let pool = ThreadPoolBuilder::new()
        .num_threads(threads)
        .stack_size(limits::STACK);
    Ok(pool.build()?)
}

/// A workspace by the manifest that led to it, and the files of it.
type Group = (PathBuf, Project, Vec<CandidateFile>);

/// A file that belongs to none, and why.
type Homeless = (CandidateFile, String);

/// Whether a workspace was looked at.
enum Looked {
    At(Seen),
    /// Not for want of types or memory, or because it does not load, with the reason.
    NotAt(Option<anyhow::Error>),
}

struct Run<'a> {
    options: &'a Options,
    threads: usize,
    paths: Vec<PathBuf>,
    /// The folder that holds all paths.
    common: PathBuf,
    /// The lines that findings have to touch.
    changed: Option<ChangedLines>,
    progress: Progress,
    rustfmt: Rustfmt,
}

impl<'a> Run<'a> {
    fn new(options: &'a Options, threads: usize) -> Result<Run<'a>> {
        let paths = start::paths(options)?;
        let common = start::common_folder(&paths);
        let folder = common.ancestors().find(|folder| folder.is_dir());
        let changed = options
            .changes
            .as_ref()
            .map(|changes| ChangedLines::of(changes, folder.unwrap_or(&common)))
            .transpose()?;
        let progress = Progress::new(options.progress);
        Ok(Run {
            options,
            threads,
            paths,
            common,
            changed,
            progress,
            rustfmt: Rustfmt::default(),
        })
    }

    fn run(&self) -> Result<Outcome> {
        let mut outcome = Outcome {
            root: start::shown_root(&self.common),
            ..Outcome::default()
        };
        // The tables have to be known before the walk; a nested workspace's own configuration is
        // read when it is loaded.
        let config = Config::load(&start::config_folder(&self.common))?;
        let selection = select(self.options, &config)?;

        let started = Instant::now();
        self.progress.say("looking for candidates");
        let mut found = discover(&self.paths, &selection, &config.knowledge(), self.threads)?;
        if let Some(about) = &self.options.about {
            narrow(&mut found.candidates, about, &selection);
        }
        outcome.walked = found.files.len();
        let is_nowhere = self.options.paths.is_empty() && nearest_manifest(&self.common).is_none();
        if outcome.walked == 0 && is_nowhere {
            bail!(
                "there is no Cargo.toml in {} or above, and no Rust file below\nhelp: name the \
                 workspace, or a place in it",
                self.common.display()
            );
        }
        outcome.candidates = found
            .candidates
            .iter()
            .filter(|file| {
                file.candidates
                    .iter()
                    .any(|candidates| !candidates.is_empty())
            })
            .count();
        outcome.skipped = std::mem::take(&mut found.skipped);
        outcome.skipped.retain(|it| !config.excludes(&it.path));
        outcome.seconds.discover = started.elapsed().as_secs_f64();

        if self.options.syntax_only {
            let baseline = start::config_folder(&self.common).join(baseline::FILE);
            if baseline.exists() && !self.options.ignore_baseline {
                let reason = format!("without types, what is in {} counts, too", baseline::FILE);
                outcome.degraded.insert(reason);
            }
            let rules = Rules::new(&config, self.options);
            let files = in_scope(found.candidates, &selection, &config, &rules, &mut outcome);
            for file in files {
                collect::by_syntax(
                    &mut outcome,
                    &file,
                    &selection,
                    &collect::SyntaxVerdict::Manual,
                );
            }
        } else {
            self.with_types(&mut outcome, found, &selection)?;
        }
        roots::is_there(self.options, &outcome.roots)?;
        if let Some(changed) = &self.changed {
            changed.keep(&mut outcome);
        }
        collect::finish(&mut outcome);
        if let Some(accepted) = &self.options.accepted {
            is_unequivocal(accepted, &outcome)?;
            outcome.unmet = unmet(accepted, &outcome);
        }
        self.progress.done();
        Ok(outcome)
    }

    fn with_types(
        &self,
        outcome: &mut Outcome,
        found: Discovered,
        selection: &[&'static Codemod],
    ) -> Result<()> {
        let started = Instant::now();
        let (groups, homeless) = self.group(found.candidates, outcome)?;
        outcome.seconds.load += started.elapsed().as_secs_f64();
        let all_failed = groups.is_empty() && !homeless.is_empty();
        if all_failed {
            let reason = &homeless[0].1;
            bail!("{reason}\n{WITHOUT_CARGO}");
        }
        for (file, reason) in homeless {
            collect::untyped(outcome, [file], selection, &reason);
        }
        let own = self.own_workspace(&groups)?;
        let mut failures = Vec::new();
        for (manifest, project, files) in groups.into_iter().chain(own) {
            let ours = Ours::load(&project.root, self.options)?;
            let config = &ours.config;
            let rules = Rules::new(config, self.options);
            for name in named_too_late(self.options, config, selection) {
                let root = project.root.display();
                outcome.degraded.insert(format!(
                    "the configuration in {root} asks for {name}, which runs only in a run that \
                     starts there, or with `--only {name}`"
                ));
            }
            let files = in_scope(files, selection, config, &rules, outcome);
            let candidates: HashSet<PathBuf> = files.iter().map(|it| it.path.clone()).collect();
            let first = outcome.findings.len();
            let seen = match files.is_empty() {
                true => Some(Seen::nothing(outcome)),
                false => {
                    let files = (files, &found.files);
                    let project = project.clone();
                    match self.workspace(outcome, &manifest, project, files, selection, &ours)? {
                        Looked::At(seen) => Some(seen),
                        Looked::NotAt(failure) => {
                            outcome.untold += 1;
                            failures.extend(failure);
                            None
                        }
                    }
                }
            };
            let scope = Scope {
                options: self.options,
                root: &project.root,
                is_on: &|name, path| {
                    let selected = selection.iter().any(|codemod| codemod.name == name);
                    selected && !rules.of(path).off.contains(name)
                },
                is_seen: &|path, opened| {
                    found.files.contains(path)
                        && !config.excludes(path)
                        && self.is_chosen(&project, path).unwrap_or(false)
                        && (opened.contains(path) || !candidates.contains(path))
                },
            };
            adoption::settle(
                outcome,
                first,
                ours.baseline.as_ref(),
                seen.as_ref(),
                &scope,
            )?;
        }
        let updates = self.options.adopt == Some(Adopt::UpdateBaseline);
        if updates && outcome.baselines.is_empty() {
            bail!(
                "there is no {} to update\nhelp: `unpark --write-baseline` makes one",
                baseline::FILE
            );
        }
        match failures.len() == outcome.homes.len() {
            true => failures.into_iter().next().map_or(Ok(()), Err),
            // The others have nothing to do with one that does not load.
            false => Ok(()),
        }
    }

    /// The workspace that a run starts in, if its baseline is asked for and it is none of these: where
    /// nothing is left to look at, the baseline is still to be told.
    fn own_workspace(&self, groups: &[Group]) -> Result<Option<Group>> {
        let adopt = self.options.adopt.as_ref();
        if !adopt.is_some_and(Adopt::writes_baseline) {
            return Ok(None);
        }
        let Some(manifest) = nearest_manifest(&self.common) else {
            return Ok(None);
        };
        let project = Project::of(&manifest, &self.options.cargo)?;
        let is_new = groups.iter().all(|(_, it, _)| it.root != project.root);
        Ok(is_new.then(|| (manifest, project, Vec::new())))
    }

    /// Groups files by cargo workspace. The files that belong to none come with the reason.
    fn group(
        &self,
        candidates: Vec<CandidateFile>,
        outcome: &mut Outcome,
    ) -> Result<(Vec<Group>, Vec<Homeless>)> {
        let mut projects: Vec<Group> = Vec::new();
        let mut failed: BTreeMap<PathBuf, String> = BTreeMap::new();
        let mut homeless = Vec::new();
        for file in candidates {
            let Some(manifest) = nearest_manifest(&file.path) else {
                let reason = "there is no Cargo.toml in this folder or above, and types need one";
                homeless.push((file, reason.to_owned()));
                continue;
            };
            if let Some(reason) = failed.get(&manifest) {
                homeless.push((file, reason.clone()));
                continue;
            }
            let known = projects.iter().position(|(_, project, _)| {
                project
                    .packages
                    .iter()
                    .any(|package| package.manifest == manifest)
            });
            let index = match known {
                Some(index) => index,
                None => match Project::of(&manifest, &self.options.cargo) {
                    Ok(project) if project.package_of(&file.path).is_some() => {
                        projects.push((manifest, project, Vec::new()));
                        projects.len() - 1
                    }
                    Ok(_) => {
                        let reason = "it belongs to no member of its cargo workspace".to_owned();
                        outcome.skipped.push(Skipped {
                            path: file.path.clone(),
                            reason,
                        });
                        continue;
                    }
                    Err(error) => {
                        let reason = format!("{}: {error:#}", manifest.display());
                        outcome.degraded.insert(reason.clone());
                        failed.insert(manifest, reason.clone());
                        homeless.push((file, reason));
                        continue;
                    }
                },
            };
            if self.is_chosen(&projects[index].1, &file.path)? {
                projects[index].2.push(file);
            }
        }
        projects.retain(|(_, _, files)| !files.is_empty());
        Ok((projects, homeless))
    }

    /// Whether `-p` and `--exclude` choose the package of a file.
    fn is_chosen(&self, project: &Project, path: &Path) -> Result<bool> {
        let cargo = &self.options.cargo;
        check_names(project, cargo)?;
        let Some(package) = project.package_of(path) else {
            return Ok(false);
        };
        let name = &package.facts.name;
        let wanted = cargo.packages.is_empty() || cargo.packages.contains(name);
        Ok(wanted && !cargo.exclude.contains(name))
    }

    fn workspace(
        &self,
        outcome: &mut Outcome,
        manifest: &Path,
        project: Project,
        (candidates, walked): (Vec<CandidateFile>, &HashSet<PathBuf>),
        selection: &[&'static Codemod],
        ours: &Ours,
    ) -> Result<Looked> {
        let started = Instant::now();
        self.progress
            .say(&format!("loading {}", project.root.display()));
        let home = Home::of(&project);
        if home.has_unfinished() {
            outcome.unfinished.push(home.root().to_owned());
        }
        outcome.homes.push(home);
        outcome.packages.extend_from_slice(&project.packages);
        if let Some(reason) = limits::of_memory(self.options.max_memory) {
            collect::stopped(outcome, candidates, selection, &reason);
            return Ok(Looked::NotAt(None));
        }
        let say = |message: String| self.progress.note(&message);
        let (mut workspace, report) = match Workspace::load(project, manifest, self.options, &say) {
            Ok(loaded) => loaded,
            Err(error) => {
                let reason = format!("{error:#}");
                collect::untyped(outcome, candidates, selection, &reason);
                outcome.degraded.insert(reason);
                outcome.seconds.load += started.elapsed().as_secs_f64();
                return Ok(Looked::NotAt(Some(error)));
            }
        };
        if self.options.fix_manifests {
            workspace.open_manifests()?;
        }
        outcome.degraded.extend(report.degraded);
        outcome.skipped.extend(report.skipped);
        if let Some(reason) = report.untyped {
            collect::untyped(outcome, candidates, selection, &reason);
            outcome.seconds.load += started.elapsed().as_secs_f64();
            return Ok(Looked::NotAt(None));
        }
        let files = open(&mut workspace, candidates, outcome);
        outcome.seconds.load += started.elapsed().as_secs_f64();
        Memory::measure(&mut outcome.memory.load);
        if let Some(reason) = workspace.is_full() {
            let files = files.values().map(OpenFile::found);
            collect::stopped(outcome, files, selection, &reason);
            return Ok(Looked::NotAt(None));
        }
        let before = Seen::nothing(outcome);
        self.rewrite(outcome, &mut workspace, (&files, walked), selection, ours)?;
        let opened = files.into_values().map(|file| file.path).collect();
        Ok(Looked::At(before.and(opened, outcome)))
    }

    /// Runs the codemods, and again without what the compiler did not accept.
    fn rewrite(
        &self,
        outcome: &mut Outcome,
        workspace: &mut Workspace,
        (opened, walked): (&Files, &HashSet<PathBuf>),
        selection: &[&'static Codemod],
        ours: &Ours,
    ) -> Result<()> {
        let config = &ours.config;
        let verify = self.options.verify.as_ref();
        let project = workspace.project.clone();
        let mut verifier = verify
            .map(|verify| {
                Verifier::new(
                    &project,
                    self.options,
                    verify,
                    &self.rustfmt,
                    &self.progress,
                )
            })
            .transpose()?;
        let none = Baseline::default();
        let before = outcome.clone();
        let (mut seconds, mut memory) = (before.seconds, before.memory);
        let (mut denied, mut lowered) = (BTreeMap::new(), BTreeSet::new());
        loop {
            let started = Instant::now();
            self.progress.say("reading types");
            let mut files = opened.clone();
            let chosen = Chosen {
                options: self.options,
                selection,
                config,
                denied: &denied,
                lowered: &lowered,
                baseline: ours.baseline.as_ref().unwrap_or(&none),
                changed: self.changed.as_ref(),
                asked: &|path| {
                    let is_chosen = || self.is_chosen(&project, path);
                    walked.contains(path) && !config.excludes(path) && is_chosen().unwrap_or(false)
                },
            };
            analyse(outcome, workspace, &mut files, &chosen);
            roots::is_one(self.options, &outcome.roots)?;
            let ours: BTreeSet<&Path> = files.values().map(|file| file.path.as_path()).collect();
            self.rustfmt.format(outcome, |path| ours.contains(path));
            seconds.analyse += started.elapsed().as_secs_f64();
            Memory::measure(&mut memory.analyse);

            let started = Instant::now();
            let Some(verifier) = &mut verifier else {
                break;
            };
            let judgement = verifier.judge(outcome, before.last_change())?;
            seconds.verify += started.elapsed().as_secs_f64();
            let findings = |changes: &BTreeSet<usize>| -> Vec<(String, usize)> {
                let findings = outcome.findings.iter().filter_map(|finding| {
                    let change = finding.change.filter(|change| changes.contains(change))?;
                    Some((finding.id.clone(), change))
                });
                findings.collect()
            };
            let known = denied.len() + lowered.len();
            match judgement {
                Judgement::Holds { unread } => {
                    lowered.extend(findings(&unread).into_iter().map(|(id, _)| id));
                    if known == denied.len() + lowered.len() {
                        break;
                    }
                }
                Judgement::Breaks(words) => {
                    let changes = words.keys().copied().collect();
                    for (id, change) in findings(&changes) {
                        denied.insert(id, words[&change].clone());
                    }
                    if known == denied.len() + lowered.len() {
                        let words: Vec<String> = words.into_values().collect();
                        bail!("a change that was denied came back:\n{}", words.join("\n"));
                    }
                }
            }
            workspace.write(changed_back(&files, opened));
            *outcome = before.clone();
        }
        (outcome.seconds, outcome.memory) = (seconds, memory);
        if let Some(verifier) = verifier {
            let verification = outcome.verification.get_or_insert_default();
            verification.checks += verifier.checks;
            if let Some(tests) = verifier.tests() {
                *verification.tests.get_or_insert_default() += tests;
            }
            verification.configurations.extend(verifier.configurations);
        }
        Ok(())
    }
}

/// Whether each answer is about one finding: ids are told apart within a workspace, and copies of a file in two of
/// them have the same ones.
///
/// # Errors
/// If one is about several.
fn is_unequivocal(accepted: &Accepted, outcome: &Outcome) -> Result<()> {
    let mut known: BTreeMap<&String, &Finding> = BTreeMap::new();
    for finding in &outcome.findings {
        let id = &finding.id;
        if !accepted.ids.contains(id) && !accepted.suppressed.contains_key(id) {
            continue;
        }
        if let Some(other) = known.insert(id, finding) {
            let place = |it: &Finding| format!("{}:{}", outcome.shown(&it.path), it.start.line);
            bail!(
                "{id} is the id of two findings, in {} and {}\nhelp: name the paths of one \
                 workspace, and review each by itself",
                place(other),
                place(finding)
            );
        }
    }
    Ok(())
}

/// What was accepted, and is neither made nor taken back; and what was to be allowed, and is not.
fn unmet(accepted: &Accepted, outcome: &Outcome) -> BTreeSet<String> {
    let of_state = |wanted: fn(State) -> bool| -> BTreeSet<&String> {
        let findings = outcome.findings.iter();
        let findings = findings.filter(|finding| wanted(finding.state));
        findings.map(|finding| &finding.id).collect()
    };
    let made = of_state(|it| matches!(it, State::Fixed | State::Reverted));
    let allowed = of_state(|it| it == State::Suppressed);
    let not_made = accepted.ids.iter().filter(|id| !made.contains(id));
    let suppressed = accepted.suppressed.keys();
    let not_allowed = suppressed.filter(|id| !allowed.contains(id));
    not_made.chain(not_allowed).cloned().collect()
}
