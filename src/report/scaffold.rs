//! What a scaffold came to, in a few lines for people, and what to do next.

use std::io::{self, Write};

use unpark_codemods::codemod::Safety;

use super::{count, summary::Summary};
use crate::outcome::{Finding, State};

/// Writes it. `name` is the name of the service.
///
/// # Errors
/// If it can't be written.
pub fn write(summary: &Summary<'_>, name: &str, out: &mut dyn Write) -> io::Result<()> {
    let outcome = summary.outcome;
    let strong = summary.palette.strong;
    summary.verified(out)?;
    // What the module itself does is safe, and what a site does is not.
    let is_module = |it: &&Finding| it.safety == Safety::Safe;
    let sites = || outcome.findings.iter().filter(|it| !is_module(it));
    let left: Vec<&Finding> = sites().filter(|it| it.state != State::Fixed).collect();
    match outcome.files.iter().find(|file| file.is_new) {
        Some(file) => {
            let taken = sites().count() - left.len();
            writeln!(
                out,
                "{strong}`{name}`{strong:#} in {}: takes over {}, {} left",
                outcome.shown(&file.path),
                count(taken, "site"),
                left.len()
            )?;
        }
        None => {
            let module = outcome.findings.iter().find(is_module);
            let words = module.and_then(|it| it.compiler.as_deref());
            let words = words.unwrap_or("a file that it takes has changed");
            summary.warning(out, &format!("`{name}` was not scaffolded: {words}"))?;
        }
    }
    for site in &left {
        let place = format!("{}:{}", outcome.shown(&site.path), site.start.line);
        let refusal = site.refusal.as_ref();
        let reason = match (refusal, &site.compiler) {
            (Some(refusal), _) => {
                let (code, kind) = (refusal.kind.code(), refusal.kind.name());
                format!("{code}, {kind}: {}", refusal.message)
            }
            (None, words) => {
                let words = words.as_deref().unwrap_or_default();
                let first = words.lines().next().unwrap_or_default();
                format!(
                    "taken back: {}",
                    if summary.verbose { words } else { first }
                )
            }
        };
        summary.warning(out, &format!("{place} was left as it is: {reason}"))?;
    }
    summary.written(out)?;
    summary.unfinished(out)?;
    summary.dropped(out)?;
    summary.not_written(out)?;
    if !left.is_empty() {
        summary.help(
            out,
            &format!(
                "where a task may be a job all the same, it is `{name}::enqueue(job).await`, or \
                 `{name}::try_enqueue(job)` where nothing can wait"
            ),
        )?;
    }
    if !outcome.files.is_empty() {
        summary.help(
            out,
            &format!(
                "at the end of `main`, `{name}::shutdown(deadline).await` lets what was taken come \
                 to its end"
            ),
        )?;
    }
    summary.left_out(out)?;
    summary.defects(out)?;
    summary.timing(out)
}
