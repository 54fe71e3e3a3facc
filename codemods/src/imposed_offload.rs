//! Finds public functions that are async only to choose a thread for what they compute.
//!
//! # What it does
//! Finds functions of a library whose only `.await` is that of an offload at their end
//! (`spawn_blocking`, `unblock`), where the closure computes and does nothing else: everything that it
//! calls is in the workspace or in the tables, and waits for nothing; or, where it calls something that
//! nobody knows, it comes to a call that the tables know to compute for long, and that is said.
//!
//! Where all that can see the function is the workspace, and each place that names it is known, the function
//! ceases to be async and gives what the closure gives. Its callers offload in its place: async code puts the
//! call into the same offload, with what has to be owned made before it, and does with a panic what the
//! function did; code that drove the future computes where it stands. That is one change, taken whole or
//! not at all. A caller that waits for nothing else is found in the next round.
//!
//! Where other crates can see the function, it says how the function would look, and who calls it in the
//! workspace, for each of those has an offload to write.
//!
//! No finding is an offload of what waits, like a call of a driver or of the file system: that is how such
//! a thing becomes async. Nor is a function that other crates see and the workspace calls from async code
//! alone, for that wants it so; one that only its own crate sees, for that is a helper; one of a trait,
//! which has to be async for the others; one that nobody can call; and one whose documentation speaks of
//! its thread.
//!
//! # Why is this bad
//! Who computes knows how long it takes; who calls knows on which thread there is time. A server has a
//! thread pool with a limit, a program with one user has nothing else to do, and a test wants the value at
//! once. A function that is not async serves them all, and a library that offloads by itself works on one
//! runtime only, with an error of that runtime in its signature.
//!
//! # Before
//! ```rust
//! use tokio::task::{JoinError, spawn_blocking};
//!
//! /// The sum of all bytes.
//! pub async fn checksum(bytes: Vec<u8>) -> Result<u64, JoinError> {
//!     spawn_blocking(move || bytes.iter().map(|byte| u64::from(*byte)).sum()).await
//! }
//!
//! pub async fn store(bytes: Vec<u8>) -> Result<(), JoinError> {
//!     let sum = checksum(bytes.clone()).await?;
//!     send(bytes, sum).await;
//!     Ok(())
//! }
//!
//! async fn send(_bytes: Vec<u8>, _sum: u64) {}
//! ```
//!
//! # After
//! ```rust
//! use tokio::task::{JoinError, spawn_blocking};
//!
//! /// The sum of all bytes.
//! pub fn checksum(bytes: Vec<u8>) -> u64 {
//!     bytes.iter().map(|byte| u64::from(*byte)).sum()
//! }
//!
//! pub async fn store(bytes: Vec<u8>) -> Result<(), JoinError> {
//!     let sum = spawn_blocking({
//!         let bytes = bytes.clone();
//!         move || checksum(bytes)
//!     }).await?;
//!     send(bytes, sum).await;
//!     Ok(())
//! }
//!
//! async fn send(_bytes: Vec<u8>, _sum: u64) {}
//! ```
//!
//! # When it refuses
//! - A call does not wait on the spot: its future is stored, given back, dropped, spawned, or handed to a
//!   `timeout`, a combinator or a macro; or what it is given can't go to another thread (R5).
//! - A `?` made an error of the function of a panic, and nothing says that the error of a caller can be
//!   made of it (R5).
//! - The function makes an error of its own of a panic, gives an `impl` type, or leaves early where its error
//!   was that of the offload (R5).
//! - What it offloads by is a method, whose receiver is not at hand elsewhere (R1).
//! - It gives a `Result` that is not written out (R2), or what its last expression makes would outlive, before
//!   edition 2024, what is declared before it (R9).
//! - A call stands in a file that must not be edited (R8).
//! - The package of a caller does not depend on what an offload takes (R6).
//! - It is handed over as a value (F7), stored (F16), or registered as a handler (F17); an attribute may
//!   want it async (F11); part of it, or code that names it, is compiled under another configuration (F12);
//!   or nobody can tell what its name stands for somewhere (R4).
//! - Left to a person: other crates can see it, or a comment says why the offload is there.
//!
//! # Safety
//! Unsafe: a signature changes, code before the offload runs on its thread, and a caller that drove the
//! future computes on its own. Where other crates can see the function: Manual.

mod bare;
mod callers;
mod shown;

use std::collections::BTreeMap;

use ra_ap_ide_db::FileId;
use ra_ap_syntax::{
    AstNode, AstToken, TextRange,
    ast::{self, HasDocComments},
};

use self::{bare::Bare, shown::shown};
use crate::{
    analysis::{
        blocking::{Stops, computes},
        ceasing::{Uses, Words, uses},
        driven::{Offloaded, offloaded},
        functions::{Definition, FunctionKey, definition},
        reach::Graph,
        sites::Caller,
        surroundings::comment_about,
        waits::waits_in,
    },
    codemod::{Candidate, Codemod, Finding, Findings, IN_TESTS, Note, Pass, Safety, Verdict},
    context::{Call, Enclosing, FileContext},
    facts::TargetKind,
    knowledge::{Returns, Role},
    refusal::Refusal,
    workspace::WorkspaceContext,
};

/// See the header of this file.
pub const CODEMOD: Codemod = Codemod {
    name: "imposed-offload",
    summary: "a function of a library that is async only to choose a thread for its callers",
    title: Some("Leave it to callers where a library computes"),
    docs: include_str!("imposed_offload.rs"),
    safety: Safety::Unsafe,
    opt_in: false,
    triggers: |knowledge| knowledge.triggers(is_offload),
    tokens: |tokens| tokens.name_an_api(),
    candidates: |outline, knowledge| {
        let calls = outline.calls(knowledge, is_offload).into_iter();
        // Of most of them, only types can tell that they are fine.
        calls.map(|it| Candidate { path: None, ..it }).collect()
    },
    pass: Pass::Workspace(pass),
};

const NOT_PUBLIC: &str = "offloads in functions that only their crate sees";
const IN_TRAITS: &str = "offloads in functions of traits";
const WAITS: &str = "offloads of what waits";
const NOT_KNOWN: &str = "offloads of what nobody knows";
const UNCALLED: &str = "offloads in functions that nothing calls";
const WANTED: &str = "offloads that all callers in the workspace would do themselves";
const DOCUMENTED: &str = "offloads that the documentation speaks of";

/// How many callers are named.
const CALLERS: usize = 5;

fn is_offload(role: &Role) -> bool {
    let given = |returns: &Returns| matches!(returns, Returns::Handle | Returns::Result);
    matches!(role, Role::Offload { returns, .. } if given(returns))
}

/// A function that imposes an offload, as plain data.
struct Imposed {
    function: Definition,
    place: (FileId, TextRange),
    /// What offloads.
    path: String,
    /// What the verdict rests on.
    why: Vec<Note>,
    /// What a comment says of it.
    comment: Option<String>,
    /// The function without it, or why that is none.
    bare: Result<Bare, Refusal>,
    /// The lines that are another's then.
    lines: Option<String>,
}

const WORDS: Words = Words {
    one: "does it itself",
    many: "do it themselves",
};

fn pass(ws: &WorkspaceContext<'_>, findings: &mut Findings) {
    // That is about functions which become async.
    if ws.settings.root.is_some() {
        return;
    }
    let (looked, _) = ws.look(&ws.members.candidates(), in_file);
    let mut imposed = Vec::new();
    for (_, (found, quiet)) in looked {
        imposed.extend(found);
        for reason in quiet {
            findings.quiet(reason);
        }
    }
    if imposed.is_empty() {
        return;
    }
    let (seen, own): (Vec<_>, Vec<_>) = imposed.into_iter().partition(|it| it.function.public);
    let functions = seen.iter().map(|it| it.function.clone()).collect();
    let graph = Graph::of_calls(ws, functions);
    for it in seen {
        match it.is_wanted(&graph) {
            true => findings.quiet(WANTED),
            false => findings.items.push(it.advice(&graph)),
        }
    }
    settle(ws, own, findings);
}

/// What is done about functions that only the workspace sees.
fn settle(ws: &WorkspaceContext<'_>, imposed: Vec<Imposed>, findings: &mut Findings) {
    let open = imposed.iter().filter(|it| it.comment.is_none());
    let bare: BTreeMap<FunctionKey, &Result<Bare, Refusal>> =
        open.map(|it| (it.function.key, &it.bare)).collect();
    let definitions = imposed.iter().map(|it| &it.function);
    let definitions: Vec<_> = definitions
        .filter(|it| bare.contains_key(&it.key))
        .collect();
    let mut uses = uses(ws, &definitions, |call, of| match bare[&of] {
        Ok(bare) => callers::becomes(call, bare),
        Err(refusal) => Err(refusal.clone()),
    });
    for it in imposed {
        match uses.remove(&it.function.key) {
            Some(uses) => findings.items.push(it.settled(uses)),
            None if it.comment.is_none() => findings.quiet(UNCALLED),
            None => findings.items.push(it.settled(Uses::default())),
        }
    }
}

/// The functions of a file, and why its other offloads are fine.
fn in_file(ctx: &FileContext<'_>) -> (Vec<Imposed>, Vec<&'static str>) {
    let (mut found, mut quiet) = (Vec::new(), Vec::new());
    if ctx.target != TargetKind::Lib {
        return (found, quiet);
    }
    for call in ctx.calls(is_offload) {
        let Some(Enclosing::AsyncFn(function)) = ctx.enclosing(call.expr.syntax()) else {
            continue;
        };
        if !is_all(ctx, &call.expr, &function) {
            continue;
        }
        match imposed(ctx, &call, &function) {
            Ok(Some(it)) => found.push(it),
            Ok(None) => {}
            Err(reason) => quiet.push(reason),
        }
    }
    (found, quiet)
}

/// Whether a function waits for this call at its end, and for nothing else.
fn is_all(ctx: &FileContext<'_>, call: &ast::Expr, function: &ast::Fn) -> bool {
    let Some(body) = function.body() else {
        return false;
    };
    let Some(tail) = body.tail_expr() else {
        return false;
    };
    let range = tail.syntax().text_range();
    let around = call.syntax().ancestors().skip(1);
    let mut around = around.take_while(|it| range.contains_range(it.text_range()));
    let awaited = around
        .next()
        .is_some_and(|it| ast::AwaitExpr::can_cast(it.kind()));
    // What is done with its value: `.unwrap()`, `?`, `Ok(..)`.
    let plain = around.all(|it| {
        ast::MethodCallExpr::can_cast(it.kind())
            || ast::TryExpr::can_cast(it.kind())
            || ast::ParenExpr::can_cast(it.kind())
            || ast::ArgList::can_cast(it.kind())
            || ast::CallExpr::can_cast(it.kind())
    });
    awaited && plain && waits_in(ctx, function.syntax()).len() == 1
}

/// What is said of a function whose end is an offload.
///
/// # Errors
/// Why it is fine.
fn imposed(
    ctx: &FileContext<'_>,
    call: &Call<'_>,
    function: &ast::Fn,
) -> Result<Option<Imposed>, &'static str> {
    let Role::Offload { closure, join, .. } = &call.api.role else {
        return Ok(None);
    };
    let Some(work) = call.argument(*closure) else {
        return Ok(None);
    };
    // What only drives a future is another finding.
    if !matches!(offloaded(ctx, work), Offloaded::Other) {
        return Ok(None);
    }
    let node = call.expr.syntax();
    if ctx.is_test_code(node) {
        return Err(IN_TESTS);
    }
    let Some(definition) = definition(ctx, function) else {
        return Ok(None);
    };
    if definition.in_trait.is_some() || definition.uncalled {
        return Err(IN_TRAITS);
    }
    if definition.only_in.is_some() {
        return Err(NOT_PUBLIC);
    }
    if speaks_of_threads(function) {
        return Err(DOCUMENTED);
    }
    let (stops, heavy) = computes(ctx, work.syntax());
    let mut why = Vec::new();
    why.extend(heavy.as_ref().map(|it| it.note("computes for long")));
    match stops {
        Stops::No => {}
        Stops::Yes(_) => return Err(WAITS),
        Stops::Unknown(place) if heavy.is_some() => {
            why.push(place.note("is not known: if it waits for something, leave this as it is"));
        }
        Stops::Unknown(_) => return Err(NOT_KNOWN),
    }
    let name = call.api.short_path();
    let bare = Bare::of(ctx, call, (work, join.as_deref()), function);
    Ok(Some(Imposed {
        function: definition,
        place: (ctx.file, call.range),
        path: call.api.path.clone(),
        why,
        comment: comment_about(ctx, node, name, call.range.start()),
        lines: bare.as_ref().ok().map(|it| shown(ctx, &it.change)),
        bare,
    }))
}

/// Whether the documentation of a function tells its callers of the thread.
fn speaks_of_threads(function: &ast::Fn) -> bool {
    let words = ["block", "thread", "offload", "pool", "spawn", "background"];
    function.doc_comments().any(|comment| {
        let text = comment.text().to_lowercase();
        words.iter().any(|word| text.contains(word))
    })
}

impl Imposed {
    /// Whether the workspace calls the function, and from async code alone.
    fn is_wanted(&self, graph: &Graph) -> bool {
        let node = graph.nodes.get(&self.function.unit);
        let sites = node.map(|it| it.sites.as_slice()).unwrap_or_default();
        let mut calls = sites.iter().filter(|it| !it.in_tests).peekable();
        calls.peek().is_some() && calls.all(|it| matches!(it.caller, Caller::Async(_)))
    }

    /// What is done about one that only the workspace sees.
    fn settled(mut self, uses: Uses) -> Finding {
        let mut why = std::mem::take(&mut self.why);
        let verdict = match (self.comment.take(), self.bare) {
            (Some(advice), _) => Verdict::Manual(advice),
            (None, Err(refusal)) => Verdict::Refused(refusal),
            (None, Ok(bare)) => {
                let own = Verdict::Rewrite {
                    safety: Safety::Unsafe,
                    change: bare.change,
                    effects: bare.effects,
                };
                uses.verdict(own, WORDS, &mut why)
            }
        };
        finding(&self.function.name, &self.path, self.place, why, verdict)
    }

    /// What a person does about one that others see.
    fn advice(mut self, graph: &Graph) -> Finding {
        let (name, path) = (&self.function.name, &self.path);
        let node = graph.nodes.get(&self.function.unit);
        let sites = node.map(|it| it.sites.as_slice()).unwrap_or_default();
        for site in sites.iter().take(CALLERS) {
            let then = match site.caller {
                Caller::Async(_) => "and would offload it",
                _ => "and is not async",
            };
            self.why.push(Note::at(
                Some((site.file, site.range)),
                format!("`{}` calls it, {then}", site.caller.name()),
            ));
        }
        if sites.len() > CALLERS {
            let more = sites.len() - CALLERS;
            self.why
                .push(Note::new(format!("there are {more} more calls")));
        }
        if let Some((file, range, refusal)) = node.and_then(|it| it.stuck.as_ref()) {
            self.why
                .push(Note::at(Some((*file, *range)), refusal.message.clone()));
        }
        let called = match sites.len() {
            0 => "nothing in the workspace calls it".to_owned(),
            1 => "one call in the workspace".to_owned(),
            calls => format!("{calls} calls in the workspace"),
        };
        let lines = self.lines.unwrap_or_default();
        let advice = self.comment.unwrap_or_else(|| {
            format!(
                "make `{name}` a function that is not async and gives what the closure gives: who calls \
                 it from async code puts the call into `{path}(move || ..)` ({called}); others can see \
                 its signature, and it is a breaking change for them{lines}"
            )
        });
        finding(name, path, self.place, self.why, Verdict::Manual(advice))
    }
}

fn finding(
    name: &str,
    path: &str,
    (file, range): (FileId, TextRange),
    why: Vec<Note>,
    verdict: Verdict,
) -> Finding {
    Finding {
        codemod: CODEMOD.name,
        file,
        range,
        message: format!(
            "`{name}` is async only to offload what it computes: `{path}` chooses the thread for every \
             caller"
        ),
        why,
        conversion: None,
        verdict,
    }
}
