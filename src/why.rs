//! Everything that is known about one place: `unpark why FILE:LINE`.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Result, anyhow, bail};

use crate::{
    cargo::{Project, nearest_manifest},
    config::{Config, Rules},
    discover::discover,
    options::Options,
    outcome::{Finding, Outcome},
    replay,
    report::{Palette, count, human, summary::quiet},
    run,
    source::Lines,
    start,
};

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    path: PathBuf,
    line: usize,
}

/// What is known about a place.
#[derive(Debug)]
pub struct Answer {
    place: Place,
    outcome: Outcome,
    /// What there is to say where nothing was found.
    remarks: Vec<String>,
}

impl Place {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Reads `FILE:LINE`; a column behind it, as compilers print one, is passed over.
    ///
    /// # Errors
    /// If there is no line, or no such file.
    pub fn parse(text: &str) -> Result<Place> {
        let hint = "help: name a line as compilers do: src/main.rs:12";
        let number = |text: &str| text.parse::<usize>().ok().filter(|&line| line > 0);
        let (file, line) = text
            .rsplit_once(':')
            .and_then(|(rest, last)| {
                let last = number(last)?;
                match rest.rsplit_once(':') {
                    Some((file, line)) => Some((file, number(line)?)),
                    None => Some((rest, last)),
                }
            })
            .ok_or_else(|| anyhow!("`{text}` names no line\n{hint}"))?;
        let path = Path::new(file)
            .canonicalize()
            .map_err(|error| anyhow!("can't read {file}: {error}\n{hint}"))?;
        if !path.is_file() {
            bail!("{file} is not a file\n{hint}");
        }
        let lines = fs::read(&path)
            .map_err(|error| anyhow!("can't read {file}: {error}\n{hint}"))?
            .split_inclusive(|&byte| byte == b'\n')
            .count();
        if line > lines {
            bail!("{file} has only {}\n{hint}", count(lines, "line"));
        }
        Ok(Place { path, line })
    }
}

/// Looks at the file of a place, and at all that a change which spans files may rest on.
///
/// # Errors
/// As for any run.
pub fn ask(place: Place, options: &Options) -> Result<Answer> {
    let mut options = options.clone();
    options.paths = vec![place.path.clone()];
    options.about = Some(place.path.clone());
    let manifest = nearest_manifest(&place.path);
    // Without a project it is the run that says what is missing.
    if let Some(Ok(project)) = manifest.map(|it| Project::of(&it, &options.cargo))
        && !options.syntax_only
    {
        let folders = project.packages.into_iter().map(|package| package.folder);
        options.paths.extend(folders);
    }
    let outcome = run(&options)?;
    let mut answer = Answer {
        place,
        outcome,
        remarks: Vec::new(),
    };
    if answer.findings().next().is_none() {
        answer.remarks = answer.without_findings(&options)?;
    }
    Ok(answer)
}

impl Answer {
    /// Writes it.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write(&self, palette: Palette, out: &mut dyn Write) -> io::Result<()> {
        for finding in self.findings() {
            human::write_finding(&self.outcome, finding, palette, out)?;
        }
        for remark in &self.remarks {
            writeln!(out, "{remark}")?;
        }
        Ok(())
    }

    /// The findings that stand on the line, speak of it, or change it.
    fn findings(&self) -> impl Iterator<Item = &Finding> {
        let Place { path, line } = &self.place;
        self.outcome.findings.iter().filter(move |finding| {
            let on_it =
                finding.path == *path && (finding.start.line..=finding.end.line).contains(line);
            let speaks_of_it = finding
                .reasons()
                .any(|reason| reason.path == *path && reason.line == *line);
            on_it || speaks_of_it || self.changes_it(finding)
        })
    }

    fn changes_it(&self, finding: &Finding) -> bool {
        let Place { path, line } = &self.place;
        let changes = &self.outcome.changes;
        let change = changes.iter().find(|it| Some(it.id) == finding.change);
        let Some(change) = change.filter(|it| it.edits.iter().any(|(file, _)| file == path)) else {
            return false;
        };
        let Some(overlay) = replay::before(&self.outcome, path, change.round) else {
            return false;
        };
        let lines = Lines::new(overlay.original(), 0);
        let line_of = |offset| lines.position(overlay.to_original(offset)).line;
        change
            .edits
            .iter()
            .filter(|(file, _)| file == path)
            .any(|(_, edit)| {
                // What ends with a line ends where the next one starts.
                let last = edit.end.saturating_sub(1).max(edit.start);
                (line_of(edit.start)..=line_of(last)).contains(line)
            })
    }

    /// What is known of a line on which nothing was found.
    fn without_findings(&self, options: &Options) -> Result<Vec<String>> {
        let Place { path, line } = &self.place;
        let shown = self.outcome.shown(path);
        let skipped = self.outcome.skipped.iter().find(|it| it.path == *path);
        if let Some(skipped) = skipped {
            return Ok(vec![format!(
                "{shown} was not looked at: {}",
                skipped.reason
            )]);
        }
        if path.extension().is_none_or(|extension| extension != "rs") {
            return Ok(vec![format!(
                "{shown} was not looked at: its name does not end in .rs"
            )]);
        }
        if self.outcome.excluded.contains(path) {
            return Ok(vec![format!(
                "{shown} was not looked at: the configuration excludes it"
            )]);
        }
        let config = Config::load(&start::config_folder(path))?;
        let rule = Rules::new(&config, options).of(path);
        let selection = run::select(options, &config)?;
        let file = std::slice::from_ref(path);
        let found = discover(file, &selection, &config.knowledge(), 1)?;
        let mut remarks = Vec::new();
        for file in &found.candidates {
            let lines = Lines::new(&file.source.text, 0);
            for (codemod, candidates) in selection.iter().zip(&file.candidates) {
                let line_of = |offset: ra_ap_syntax::TextSize| lines.position(offset.into()).line;
                let here = candidates.iter().any(|candidate| {
                    let range = candidate.range;
                    (line_of(range.start())..=line_of(range.end())).contains(line)
                });
                if !here {
                    continue;
                }
                let name = codemod.name;
                remarks.push(match rule.off.contains(name) {
                    true => {
                        format!("{shown}:{line}: {name} is turned off by the configuration")
                    }
                    false if !self.outcome.unseen.is_empty() => {
                        let places: Vec<&str> =
                            self.outcome.unseen.keys().map(String::as_str).collect();
                        format!("{shown}:{line}: {name} can't see it: {}", places.join(", "))
                    }
                    false => {
                        format!("{shown}:{line}: {name} looked at it, and it is fine as it is")
                    }
                });
            }
        }
        if remarks.is_empty() {
            remarks.push(format!(
                "{shown}:{line}: there is nothing here that a codemod looks at"
            ));
        } else if !self.outcome.quiet.is_empty() {
            let quiet = quiet(&self.outcome);
            remarks.push(format!("fine as they are: {quiet}"));
        }
        let mut lines: Vec<String> = self
            .outcome
            .findings
            .iter()
            .filter(|finding| finding.path == *path)
            .map(|finding| finding.start.line.to_string())
            .collect();
        lines.dedup();
        if !lines.is_empty() {
            remarks.push(format!(
                "lines of this file with findings: {}",
                lines.join(", ")
            ));
        }
        Ok(remarks)
    }
}
