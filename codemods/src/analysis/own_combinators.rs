//! Functions of the workspace that call a closure there and then, and their twins for closures that
//! wait: `with_label(label, |out| ..)`, and beside it `with_label_async(label, async |out| ..).await`.
//!
//! The twin is a copy of the function that takes an `AsyncFnOnce` for an `FnOnce`, and awaits what the
//! closure gives. It is written beside the function, which its other callers keep.

mod shape;
mod written;

use std::{collections::BTreeMap, sync::Arc};

use ra_ap_ide_db::{FileId, FxHashSet, span::Edition};
use ra_ap_syntax::{AstNode, TextRange, ast};

use super::{
    driven::is_block_on,
    functions::{Definition, FunctionKey, Shape, definition, key_of},
    held::{Held, alive_at, made_beside},
    twin::{Home, attributes, in_use, twin_name},
};
use crate::{
    cfg::conditions,
    change::Change,
    codemod::Note,
    context::FileContext,
    refusal::{Refusal, RefusalKind},
    workspace::WorkspaceContext,
};

/// How many lines a function may have that is written a second time.
const LINES: usize = 40;

/// The first compiler with async closures.
const RUST: (u64, u64) = (1, 85);

/// Those of a workspace.
#[derive(Debug, Default)]
pub struct OwnCombinators {
    of: BTreeMap<FunctionKey, Arc<OwnCombinator>>,
}

/// A function that takes a closure.
#[derive(Debug)]
pub struct OwnCombinator {
    /// Its name.
    pub name: String,
    /// What tells it from all others.
    pub key: FunctionKey,
    /// How it may be named.
    pub shape: Shape,
    /// Where it is defined.
    pub home: Home,
    /// Which of its parameters is the closure, without the receiver.
    argument: usize,
    /// What it does with the closure.
    way: Way,
}

#[derive(Debug)]
enum Way {
    /// It calls it there and then, and has a twin that awaits it, or not.
    Calls(Result<Change, Refusal>),
    /// It does something else, in words.
    Other(String),
}

/// None of them.
static NONE: OwnCombinators = OwnCombinators {
    of: BTreeMap::new(),
};

impl OwnCombinators {
    /// None: closures that functions of the workspace call stay as they are.
    pub fn none() -> &'static OwnCombinators {
        &NONE
    }

    /// Looks for all of them.
    pub fn of(ws: &WorkspaceContext<'_>) -> OwnCombinators {
        let words = ["impl Fn", ": Fn", "+ Fn", "> Fn"].map(str::to_owned);
        let members = ws.members.mentioning(&words.into_iter().collect());
        let files: Vec<_> = members.iter().map(|member| member.file).collect();
        let (looked, _) = ws.look(&files, in_file);
        let mut all: Vec<OwnCombinator> = looked.into_iter().flat_map(|(_, all)| all).collect();
        let writes = |it: &OwnCombinator| it.twin().is_ok_and(|twin| !twin.edits.is_empty());
        let names: FxHashSet<String> = all
            .iter()
            .filter(|it| writes(it))
            .map(|it| twin_name(&it.name))
            .collect();
        let used = in_use(ws, names);
        let mut frozen: BTreeMap<FileId, Option<String>> = BTreeMap::new();
        for it in all.iter_mut().filter(|it| writes(it)) {
            let file = it.key.file;
            let frozen = frozen
                .entry(file)
                .or_insert_with(|| ws.members.frozen(file));
            let frozen = frozen.as_ref().map(|reason| {
                let message = format!("its file must not be edited: {reason}");
                Refusal::new(RefusalKind::R8, it.cannot(&message))
            });
            let taken = used.get(&twin_name(&it.name));
            let taken = taken.map(|why| Refusal::new(RefusalKind::F6, it.cannot(why)));
            if let Some(refusal) = frozen.or(taken) {
                it.way = Way::Calls(Err(refusal));
            }
        }
        let of = all.into_iter().map(|it| (it.key, Arc::new(it)));
        OwnCombinators { of: of.collect() }
    }

    /// The function that takes this closure, if a call of one of these is what it stands in.
    pub fn taking(
        &self,
        ctx: &FileContext<'_>,
        closure: &ast::ClosureExpr,
    ) -> Option<(&Arc<OwnCombinator>, ast::Expr)> {
        if self.of.is_empty() {
            return None;
        }
        let list = closure.syntax().parent().and_then(ast::ArgList::cast)?;
        let call = list.syntax().parent().and_then(ast::Expr::cast)?;
        let function = ctx.callee(&call).filter(|it| ctx.is_local(*it))?;
        let it = self.of.get(&key_of(ctx, function)?)?;
        let by_path = matches!(call, ast::Expr::CallExpr(_)) && it.shape == Shape::Method;
        let index = it.argument + usize::from(by_path);
        let argument = list.args().nth(index)?;
        (argument.syntax() == closure.syntax()).then_some((it, call))
    }
}

impl OwnCombinator {
    /// Whether it calls the closure there and then: what stands in it is a part of the code around.
    pub fn calls_at_once(&self) -> bool {
        matches!(self.way, Way::Calls(_))
    }

    /// What it does instead, as the end of a sentence.
    pub fn otherwise(&self) -> Option<&str> {
        match &self.way {
            Way::Calls(_) => None,
            Way::Other(does) => Some(does),
        }
    }

    /// What puts its twin beside it.
    ///
    /// # Errors
    /// Why it can't have one.
    pub fn twin(&self) -> Result<&Change, Refusal> {
        match &self.way {
            Way::Calls(twin) => twin.as_ref().map_err(Clone::clone),
            Way::Other(does) => {
                let message = format!("`{}`, which takes the closure, {does}", self.name);
                Err(Refusal::new(RefusalKind::F6, message))
            }
        }
    }

    /// That its twin is new, if it is.
    pub fn note(&self) -> Option<Note> {
        let mut used = self.twin().ok()?.used.iter();
        let own = used.find(|it| it.copied)?;
        let (name, twin) = (&self.name, twin_name(&self.name));
        Some(Note::at(
            Some((own.file, own.range)),
            format!("`{twin}` is put beside `{name}`, for closures that wait"),
        ))
    }

    /// Why the future around a call of its twin is not `Send`, for all that can be said.
    pub fn not_send(&self) -> Refusal {
        let twin = twin_name(&self.name);
        let message =
            format!("nothing promises that what the closure of `{twin}` gives would be `Send`");
        Refusal::new(RefusalKind::F15, message)
    }

    /// Why the closure can't wait where the function itself becomes async: its twin would be a copy of
    /// what it was.
    pub fn becomes_async(&self) -> Refusal {
        let message = self.cannot("it calls what drives futures itself");
        Refusal::new(RefusalKind::F6, message)
    }

    fn cannot(&self, why: &str) -> String {
        cannot(&self.name, why)
    }
}

fn cannot(name: &str, why: &str) -> String {
    format!("the closure of `{name}` can't wait: {why}")
}

/// Why a package can't have async closures.
pub fn without_async_closures(ctx: &FileContext<'_>) -> Option<Refusal> {
    let package = &ctx.package.name;
    if ctx.package.edition < Edition::Edition2021 {
        let message = format!(
            "`{package}` is of edition {}, and a closure that waits takes 2021",
            ctx.package.edition
        );
        return Some(Refusal::new(RefusalKind::F22, message));
    }
    let (major, minor) = ctx.package.rust_version.filter(|it| *it < RUST)?;
    let message = format!(
        "`{package}` is to compile with Rust {major}.{minor}, and a closure that waits takes \
         {}.{}",
        RUST.0, RUST.1
    );
    Some(Refusal::new(RefusalKind::R6, message))
}

fn in_file(ctx: &FileContext<'_>) -> Vec<OwnCombinator> {
    let functions = ctx.source.syntax().descendants().filter_map(ast::Fn::cast);
    let mut driven: Option<Vec<TextRange>> = None;
    let mut drives = |body: TextRange| {
        let calls = || ctx.calls(is_block_on).into_iter().map(|call| call.range);
        let driven = driven.get_or_insert_with(|| calls().collect());
        driven.iter().any(|range| body.contains_range(*range))
    };
    functions
        .filter_map(|node| {
            let mut taken = shape::taken(&node);
            let closure = taken.pop()?;
            let function = ctx.sema.to_fn_def(&node)?;
            let definition = definition(ctx, &node)?;
            let calls = match taken.is_empty() {
                true => shape::calls(ctx, &node, &closure),
                false => Err("takes more than one".to_owned()),
            };
            let in_trait = definition.in_trait.is_some() || definition.uncalled;
            let way = match calls {
                _ if in_trait => Way::Other("belongs to a trait".to_owned()),
                Err(does) => Way::Other(does),
                Ok(calls) => {
                    let twin = Twin {
                        ctx,
                        node: &node,
                        definition: &definition,
                        closure: &closure,
                        calls: &calls,
                    };
                    Way::Calls(twin.judged(&mut drives))
                }
            };
            Some(OwnCombinator {
                name: definition.name.clone(),
                key: definition.key,
                shape: definition.shape,
                home: Home::of(ctx, function),
                argument: closure.index,
                way,
            })
        })
        .collect()
}

/// A function that calls its closure there and then.
struct Twin<'a, 'b> {
    ctx: &'b FileContext<'a>,
    node: &'b ast::Fn,
    definition: &'b Definition,
    closure: &'b shape::Taken,
    calls: &'b [ast::Expr],
}

impl Twin<'_, '_> {
    fn judged(&self, drives: &mut dyn FnMut(TextRange) -> bool) -> Result<Change, Refusal> {
        let (ctx, name) = (self.ctx, &self.definition.name);
        let refuse = |why: &str| Refusal::new(RefusalKind::F6, cannot(name, why));
        if let Some(frontier) = &self.definition.frontier {
            return Err(refuse(&frontier.message));
        }
        if self.node.unsafe_token().is_some() {
            return Err(refuse("the function is unsafe"));
        }
        if self.closure.more {
            return Err(refuse("more is asked of it than to be called"));
        }
        if let Some(refusal) = without_async_closures(ctx) {
            return Err(refusal);
        }
        // Another configuration may have another function of this name, without a twin.
        let node = self.node.syntax();
        if !conditions(ctx.sema, ctx.file, node).is_empty() && !ctx.is_test_code(node) {
            let message = cannot(name, "the function is only there under a `cfg`");
            return Err(Refusal::new(RefusalKind::F12, message));
        }
        let trait_name = format!("Async{}", self.closure.bound.text());
        let path = format!("core::ops::{trait_name}");
        let named = ctx.trait_in_scope(self.node.syntax(), &trait_name);
        if named.is_none() || named != ctx.trait_at(&path) {
            return Err(refuse(&format!("`{trait_name}` is not known there")));
        }
        let range = self.node.syntax().text_range();
        let lines = ctx.slice(range).lines().count();
        if lines > LINES {
            return Err(refuse(&format!(
                "its {lines} lines would stand there twice"
            )));
        }
        let attributes = attributes(self.node)
            .map_err(|attribute| refuse(&format!("`#[{attribute}]` is for one function")))?;
        if let Some(refusal) = self.held() {
            return Err(refusal);
        }
        if drives(range) {
            return Err(refuse("it drives futures itself"));
        }
        if self.is_bound_to_thread() {
            return Err(refuse(
                "it changes what belongs to its thread while it calls it",
            ));
        }
        self.beside(&attributes).map_err(|why| refuse(&why))
    }

    /// The guard that would be held while the closure waits.
    fn held(&self) -> Option<Refusal> {
        self.calls.iter().find_map(|call| {
            let mut alive = alive_at(self.ctx, call.syntax(), self.node.syntax());
            alive.extend(made_beside(self.ctx, call));
            let held = alive.into_iter().find(Held::is_guard)?;
            let message = cannot(&self.definition.name, &held.refusal()?.message);
            Some(Refusal::new(RefusalKind::F21, message))
        })
    }

    /// Whether it uses a thread's own values: code that waits may go on on another one.
    fn is_bound_to_thread(&self) -> bool {
        let paths = self
            .node
            .syntax()
            .descendants()
            .filter_map(ast::PathExpr::cast);
        let mut types = paths.filter_map(|it| self.ctx.type_of(&it.into()));
        types.any(|ty| self.ctx.is_adt(&ty, "std::thread::LocalKey"))
    }
}
