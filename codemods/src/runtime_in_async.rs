//! Finds runtimes that async code makes, owns or starts anew.
//!
//! # What it does
//! Finds three things, and says of each how it is done. A runtime that is made in async code. A value
//! that owns a runtime, itself or in a field, and is dropped where async code ends. And a function under
//! `#[tokio::main]` or its like that is not the program's `main`, and that async code calls.
//!
//! A runtime that only drives a future there is what `block-on-in-async` speaks of. One that ends with
//! `shutdown_background`, is made for a thread of its own, or is shared by an `Arc` is left alone.
//!
//! # Why is this bad
//! A runtime that is dropped waits for its threads, which would block the thread that it is dropped on:
//! on an async thread, tokio panics instead. A function under `#[tokio::main]` starts a runtime at each
//! call, and inside of another one that panics as well. And tasks of two runtimes are two pools of
//! threads, two timers, and two sets of limits.
//!
//! # Before
//! ```rust
//! use tokio::runtime::Runtime;
//!
//! async fn watch() {}
//!
//! pub async fn start() -> std::io::Result<()> {
//!     let watcher = Runtime::new()?;
//!     watcher.spawn(watch());
//!     Ok(())
//! }
//! ```
//!
//! # After
//! ```rust
//! use tokio::runtime::Handle;
//!
//! async fn watch() {}
//!
//! pub async fn start() -> std::io::Result<()> {
//!     let watcher = Handle::current();
//!     watcher.spawn(watch());
//!     Ok(())
//! }
//! ```
//!
//! # When it refuses
//! It changes nothing: which runtime the tasks belong on, and who ends it, is for a person to say.
//!
//! # Safety
//! Manual.

mod owned;

use std::collections::BTreeMap;

use ra_ap_hir::{ModuleDef, PathResolution};
use ra_ap_ide_db::{FileId, FxHashSet};
use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange,
    ast::{self, HasAttrs, HasName},
};

use self::owned::{made_in, owned_in, owners_in};
use crate::{
    analysis::{
        closures::Around,
        contract::attribute_path,
        functions::{FunctionKey, key_of},
    },
    codemod::{Codemod, Finding, Findings, IN_TESTS, Note, Pass, Safety, Verdict},
    context::FileContext,
    knowledge::{Knowledge, Role, executor_words},
    workspace::WorkspaceContext,
};

/// See the header of this file.
pub const CODEMOD: Codemod = Codemod {
    name: "runtime-in-async",
    summary: "a runtime that async code makes, owns or starts anew",
    title: None,
    docs: include_str!("runtime_in_async.rs"),
    safety: Safety::Manual,
    opt_in: false,
    triggers: |knowledge| {
        let words = executor_words().iter().cloned();
        words.chain(entry_names(knowledge)).collect()
    },
    tokens: |tokens| tokens.name_an_api() || tokens.mention(executor_words()),
    candidates: |outline, knowledge| {
        let mut candidates = outline.words(executor_words());
        candidates.extend(outline.attributes(&entry_names(knowledge)));
        candidates.sort_by_key(|it| it.range.start());
        candidates
    },
    pass: Pass::Workspace(pass),
};

/// The reason that is counted for functions that start a runtime where there is none.
const NO_CALLER: &str = "functions with a runtime of their own that no async code calls";

fn is_entry(role: &Role) -> bool {
    matches!(role, Role::Entry { test: false, .. })
}

fn entry_names(knowledge: &Knowledge) -> FxHashSet<String> {
    knowledge.names(is_entry).into_iter().collect()
}

/// A function that starts a runtime at each call.
struct Starter {
    name: String,
    attribute: String,
    place: (FileId, TextRange),
}

/// What one file has to say.
#[derive(Default)]
struct Seen {
    starters: BTreeMap<FunctionKey, Starter>,
    owners: FxHashSet<String>,
}

fn pass(ws: &WorkspaceContext<'_>, findings: &mut Findings) {
    let candidates = ws.members.candidates();
    let (looked, _) = ws.look(&candidates, |ctx| Seen {
        starters: starters_in(ctx),
        owners: owners_in(ctx),
    });
    let mut seen = Seen::default();
    for (_, it) in looked {
        seen.starters.extend(it.starters);
        seen.owners.extend(it.owners);
    }
    let names = seen.starters.values().map(|it| it.name.clone());
    let words: FxHashSet<String> = names
        .chain(seen.owners)
        .chain(executor_words().iter().cloned())
        .collect();
    let files = ws.members.mentioning(&words).into_iter();
    let files: Vec<FileId> = files.map(|it| it.file).collect();
    let (looked, _) = ws.look(&files, |ctx| {
        (
            found_in(ctx, ctx.source.syntax()),
            calls_of(ctx, &seen.starters),
        )
    });
    let mut called: BTreeMap<FunctionKey, Vec<(FileId, TextRange)>> = BTreeMap::new();
    for (file, (own, calls)) in looked {
        findings.add(own);
        for (key, range) in calls {
            called.entry(key).or_default().push((file, range));
        }
    }
    for (key, starter) in &seen.starters {
        match called.get(key) {
            Some(calls) => findings.items.push(starter.finding(calls)),
            None => findings.quiet(NO_CALLER),
        }
    }
}

/// The runtimes that async code below a node makes, and those that it owns to their end.
pub fn found_in(ctx: &FileContext<'_>, root: &SyntaxNode) -> Findings {
    let mut own = Findings::default();
    made_in(ctx, root, &mut own);
    owned_in(ctx, root, &mut own);
    own
}

/// The functions of a file that start a runtime at each call, and are no program's `main`.
fn starters_in(ctx: &FileContext<'_>) -> BTreeMap<FunctionKey, Starter> {
    let functions = ctx.source.syntax().descendants().filter_map(ast::Fn::cast);
    let starters = functions.filter_map(|node| {
        let attribute = node.attrs().find_map(|attr| entry_of(ctx, &attr))?;
        let function = ctx.sema.to_fn_def(&node)?;
        let name = node.name()?;
        if function.is_main(ctx.db) || name.text() == "main" {
            return None;
        }
        let starter = Starter {
            name: name.text().to_string(),
            attribute,
            place: (ctx.file, name.syntax().text_range()),
        };
        Some((key_of(ctx, function)?, starter))
    });
    starters.collect()
}

/// The path of an attribute that makes a function start a runtime.
fn entry_of(ctx: &FileContext<'_>, attr: &ast::Attr) -> Option<String> {
    let path = attribute_path(attr)?;
    let resolved = || match ctx.sema.resolve_path(&attr.meta()?.path()?)? {
        PathResolution::Def(ModuleDef::Macro(mac)) => ctx.known.macro_(mac),
        _ => None,
    };
    let spelled = || ctx.known.knowledge.apis.iter().find(|row| row.path == path);
    let row = resolved().or_else(spelled)?;
    is_entry(&row.role).then_some(path)
}

/// The calls in async code of a file that start a runtime.
fn calls_of(
    ctx: &FileContext<'_>,
    starters: &BTreeMap<FunctionKey, Starter>,
) -> Vec<(FunctionKey, TextRange)> {
    if starters.is_empty() {
        return Vec::new();
    }
    let names = starters.values().map(|it| it.name.clone()).collect();
    let calls = ctx.calls_of(&names).into_iter();
    calls
        .filter_map(|call| {
            let key = key_of(ctx, ctx.callee(&call)?)?;
            let wanted = starters.contains_key(&key)
                && (ctx.settings.include_tests || !ctx.is_test_code(call.syntax()));
            let is_async =
                || Around::of(ctx, call.syntax()).is_some_and(|it| it.enclosing.is_async());
            (wanted && is_async()).then_some((key, ctx.source_range(call.syntax())?))
        })
        .collect()
}

impl Starter {
    fn finding(&self, calls: &[(FileId, TextRange)]) -> Finding {
        let Starter {
            name, attribute, ..
        } = self;
        let call = |place: &(FileId, TextRange)| {
            Note::at(Some(*place), format!("async code calls `{name}` here"))
        };
        finding(
            self.place,
            format!(
                "`#[{attribute}]` makes `{name}` start a runtime at each call, and inside of \
                 another one that panics"
            ),
            calls.iter().map(call).collect(),
            "take the attribute away and await the call; where a call is not in async code, drive \
             it with the runtime that is there",
        )
    }
}

/// A finding that a person has to deal with.
fn finding(
    place: (FileId, TextRange),
    message: String,
    why: Vec<Note>,
    way: &'static str,
) -> Finding {
    Finding {
        codemod: CODEMOD.name,
        file: place.0,
        range: place.1,
        message,
        why,
        conversion: None,
        verdict: Verdict::Manual(way.to_owned()),
    }
}

/// Whether a place is counted, and no finding, because tests alone run it.
fn is_left_out(ctx: &FileContext<'_>, node: &SyntaxNode, own: &mut Findings) -> bool {
    let left_out = ctx.is_test_code(node) && !ctx.settings.include_tests;
    if left_out {
        own.quiet(IN_TESTS);
    }
    left_out
}
