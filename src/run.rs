//! One run: from options to an outcome.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Result, anyhow, bail};
use ra_ap_ide_db::{FileId, span::Edition};
use rayon::{ThreadPool, ThreadPoolBuilder};
use unpark_codemods::{
    CATALOGUE, Codemod,
    codemod::{Candidate, Finding, IN_TESTS, Pass},
};

use crate::{
    adoption::{self, Adopt, Ours, Scope, Seen},
    baseline::{self, Baseline},
    cargo::{Project, nearest_manifest},
    changed::ChangedLines,
    collect,
    commit::Home,
    config::{Config, Rules, did_you_mean},
    discover::{CandidateFile, Discovered, Skipped, discover},
    engine::{self, Files, Identities, OpenFile, Plan, Rounds},
    format::Rustfmt,
    limits,
    options::Options,
    outcome::{Memory, Outcome},
    progress::Progress,
    roots,
    source::Lines,
    start::{self, WITHOUT_CARGO, check_names},
    suppress::{self, Allows, Looks, MARKER, Wanted},
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
            let verdict = collect::SyntaxVerdict::Refused(reason);
            collect::by_syntax(outcome, &file, selection, &verdict);
        }
        let own = self.own_workspace(&groups)?;
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
                    self.workspace(outcome, &manifest, project, files, selection, &ours)?
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
        Ok(())
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
    ) -> Result<Option<Seen>> {
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
            return Ok(None);
        }
        let say = |message: String| self.progress.note(&message);
        let (mut workspace, report) = Workspace::load(project, manifest, self.options, &say)?;
        if self.options.fix_manifests {
            workspace.open_manifests()?;
        }
        outcome.degraded.extend(report.degraded);
        outcome.skipped.extend(report.skipped);
        if let Some(reason) = report.untyped {
            let verdict = collect::SyntaxVerdict::Refused(reason);
            for file in candidates {
                collect::by_syntax(outcome, &file, selection, &verdict);
            }
            outcome.seconds.load += started.elapsed().as_secs_f64();
            return Ok(None);
        }
        let files = open(&mut workspace, candidates, outcome);
        outcome.seconds.load += started.elapsed().as_secs_f64();
        Memory::measure(&mut outcome.memory.load);
        if let Some(reason) = workspace.is_full() {
            let files = files.values().map(OpenFile::found);
            collect::stopped(outcome, files, selection, &reason);
            return Ok(None);
        }
        let before = Seen::nothing(outcome);
        self.rewrite(outcome, &mut workspace, (&files, walked), selection, ours)?;
        let opened = files.into_values().map(|file| file.path).collect();
        Ok(Some(before.and(opened, outcome)))
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
            if let Some(Adopt::Allow(reason)) = &self.options.adopt {
                let wanted = Wanted {
                    reason,
                    denied: &denied,
                    changed: self.changed.as_ref(),
                };
                let first = (before.findings.len(), before.changes.len());
                suppress::allow(outcome, first, wanted, &|path| {
                    let package = project.package_of(path);
                    package.map_or(Edition::CURRENT, |package| package.facts.edition)
                });
            }
            roots::is_one(self.options, &outcome.roots)?;
            let ours: BTreeSet<&Path> = files.values().map(|file| file.path.as_path()).collect();
            self.rustfmt.format(outcome, |path| ours.contains(path));
            seconds.analyse += started.elapsed().as_secs_f64();
            Memory::measure(&mut memory.analyse);

            let started = Instant::now();
            let Some(verifier) = &mut verifier else {
                break;
            };
            let judgement = verifier.judge(outcome, before.changes.len())?;
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

/// The codemods that a nested workspace asks for, and that nothing was looked at for.
fn named_too_late<'c>(
    options: &Options,
    config: &'c Config,
    selection: &[&'static Codemod],
) -> Vec<&'c String> {
    let by_config = options.only.is_empty() && options.root.is_none();
    let named = config.only.iter().filter(|_| by_config);
    let named = named.filter(|name| !options.skip.contains(name));
    let is_there = |name: &str| selection.iter().any(|codemod| codemod.name == name);
    named.filter(|name| !is_there(name)).collect()
}

/// Leaves out the files that the configuration excludes, and the codemods that are off. What has
/// a comment of ours stays.
fn in_scope(
    files: Vec<CandidateFile>,
    selection: &[&'static Codemod],
    config: &Config,
    rules: &Rules<'_>,
    outcome: &mut Outcome,
) -> Vec<CandidateFile> {
    let mut kept = Vec::new();
    for mut file in files {
        if config.excludes(&file.path) {
            outcome.excluded.insert(file.path);
            continue;
        }
        let rule = rules.of(&file.path);
        for (codemod, candidates) in selection.iter().zip(&mut file.candidates) {
            // It keeps its place in the list: the candidates of a file are kept in its order.
            if rule.off.contains(codemod.name) {
                candidates.clear();
            }
        }
        if file.source.text.contains(MARKER) || !file.candidates.iter().all(Vec::is_empty) {
            kept.push(file);
        }
    }
    kept
}

/// Leaves out what can't tell anything about a file.
fn narrow(candidates: &mut Vec<CandidateFile>, about: &Path, selection: &[&'static Codemod]) {
    candidates.retain_mut(|file| {
        if file.path == about {
            return true;
        }
        for (codemod, candidates) in selection.iter().zip(&mut file.candidates) {
            if matches!(codemod.pass, Pass::File(_)) {
                candidates.clear();
            }
        }
        file.candidates.iter().any(|it| !it.is_empty())
    });
}

/// The texts that undo the rounds.
fn changed_back(files: &Files, opened: &Files) -> Vec<(FileId, String)> {
    let changed = files
        .iter()
        .filter(|(_, file)| !file.overlay.is_unchanged());
    changed
        .map(|(id, file)| {
            let was = opened.get(id).unwrap_or(file);
            (*id, was.source.text.to_string())
        })
        .collect()
}

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

/// Runs the codemods over the open files of a workspace, and adds what they find to the outcome.
pub fn analyse(
    outcome: &mut Outcome,
    workspace: &mut Workspace,
    files: &mut Files,
    chosen: &Chosen<'_>,
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
        let allows = allows.get(&file.path);
        allows.is_some_and(|allows| allows.for_finding(finding.codemod, at).is_some())
    };
    let none = BTreeSet::new();
    let plan = Plan {
        selection: chosen.selection,
        knowledge: &config.knowledge(),
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

/// Opens the candidate files that the workspace has, with the text as it was read, and reads the
/// names of the crates that they need.
pub fn open(
    workspace: &mut Workspace,
    candidates: Vec<CandidateFile>,
    outcome: &mut Outcome,
) -> Files {
    let mut files = Files::new();
    for CandidateFile {
        path,
        source,
        candidates,
    } in candidates
    {
        match workspace.file_id(&path) {
            Some(id) => {
                files.insert(id, OpenFile::new(path, source, candidates));
            }
            None => {
                let reason = "it is outside of the folders that its package is built from";
                outcome.skipped.push(Skipped {
                    path,
                    reason: reason.to_owned(),
                });
            }
        }
    }
    // Whatever was saved since a file was read, all that is said is said of the text that was read.
    let texts = files.iter();
    workspace.write(texts.map(|(id, file)| (*id, file.text.to_string())));
    workspace.prime(&files.keys().copied().collect::<Vec<_>>());
    if workspace.is_full().is_some() {
        return files;
    }
    files.retain(|&id, file| {
        if workspace.is_shared(id) {
            // What is declared, and so what may be written, differs between them.
            let reason = "crates of several packages include it".to_owned();
            let path = file.path.clone();
            outcome.skipped.push(Skipped { path, reason });
            return false;
        }
        // A file that no crate includes has no types.
        let included = workspace.crate_of(id).is_some();
        if !included {
            count_unseen(
                outcome,
                "files that this configuration does not include (those of tests need \
                 --include-tests)",
                named(&file.candidates).count(),
            );
        }
        included
    });
    for (&id, file) in &files {
        for (condition, places) in workspace.inactive(id, named(&file.candidates)) {
            if condition == "test" {
                *outcome.quiet.entry(IN_TESTS).or_default() += places;
            } else {
                count_unseen(outcome, &format!("code under cfg({condition})"), places);
            }
        }
    }
    files
}

fn count_unseen(outcome: &mut Outcome, place: &str, count: usize) {
    if count > 0 {
        *outcome.unseen.entry(place.to_owned()).or_default() += count;
    }
}

/// The candidates that spell out a path in the tables.
fn named(candidates: &[Vec<Candidate>]) -> impl Iterator<Item = &Candidate> {
    candidates
        .iter()
        .flatten()
        .filter(|candidate| candidate.path.is_some())
}

/// The line of an offset, from 0.
pub fn line_of(file: &OpenFile, offset: usize) -> usize {
    Lines::new(&file.source.text, 0).position(offset).line - 1
}

/// The codemod of a name.
///
/// # Errors
/// If there is none; the message names the nearest one.
pub fn codemod(name: &str) -> Result<&'static Codemod> {
    let names: Vec<&str> = CATALOGUE.iter().map(|codemod| codemod.name).collect();
    let found = CATALOGUE.iter().find(|codemod| codemod.name == name);
    found.ok_or_else(|| {
        let hint = did_you_mean(name, &names);
        anyhow!("no codemod is called `{name}`{hint}\nhelp: `unpark list` names them all")
    })
}

/// The codemods that may run, in the order of the catalogue. Some run only where they are named. What
/// a configuration leaves out stays: the one of a nested workspace may have it.
///
/// # Errors
/// If a name is of none.
pub fn select(options: &Options, config: &Config) -> Result<Vec<&'static Codemod>> {
    for name in options.only.iter().chain(&options.skip) {
        codemod(name)?;
    }
    let selected = CATALOGUE.iter().filter(|codemod| {
        let named = |list: &[String]| list.iter().any(|name| name == codemod.name);
        let by_default = || !codemod.opt_in || named(&config.only);
        let wanted = match options.only.is_empty() {
            true => by_default(),
            false => named(&options.only),
        };
        wanted && !named(&options.skip)
    });
    roots::select(options, selected.collect())
}
