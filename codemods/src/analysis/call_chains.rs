//! Calls that stop a thread: those in async code, and those in functions that are not, where async code
//! comes to them.

use ra_ap_ide_db::FileId;
use ra_ap_syntax::{AstNode, TextRange, ast};

use super::{
    blocking_calls::BlockingCall,
    equivalents::equivalent,
    functions::{Definition, definition},
    reach::Graph,
    runtime_of::{Driver, driver_of_package},
    surroundings::comment_about,
    to_thread::Pool,
};
use crate::{
    codemod::{Codemod, Finding, Findings, Verdict},
    context::FileContext,
    knowledge::last_segment,
    workspace::WorkspaceContext,
};

/// A call in a function that is not async, as plain data.
pub struct Seed {
    function: Definition,
    place: (FileId, TextRange),
    /// What it does to async code.
    message: String,
    /// The async function that does the same, or the same for another type.
    instead: Option<String>,
    /// What else can be done about it.
    offload: String,
    /// What a comment says of it.
    comment: Option<String>,
    /// It computes, and a function that does may be named in unpark.toml.
    computes: bool,
}

impl Seed {
    /// A call in a function, and what it does to async code. `None` for what a macro makes, and where
    /// nobody calls the function by its name.
    pub fn new(
        ctx: &FileContext<'_>,
        call: &BlockingCall<'_>,
        function: &ast::Fn,
        message: String,
    ) -> Option<Seed> {
        let function = definition(ctx, function).filter(|it| !it.uncalled)?;
        let node = call.expr.syntax();
        let path = call.blocks.path;
        let driver = driver_of_package(ctx);
        let family = match &driver {
            Driver::Family(family) => Some(family.as_str()),
            _ => None,
        };
        let instead = equivalent(ctx, node, path, family).ok().flatten();
        Some(Seed {
            function,
            place: (ctx.file, call.range),
            message,
            instead: instead.map(|it| it.path.clone()),
            offload: Pool { ctx, family }.advice_for_call(),
            comment: comment_about(ctx, node, short_path(path), call.range.start()),
            computes: call.blocks.kind.work().is_some(),
        })
    }

    /// What to do about it, with the functions on the way to it.
    fn advice(&self, through: &[String]) -> String {
        if let Some(comment) = &self.comment {
            return comment.clone();
        }
        let first = through.first().cloned().unwrap_or_default();
        let offload = format!("call {first} in {}", self.offload);
        match &self.instead {
            Some(path) => {
                let functions = match through {
                    [one] => format!("{one} async"),
                    several => format!("{} async", several.join(", ")),
                };
                format!("make {functions} and await `{path}`; or {offload}")
            }
            None if self.computes => format!(
                "{offload}; where unpark.toml names {first} under `[[cpu-bound]]`, unpark does it"
            ),
            None => offload,
        }
    }
}

/// What the calls of a file are.
#[derive(Default)]
pub struct InFile {
    /// Those in async code, decided.
    pub found: Findings,
    /// Those in functions that are not async.
    pub inside: Vec<Seed>,
}

/// Looks at the files with candidates, and follows what is inside of functions that are not async. What no
/// async code comes to is counted under `unreached`.
pub fn in_files(
    ws: &WorkspaceContext<'_>,
    codemod: &Codemod,
    unreached: &'static str,
    in_file: impl Fn(&FileContext<'_>) -> InFile + Sync,
    findings: &mut Findings,
) {
    let (looked, _) = ws.look(&ws.members.candidates(), in_file);
    let mut seeds = Vec::new();
    for (_, InFile { found, inside }) in looked {
        findings.add(found);
        seeds.extend(inside);
    }
    follow(ws, codemod, seeds, unreached, findings);
}

/// Follows the seeds to the async code that comes to them. Those that none comes to are counted under
/// `unreached`.
fn follow(
    ws: &WorkspaceContext<'_>,
    codemod: &Codemod,
    seeds: Vec<Seed>,
    unreached: &'static str,
    findings: &mut Findings,
) {
    if seeds.is_empty() {
        return;
    }
    let functions = seeds.iter().map(|seed| seed.function.clone()).collect();
    let graph = Graph::up_to_async(ws, functions);
    for seed in seeds {
        let way = graph.way_in_words(seed.function.unit);
        if !way.is_async {
            findings.quiet(unreached);
            continue;
        }
        let start = &way.names[0];
        let through = &way.names[1..];
        let message = format!(
            "{}; {start} comes to it through {}",
            seed.message,
            way.through()
        );
        let advice = seed.advice(through);
        findings.items.push(Finding {
            codemod: codemod.name,
            file: seed.place.0,
            range: seed.place.1,
            message,
            why: way.notes,
            conversion: None,
            verdict: Verdict::Manual(advice),
        });
    }
}

/// The end of a path that tells what it is: `thread::sleep`.
pub fn short_path(path: &str) -> &str {
    let name = last_segment(path);
    let owner = path[..path.len() - name.len()].trim_end_matches(':');
    &path[owner.len() - last_segment(owner).len()..]
}
