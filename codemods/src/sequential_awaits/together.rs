//! A row of awaits, as one macro that waits for all of them.

use ra_ap_syntax::{AstNode, SyntaxKind, TextRange, ast};

use super::{claims::needs_block, shapes::Step};
use crate::{
    analysis::equivalents::lacks,
    context::FileContext,
    knowledge::{Definition, Equivalent},
    refusal::{Refusal, RefusalKind},
    text::shifted,
};

/// How wide the arguments of a call may be on one line, as rustfmt has it.
const ARGUMENTS: usize = 60;

/// How wide a line may be.
const LINE: usize = 100;

/// The macro that code at a step waits with for several futures.
///
/// # Errors
/// If the manifest has none.
pub fn waits_with<'a>(ctx: &FileContext<'a>, step: &Step) -> Result<&'a str, Refusal> {
    let place = step.statement.syntax();
    let rows = ctx.known.knowledge.joins.iter();
    let rows = rows.map(|row| if step.tries { &row.tries } else { &row.all });
    let mut missing: Option<((bool, bool), String)> = None;
    for row in rows {
        let message = match lacks(ctx, place, row) {
            None if is_named(ctx, step, row) => return Ok(&row.path),
            None => format!("`{}` is another macro here, or none", row.path),
            Some(lacking) => lacking.message,
        };
        let package = row.package.as_deref().unwrap_or_default();
        let declared = ctx.package.declared(package, ctx.target).next().is_some();
        // What is there already has the shorter way; `futures` fits every runtime.
        let fits = (declared, row.by_default);
        if missing.as_ref().is_none_or(|(before, _)| fits > *before) {
            missing = Some((fits, message));
        }
    }
    let message = missing.map(|(_, message)| message).unwrap_or_default();
    Err(Refusal::new(RefusalKind::R6, message))
}

fn is_named(ctx: &FileContext<'_>, step: &Step, row: &Equivalent) -> bool {
    let named = ctx.macro_in_scope(step.statement.syntax(), &row.path);
    let known = ctx.known.definitions(ctx.db, &row.path);
    named.is_some_and(|it| known.contains(&Definition::Macro(it)))
}

/// The steps as one statement, in the place of all of them. `None` if a comment in them has no place
/// there.
pub fn written(ctx: &FileContext<'_>, steps: &[Step], path: &str) -> Option<(TextRange, String)> {
    let range = |step: &Step| ctx.source_range(step.statement.syntax());
    let whole = range(steps.first()?)?.cover(range(steps.last()?)?);
    let indent = ctx.indent_at(whole.start());
    let inner = format!("{indent}{}", ctx.indent_unit());
    let mut lines = Vec::new();
    let mut calls = Vec::new();
    let mut has_comments = false;
    let mut at = whole.start();
    for step in steps {
        let statement = range(step)?;
        let call = ctx.source_range(step.call.syntax())?;
        for comment in comments(ctx, TextRange::new(at, statement.start())) {
            has_comments = true;
            let follows = !ctx
                .slice(TextRange::new(at, comment.start()))
                .contains('\n');
            let text = shifted(ctx.slice(comment), indent, &inner);
            match lines.last_mut().filter(|_| follows) {
                Some(line) => *line = format!("{line} {text}"),
                None => lines.push(format!("{inner}{text}")),
            }
        }
        let before = TextRange::new(statement.start(), call.start());
        let after = TextRange::new(call.end(), statement.end());
        if !comments(ctx, before).is_empty() || !comments(ctx, after).is_empty() {
            return None;
        }
        let text = future(ctx, step, call, indent, &inner);
        lines.push(format!("{inner}{text},"));
        calls.push(text);
        at = statement.end();
    }
    let patterns: Vec<_> = steps
        .iter()
        .map(|it| it.pattern.syntax().text().to_string())
        .collect();
    let start = format!("let ({}){} = {path}!(", patterns.join(", "), types(steps));
    let end = if steps[0].tries { ")?;" } else { ");" };
    let row = calls.join(", ");
    let width = indent.len() + start.len() + row.len() + end.len();
    let fits = row.len() <= ARGUMENTS && width <= LINE && !row.contains('\n') && !has_comments;
    let text = match fits {
        true => format!("{start}{row}{end}"),
        false => format!("{start}\n{}\n{indent}{end}", lines.join("\n")),
    };
    Some((whole, text))
}

/// The types that the statements name.
fn types(steps: &[Step]) -> String {
    if steps.iter().all(|step| step.statement.ty().is_none()) {
        return String::new();
    }
    let types = steps.iter().map(|step| {
        let ty = step.statement.ty();
        ty.map_or("_".to_owned(), |ty| ty.syntax().text().to_string())
    });
    format!(": ({})", types.collect::<Vec<_>>().join(", "))
}

/// The future of a step, as an argument that stands at `to`.
fn future(ctx: &FileContext<'_>, step: &Step, call: TextRange, from: &str, to: &str) -> String {
    if !needs_block(ctx, &step.call) {
        return shifted(ctx.slice(call), from, to);
    }
    let within = format!("{to}{}", ctx.indent_unit());
    let text = shifted(ctx.slice(call), from, &within);
    match text.contains('\n') {
        false => format!("async {{ {text}.await }}"),
        true => {
            let unit = match matches!(step.call, ast::Expr::MethodCallExpr(_)) {
                true => format!("\n{within}{}", ctx.indent_unit()),
                false => String::new(),
            };
            format!("async {{\n{within}{text}{unit}.await\n{to}}}")
        }
    }
}

/// The comments in a part of the file, in order.
fn comments(ctx: &FileContext<'_>, range: TextRange) -> Vec<TextRange> {
    let tokens = ctx.source.syntax().descendants_with_tokens();
    let comments = tokens
        .filter_map(|it| it.into_token())
        .filter(|it| it.kind() == SyntaxKind::COMMENT)
        .map(|it| it.text_range());
    comments.filter(|it| range.contains_range(*it)).collect()
}
