//! Functions that cease to be async: each of their calls has to wait on the spot, by an `.await` or by what
//! drives the future there, and something else stands in its place then.

use std::collections::BTreeMap;

use ra_ap_ide_db::{FileId, FxHashSet};
use ra_ap_syntax::{
    AstNode, SyntaxKind, TextRange, TextSize,
    ast::{self, HasArgList},
};

use super::{
    functions::{Definition, FunctionKey},
    occurrences::{Question, What, census_of},
};
use crate::{
    change::Change,
    codemod::{Effect, Note, Verdict},
    context::FileContext,
    knowledge::{self, Drives, Role},
    refusal::{Refusal, RefusalKind},
    workspace::WorkspaceContext,
};

/// A place in the workspace.
type Place = (FileId, TextRange);

/// What stands in the place of a call.
#[derive(Default)]
pub struct Became {
    /// The edits that write it.
    pub change: Change,
    /// What changes with it at run time.
    pub effects: Vec<Effect>,
}

/// What is known of who names a function.
#[derive(Default)]
pub struct Uses {
    /// What its calls become, with their places.
    calls: Vec<(Place, Became)>,
    /// The places that forbid the change.
    stuck: Vec<(Place, Refusal)>,
}

/// What becomes of the calls of a function, in words: `its call ..`, and `its calls ..`.
#[derive(Clone, Copy)]
pub struct Words {
    /// One does.
    pub one: &'static str,
    /// Several do.
    pub many: &'static str,
}

impl Uses {
    /// What is done about a function, with all of its calls: one change, or why not.
    pub fn verdict(mut self, own: Verdict, words: Words, why: &mut Vec<Note>) -> Verdict {
        let Verdict::Rewrite {
            safety,
            mut change,
            mut effects,
        } = own
        else {
            return own;
        };
        self.stuck
            .sort_by_key(|(place, _)| (place.0, place.1.start()));
        if let Some((place, refusal)) = self.stuck.into_iter().next() {
            why.push(Note::at(Some(place), "the reason stands here"));
            return Verdict::Refused(refusal);
        }
        self.calls
            .sort_by_key(|(place, _)| (place.0, place.1.start()));
        why.push(match self.calls.as_slice() {
            [] => Note::new("nothing in the workspace calls it"),
            [(place, _)] => Note::at(Some(*place), format!("its call {}", words.one)),
            [(place, _), ..] => Note::at(
                Some(*place),
                format!("its {} calls {}, first here", self.calls.len(), words.many),
            ),
        });
        for (_, call) in self.calls {
            change.edits.extend(call.change.edits);
            change.gone.extend(call.change.gone);
            change.used.extend(call.change.used);
            let new = call.change.leftovers.into_iter();
            let new: Vec<_> = new.filter(|it| !change.leftovers.contains(it)).collect();
            change.leftovers.extend(new);
            effects.extend(call.effects);
        }
        effects.sort_unstable();
        effects.dedup();
        Verdict::Rewrite {
            safety,
            change,
            effects,
        }
    }
}

/// Every place that names one of the functions. `becomes` says what stands where one of
/// them is called, and waited for.
pub fn uses(
    ws: &WorkspaceContext<'_>,
    definitions: &[&Definition],
    becomes: impl Fn(&Waited<'_, '_>, FunctionKey) -> Result<Became, Refusal> + Sync,
) -> BTreeMap<FunctionKey, Uses> {
    let mut uses: BTreeMap<FunctionKey, Uses> = BTreeMap::new();
    let mut calls: BTreeMap<FileId, Vec<Call>> = BTreeMap::new();
    let names: BTreeMap<FunctionKey, &str> = definitions
        .iter()
        .map(|it| (it.key, it.name.as_str()))
        .collect();
    for occurrence in census_of(ws, definitions, &Question::who_calls(true)) {
        let of = occurrence.of;
        match occurrence.what {
            What::Import(_) | What::Part(_) => {}
            What::Call(site) => calls.entry(site.file).or_default().push(Call {
                of,
                range: site.range,
                name: site.name,
            }),
            What::Stuck(refusal) => {
                let place = (occurrence.file, occurrence.range);
                let refusal = as_future(refusal, names[&of]);
                uses.entry(of).or_default().stuck.push((place, refusal));
            }
        }
    }
    let files: Vec<FileId> = calls.keys().copied().collect();
    let (looked, blind) = ws.look(&files, |ctx| {
        in_file(ctx, &calls[&ctx.file], &names, &becomes)
    });
    for (file, looked) in looked {
        for (call, became) in calls[&file].iter().zip(looked) {
            let of = uses.entry(call.of).or_default();
            let place = (file, call.range);
            match became {
                Ok(became) => of.calls.push((place, became)),
                Err(refusal) => of.stuck.push((place, refusal)),
            }
        }
    }
    for file in blind {
        for call in &calls[&file] {
            let message = format!(
                "`{}` is called in a file that can't be read",
                names[&call.of]
            );
            let refusal = Refusal::new(RefusalKind::R4, message);
            let of = uses.entry(call.of).or_default();
            of.stuck.push(((file, call.range), refusal));
        }
    }
    uses
}

/// A call, or a path that hands the function over.
struct Call {
    of: FunctionKey,
    range: TextRange,
    name: TextRange,
}

/// The reason of a value that may not become async, for one that may not cease to be.
fn as_future(refusal: Refusal, name: &str) -> Refusal {
    let message = match refusal.kind {
        RefusalKind::F7 => format!("`{name}` is handed over as a function, which has to be async"),
        RefusalKind::F16 => format!("`{name}` is stored or compared as a function"),
        RefusalKind::F17 => {
            format!("`{name}` is registered as a handler, which has to be async")
        }
        _ => return refusal,
    };
    Refusal { message, ..refusal }
}

fn in_file(
    ctx: &FileContext<'_>,
    calls: &[Call],
    names: &BTreeMap<FunctionKey, &str>,
    becomes: &impl Fn(&Waited<'_, '_>, FunctionKey) -> Result<Became, Refusal>,
) -> Vec<Result<Became, Refusal>> {
    let spelled: FxHashSet<String> = calls
        .iter()
        .map(|call| ctx.slice(call.name).to_owned())
        .collect();
    let found: BTreeMap<(TextSize, TextSize), ast::Expr> = ctx
        .calls_of(&spelled)
        .into_iter()
        .filter_map(|expr| {
            let range = ctx.source_range(expr.syntax())?;
            Some(((range.start(), range.end()), expr))
        })
        .collect();
    let became = calls.iter().map(|call| {
        let name = names[&call.of];
        match found.get(&(call.range.start(), call.range.end())) {
            Some(expr) => becomes(&Waited::of(ctx, name, expr)?, call.of),
            None => Err(Refusal::new(
                RefusalKind::F7,
                format!("`{name}` is handed over as a function, which has to be async"),
            )),
        }
    });
    became.collect()
}

/// A call that is waited for where it stands.
pub struct Waited<'a, 'b> {
    /// The file.
    pub ctx: &'b FileContext<'a>,
    /// The name of the function.
    pub name: &'b str,
    /// The call.
    pub call: ast::Expr,
    /// The future that is waited for: the call, or what boxes it.
    pub future: ast::Expr,
    /// What waits for it.
    pub whole: ast::Expr,
    /// It is awaited; else it is driven.
    pub is_awaited: bool,
}

/// The places of all that.
pub struct Ranges {
    /// The call.
    pub call: TextRange,
    /// The future.
    pub future: TextRange,
    /// What waits for it.
    pub whole: TextRange,
}

impl<'a, 'b> Waited<'a, 'b> {
    fn of(
        ctx: &'b FileContext<'a>,
        name: &'b str,
        call: &ast::Expr,
    ) -> Result<Waited<'a, 'b>, Refusal> {
        let mut waited = Waited {
            ctx,
            name,
            call: call.clone(),
            future: call.clone(),
            whole: call.clone(),
            is_awaited: false,
        };
        loop {
            let parent = waited.future.syntax().parent();
            let outer = parent.and_then(|it| match ast::ArgList::cast(it.clone()) {
                Some(list) => list.syntax().parent().and_then(ast::Expr::cast),
                None => ast::Expr::cast(it),
            });
            match outer {
                Some(outer @ ast::Expr::AwaitExpr(_)) => {
                    (waited.whole, waited.is_awaited) = (outer, true);
                    return Ok(waited);
                }
                Some(ast::Expr::ParenExpr(outer)) => waited.future = outer.into(),
                Some(outer) if waited.pins(&outer) => waited.future = outer,
                Some(outer) if waited.drives(&outer) => {
                    waited.whole = outer;
                    return Ok(waited);
                }
                _ => return Err(waited.refuse(&waited.fate())),
            }
        }
    }

    /// Why the function has to stay async for this call.
    pub fn refuse(&self, message: &str) -> Refusal {
        Refusal::new(RefusalKind::R5, format!("`{}` {message}", self.name))
    }

    /// Where it stands in the file.
    pub fn ranges(&self) -> Result<Ranges, Refusal> {
        let range = |expr: &ast::Expr| {
            let message = format!("`{}` is awaited in what a macro makes", self.name);
            let range = self.ctx.source_range(expr.syntax());
            range.ok_or_else(|| Refusal::new(RefusalKind::F11, message))
        };
        Ok(Ranges {
            call: range(&self.call)?,
            future: range(&self.future)?,
            whole: range(&self.whole)?,
        })
    }

    /// Whether an expression drives a future in the runtime that is there, or in none.
    fn drives(&self, outer: &ast::Expr) -> bool {
        let (ctx, future) = (self.ctx, &self.future);
        let Some(call) = ctx.call(outer) else {
            return false;
        };
        let Role::BlockOn {
            future: argument,
            drives,
            ..
        } = &call.api.role
        else {
            return false;
        };
        let is_this = call.argument(*argument) == Some(future);
        let receiver = call.receiver.as_ref().filter(|it| *it != future);
        is_this
            && match (drives, receiver) {
                (Drives::Executor, None) => call.api.family == "any",
                (Drives::Handle, Some(handle)) => ctx.is_current_handle(handle),
                _ => false,
            }
    }

    /// Whether an expression only boxes the future.
    fn pins(&self, outer: &ast::Expr) -> bool {
        let (ctx, ast::Expr::CallExpr(call)) = (self.ctx, outer) else {
            return false;
        };
        let pin = ctx.known.definitions(ctx.db, "alloc::boxed::Box::pin");
        let takes_one = call.arg_list().is_some_and(|it| it.args().count() == 1);
        takes_one
            && ctx
                .callee(outer)
                .is_some_and(|it| pin.contains(&knowledge::Definition::Function(it)))
    }

    /// What becomes of a future that is not awaited on the spot, for people.
    fn fate(&self) -> String {
        let Some(parent) = self.future.syntax().parent() else {
            return "is called, and its future is left to a macro".to_owned();
        };
        if let Some(list) = ast::ArgList::cast(parent.clone()) {
            let outer = list.syntax().parent().and_then(ast::Expr::cast);
            return match outer {
                Some(ast::Expr::MethodCallExpr(outer)) => {
                    let name = outer.name_ref().map(|it| it.text().to_string());
                    let name = name.unwrap_or_default();
                    format!("is called, and its future is handed to `{name}`")
                }
                Some(ast::Expr::CallExpr(outer)) => {
                    let callee = outer.expr().map(|it| it.syntax().text().to_string());
                    let callee = callee.unwrap_or_default();
                    format!("is called, and its future is handed to `{callee}`")
                }
                _ => "is called, and its future is handed on".to_owned(),
            };
        }
        if let Some(outer) = ast::MethodCallExpr::cast(parent.clone()) {
            let name = outer.name_ref().map(|it| it.text().to_string());
            let name = name.unwrap_or_default();
            return format!("is called, and its future has `{name}` called on it");
        }
        let words = match parent.kind() {
            SyntaxKind::LET_STMT | SyntaxKind::BIN_EXPR => "kept",
            SyntaxKind::EXPR_STMT => "dropped",
            SyntaxKind::STMT_LIST | SyntaxKind::CLOSURE_EXPR | SyntaxKind::RETURN_EXPR => {
                "given back"
            }
            SyntaxKind::RECORD_EXPR_FIELD | SyntaxKind::ARRAY_EXPR | SyntaxKind::TUPLE_EXPR => {
                "stored"
            }
            _ => "not awaited there",
        };
        format!("is called, and its future is {words}")
    }
}

/// Takes `async` from a function.
pub fn without_keyword(ctx: &FileContext<'_>, node: &ast::Fn) -> Change {
    let mut change = Change::default();
    let Some(token) = node.async_token() else {
        return change;
    };
    let space = token.next_token();
    let space = space.filter(|it| it.kind() == SyntaxKind::WHITESPACE);
    let end = space.map_or(token.text_range(), |it| it.text_range()).end();
    change.delete(ctx.file, TextRange::new(token.text_range().start(), end));
    change
}
