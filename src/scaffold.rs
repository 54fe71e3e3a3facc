//! `unpark scaffold`: a module that is written anew, and the places that use it from then on.

mod draft;
mod place;
mod sites;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Result, anyhow, bail};
use ra_ap_hir::attach_db;
use ra_ap_ide_db::FileId;
use unpark_codemods::{knowledge::Resolved, scaffold::check_name};

use self::{
    draft::Draft,
    sites::{Files, Look},
};
use crate::{
    cargo::{Project, nearest_manifest},
    commit::Home,
    config::{Config, Rules},
    discover,
    format::Rustfmt,
    options::Options,
    outcome::{Memory, Outcome},
    progress::Progress,
    run,
    source::Source,
    verify::{Judgement, Verifier},
    why::Place,
    workspace::Workspace,
};

/// A service that is to be.
#[derive(Debug, Clone)]
pub struct Request {
    /// The name of its module.
    pub name: String,
    /// The file of the module that is to have it, or its own.
    pub file: PathBuf,
    /// The places that spawn what it is to run.
    pub sites: Vec<Place>,
}

/// Writes the module of a service, in memory, and turns the sites into its jobs.
///
/// # Errors
/// If the module can't be where it is asked for, or the package has not what it takes; and as for
/// any run.
pub fn background_service(request: &Request, options: &Options) -> Result<Outcome> {
    run::pool(options)?.install(|| Scaffold::new(request, options)?.run())
}

/// The workspace that a service is to be in.
///
/// # Errors
/// If the module can be in none.
pub fn home(request: &Request, options: &Options) -> Result<Home> {
    Ok(Home::of(&Scaffold::new(request, options)?.project))
}

struct Scaffold<'a> {
    request: &'a Request,
    options: &'a Options,
    progress: Progress,
    rustfmt: Rustfmt,
    project: Project,
    manifest: PathBuf,
    /// Where the module is asked for.
    path: PathBuf,
    /// The folder of its package.
    package: PathBuf,
}

impl<'a> Scaffold<'a> {
    fn new(request: &'a Request, options: &'a Options) -> Result<Scaffold<'a>> {
        let path = place::absolute(&request.file)?;
        let shown = request.file.display();
        let Some(manifest) = nearest_manifest(&path) else {
            bail!("there is no Cargo.toml above {shown}\nhelp: name a file of a package");
        };
        let project = Project::of(&manifest, &options.cargo)?;
        let Some(package) = project.package_of(&path) else {
            bail!("{shown} belongs to no member of its cargo workspace");
        };
        if let Err(refusal) = check_name(&request.name, &package.facts) {
            bail!("{}", refusal.message);
        }
        place::check(&path, &request.name, &project.root)?;
        let package = package.folder.clone();
        for site in &request.sites {
            if project.package_of(site.path()).is_none() {
                let (site, root) = (site.path().display(), project.root.display());
                bail!("{site} belongs to no member of the workspace in {root}");
            }
        }
        Ok(Scaffold {
            request,
            options,
            progress: Progress::new(options.progress),
            rustfmt: Rustfmt::default(),
            project,
            manifest,
            path,
            package,
        })
    }

    fn run(&self) -> Result<Outcome> {
        let started = Instant::now();
        let mut outcome = Outcome {
            root: self.shown_root(),
            ..Outcome::default()
        };
        let home = Home::of(&self.project);
        if home.has_unfinished() {
            outcome.unfinished.push(home.root().to_owned());
        }
        outcome.homes.push(home);
        let draft = self.draft(&mut outcome, started)?;
        outcome.walked = draft.files.len();
        outcome.candidates = draft.findings.len();
        self.verified(outcome, &draft)
    }

    fn shown_root(&self) -> PathBuf {
        let here = std::env::current_dir().and_then(|here| here.canonicalize());
        let holds = |here: &PathBuf| self.package.starts_with(here);
        here.ok()
            .filter(|here| holds(here) && here.starts_with(&self.project.root))
            .unwrap_or_else(|| self.package.clone())
    }

    /// Loads the workspace and decides.
    fn draft(&self, outcome: &mut Outcome, started: Instant) -> Result<Draft<'_>> {
        self.progress
            .say(&format!("loading {}", self.project.root.display()));
        let say = |message: String| self.progress.note(&message);
        let (project, manifest) = (self.project.clone(), &self.manifest);
        let (mut workspace, report) = Workspace::load(project, manifest, self.options, &say)?;
        outcome.degraded.extend(report.degraded);
        outcome.skipped.extend(report.skipped);
        if let Some(reason) = report.untyped {
            bail!("{reason}");
        }
        let candidates = place::candidates(&workspace, &self.path);
        let mut lines: BTreeMap<FileId, Vec<usize>> = BTreeMap::new();
        for site in &self.request.sites {
            let Some(file) = workspace.file_id(site.path()) else {
                let site = outcome.shown(site.path());
                bail!("{site} is none of the files that its package is built from");
            };
            lines.entry(file).or_default().push(site.line());
        }
        let mut needed = candidates.clone();
        needed.extend(lines.keys());
        workspace.prime(&needed);
        outcome.seconds.load = started.elapsed().as_secs_f64();
        Memory::measure(&mut outcome.memory.load);

        let started = Instant::now();
        self.progress.say("reading types");
        let place = place::find(&workspace, candidates, &self.path, &self.request.name)?;
        let mut files = Files::new();
        let parent = opened(&workspace, place.parent);
        let parent = parent.map_err(|reason| {
            let path = workspace.path(place.parent).unwrap_or_default();
            anyhow!("{} can't be edited: {reason}", outcome.shown(&path))
        })?;
        files.insert(place.parent, parent);
        let config = Config::load(&self.project.root)?;
        let knowledge = config.knowledge();
        let rule = Rules::new(&config, self.options).of(&self.path);
        let crates = workspace.crates_read().clone();
        let known = attach_db(&workspace.db, || {
            Resolved::new(&workspace.db, &knowledge, &crates)
        });
        let look = Look {
            workspace: &workspace,
            known: &known,
            settings: &rule.settings,
            name: &self.request.name,
            parent: place.parent,
        };
        let module = look.module()?;
        let mut findings = Vec::new();
        for (file, mut lines) in lines {
            lines.sort_unstable();
            lines.dedup();
            findings.extend(look.lines(file, &lines, &mut files));
        }
        outcome.seconds.analyse = started.elapsed().as_secs_f64();
        Memory::measure(&mut outcome.memory.analyse);
        Ok(Draft {
            project: &self.project,
            name: &self.request.name,
            place,
            module,
            findings,
            files,
        })
    }

    /// Compiles, and leaves out what does not.
    fn verified(&self, before: Outcome, draft: &Draft<'_>) -> Result<Outcome> {
        let verify = self.options.verify.as_ref();
        let mut verifier = verify
            .map(|it| {
                Verifier::new(
                    &self.project,
                    self.options,
                    it,
                    &self.rustfmt,
                    &self.progress,
                )
            })
            .transpose()?;
        let started = Instant::now();
        let mut denied: BTreeMap<String, String> = BTreeMap::new();
        loop {
            let mut outcome = before.clone();
            draft.write(&denied, &mut outcome);
            self.rustfmt.format(&mut outcome, |_| true);
            if let Some(verifier) = &mut verifier {
                let words = match verifier.judge(&mut outcome, 0)? {
                    Judgement::Holds { unread } => unread
                        .into_iter()
                        .map(|change| (change, "no configuration that was compiled has it".into()))
                        .collect(),
                    Judgement::Breaks(words) => words,
                };
                let known = denied.len();
                for finding in &outcome.findings {
                    if let Some(words) = finding.change.and_then(|it| words.get(&it)) {
                        denied.insert(finding.id.clone(), words.clone());
                    }
                }
                if denied.len() > known {
                    continue;
                }
                if let Some(words) = words.into_values().next() {
                    bail!("a change that was denied came back:\n{words}");
                }
                let verification = outcome.verification.get_or_insert_default();
                verification.checks = verifier.checks;
                verification.tests = verifier.tests();
                verification.configurations = verifier.configurations.clone();
                outcome.seconds.verify = started.elapsed().as_secs_f64();
            }
            self.progress.done();
            return Ok(outcome);
        }
    }
}

/// The path of a file and what stands in it, if it may be edited.
fn opened(workspace: &Workspace, file: FileId) -> Result<(PathBuf, Source), String> {
    let path = workspace.path(file).ok_or("it has no path")?;
    let package = workspace.project.package_of(&path);
    let package = package.ok_or("it is not a member's file")?;
    let source = std::fs::read(&path).ok().and_then(Source::decode);
    let source = source.ok_or("it can't be read as text")?;
    if *source.text != *workspace.text(file) {
        return Err("it was saved meanwhile".to_owned());
    }
    if workspace.crates_including(file) > 1 {
        return Err("several crates include it".to_owned());
    }
    match discover::reason_to_leave_alone(&source.text, package.facts.edition) {
        Some(reason) => Err(reason),
        None => Ok((path, source)),
    }
}

/// The folder that a path stands in.
fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}
