//! The calls of a function that awaits nothing: each has to await it on the spot.

use std::collections::BTreeMap;

use ra_ap_ide_db::{FileId, FxHashSet, span::Edition, syntax_helpers::LexedStr};
use ra_ap_syntax::{
    AstNode, SyntaxKind, T, TextRange, TextSize,
    ast::{self, HasArgList},
};

use super::function::Fake;
use crate::{
    analysis::{
        awaited::starts_with_struct,
        functions::FunctionKey,
        leftovers,
        occurrences::{Question, What, census_of},
    },
    change::Change,
    codemod::{Finding, Note, Verdict},
    context::FileContext,
    knowledge::{Definition, Drives, Role},
    refusal::{Refusal, RefusalKind},
    workspace::WorkspaceContext,
};

/// A place in the workspace.
type Place = (FileId, TextRange);

/// What is known of who names a function.
#[derive(Default)]
struct Uses {
    /// What its calls become, with their places.
    calls: Vec<(Place, Change)>,
    /// The places that forbid the change.
    stuck: Vec<(Place, Refusal)>,
}

/// Takes the `.await` from each call of the functions, or says why one has to stay.
pub fn settle(ws: &WorkspaceContext<'_>, fakes: Vec<Fake>) -> Vec<Finding> {
    let mut uses = uses(ws, &fakes);
    let settled = fakes.into_iter().map(|mut fake| {
        let of = uses.remove(&fake.definition.key).unwrap_or_default();
        fake.finding.verdict = of.verdict(fake.finding.verdict, &mut fake.finding.why);
        fake.finding
    });
    settled.collect()
}

impl Uses {
    fn verdict(mut self, own: Verdict, why: &mut Vec<Note>) -> Verdict {
        let Verdict::Rewrite {
            safety,
            mut change,
            effects,
        } = own
        else {
            return own;
        };
        self.stuck
            .sort_by_key(|(place, _)| (place.0, place.1.start()));
        if let Some((place, refusal)) = self.stuck.into_iter().next() {
            why.push(Note {
                place: Some(place),
                message: "the reason stands here".to_owned(),
            });
            return Verdict::Refused(refusal);
        }
        self.calls
            .sort_by_key(|(place, _)| (place.0, place.1.start()));
        why.push(match self.calls.as_slice() {
            [] => Note::new("nothing in the workspace calls it"),
            [(place, _)] => Note {
                place: Some(*place),
                message: "its call gives the value".to_owned(),
            },
            [(place, _), ..] => Note {
                place: Some(*place),
                message: format!("its {} calls give the value, first here", self.calls.len()),
            },
        });
        for (_, call) in self.calls {
            change.edits.extend(call.edits);
            change.gone.extend(call.gone);
            let new = call.leftovers.into_iter();
            let new: Vec<_> = new.filter(|it| !change.leftovers.contains(it)).collect();
            change.leftovers.extend(new);
        }
        Verdict::Rewrite {
            safety,
            change,
            effects,
        }
    }
}

/// Every place that names one of the functions.
fn uses(ws: &WorkspaceContext<'_>, fakes: &[Fake]) -> BTreeMap<FunctionKey, Uses> {
    let mut uses: BTreeMap<FunctionKey, Uses> = BTreeMap::new();
    let mut calls: BTreeMap<FileId, Vec<Call>> = BTreeMap::new();
    // What stays for a reason of its own needs none of another.
    let open = fakes.iter();
    let open = open.filter(|fake| matches!(fake.finding.verdict, Verdict::Rewrite { .. }));
    let definitions: Vec<_> = open.map(|fake| &fake.definition).collect();
    let names: BTreeMap<FunctionKey, &str> = definitions
        .iter()
        .map(|it| (it.key, it.name.as_str()))
        .collect();
    for occurrence in census_of(ws, &definitions, &Question::who_calls(true)) {
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
    let (looked, blind) = ws.look(&files, |ctx| in_file(ctx, &calls[&ctx.file], &names));
    for (file, looked) in looked {
        for (call, change) in calls[&file].iter().zip(looked) {
            let of = uses.entry(call.of).or_default();
            let place = (file, call.range);
            match change {
                Ok(change) => of.calls.push((place, change)),
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
) -> Vec<Result<Change, Refusal>> {
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
    let changes = calls.iter().map(|call| {
        let name = names[&call.of];
        match found.get(&(call.range.start(), call.range.end())) {
            Some(expr) => Consumer { ctx, name }.change(expr),
            None => Err(Refusal::new(
                RefusalKind::F7,
                format!("`{name}` is handed over as a function, which has to be async"),
            )),
        }
    });
    changes.collect()
}

/// What takes the future of a call.
struct Consumer<'a, 'b> {
    ctx: &'b FileContext<'a>,
    name: &'b str,
}

impl Consumer<'_, '_> {
    /// The change that takes the value in the place of the future.
    fn change(&self, call: &ast::Expr) -> Result<Change, Refusal> {
        let ctx = self.ctx;
        let refuse = |message: &str| {
            let message = format!("`{}` {message}", self.name);
            Refusal::new(RefusalKind::R5, message)
        };
        let mut future = call.clone();
        let (whole, is_awaited) = loop {
            let parent = future.syntax().parent();
            let outer = parent.and_then(|it| match ast::ArgList::cast(it.clone()) {
                Some(list) => list.syntax().parent().and_then(ast::Expr::cast),
                None => ast::Expr::cast(it),
            });
            match outer {
                Some(outer @ ast::Expr::AwaitExpr(_)) => break (outer, true),
                Some(ast::Expr::ParenExpr(outer)) => future = outer.into(),
                Some(outer) if self.pins(&outer) => future = outer,
                Some(outer) if self.drives(&outer, &future) => break (outer, false),
                _ => return Err(refuse(&self.fate(&future))),
            }
        };
        let range = |expr: &ast::Expr| {
            let message = format!("`{}` is awaited in what a macro makes", self.name);
            let range = ctx.source_range(expr.syntax());
            range.ok_or_else(|| Refusal::new(RefusalKind::F11, message))
        };
        let (call_range, future_range) = (range(call)?, range(&future)?);
        let whole = range(&whole)?;
        let before = TextRange::new(whole.start(), call_range.start());
        let behind = TextRange::new(call_range.end(), future_range.end());
        let tail = TextRange::new(future_range.end(), whole.end());
        let is_commented = |range| comments(ctx.slice(range));
        let stays = starts_with_struct(call) || is_commented(before) || is_commented(behind);
        let is_plain = matches!(future, ast::Expr::ParenExpr(_)) || future == *call;
        if stays && !(is_awaited && is_plain) || !is_awaited && is_commented(tail) {
            return Err(refuse("is called with a comment or a struct in the way"));
        }
        let mut change = Change::default();
        let mut gone = vec![tail];
        let after = &ctx.text[usize::from(whole.end())..];
        let (tail, text) = without_await(ctx.slice(tail), tail, after);
        if stays {
            change.replace(ctx.file, tail, text);
        } else {
            gone.extend([before, behind]);
            if !before.is_empty() {
                change.delete(ctx.file, before);
            }
            change.replace(ctx.file, TextRange::new(behind.start(), tail.end()), text);
        }
        leftovers::note(ctx, &mut change, &gone);
        Ok(change)
    }

    /// Whether an expression drives a future in the runtime that is there, or in none.
    fn drives(&self, outer: &ast::Expr, future: &ast::Expr) -> bool {
        let ctx = self.ctx;
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
                .is_some_and(|it| pin.contains(&Definition::Function(it)))
    }

    /// What becomes of a future that is not awaited on the spot, for people.
    fn fate(&self, future: &ast::Expr) -> String {
        let Some(parent) = future.syntax().parent() else {
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

fn comments(text: &str) -> bool {
    let tokens = LexedStr::new(Edition::CURRENT, text);
    (0..tokens.len()).any(|at| tokens.kind(at) == SyntaxKind::COMMENT)
}

/// What replaces the text behind a future up to the end of its `.await`: nothing, or the comments in it.
/// Those come behind the `?` and `;` which end the expression.
fn without_await(text: &str, range: TextRange, after: &str) -> (TextRange, String) {
    if !comments(text) {
        return (range, String::new());
    }
    let tokens = LexedStr::new(Edition::CURRENT, text);
    let kept: String = (0..tokens.len())
        .filter(|&at| !matches!(tokens.kind(at), T![.] | T![await]))
        .map(|at| tokens.text(at))
        .collect();
    let marks = after.len() - after.trim_start_matches('?').len();
    let ends = marks + usize::from(after[marks..].starts_with(';'));
    let (end, rest) = after.split_at(ends);
    // What follows on the line would become part of the comment.
    let is_last = rest.trim_start_matches([' ', '\t', '\r']).starts_with('\n');
    let kept = match is_last {
        true => kept.trim_end(),
        false => kept.as_str(),
    };
    let length = TextSize::of(end);
    (
        TextRange::new(range.start(), range.end() + length),
        format!("{end}{kept}"),
    )
}
