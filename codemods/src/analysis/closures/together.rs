//! Calls in closures that are written out, together with all else that changes in them.

use ra_ap_syntax::{AstNode, TextRange, ast};

use super::{Around, Called, called_by};
use crate::{
    analysis::{in_place::Written, own_combinators::OwnCombinators},
    change::Change,
    context::{Enclosing, FileContext},
    refusal::{Refusal, RefusalKind},
};

/// Text around an expression that stays.
#[derive(Debug, Clone)]
pub struct Wrap {
    /// The expression.
    pub range: TextRange,
    /// What stays of it: all of it, or the future in a call that drives it.
    pub inner: TextRange,
    /// What stands before it.
    pub before: String,
    /// What stands behind it.
    pub after: String,
    /// Whether it boxes a future.
    pub is_boxed: bool,
    /// Whether it stands in a closure that is written out because of it, or is a function in the
    /// place of one.
    pub in_closure: bool,
}

/// What is written in the place of a call that calls closures.
#[derive(Debug)]
pub struct WrittenOut {
    /// What it replaces; the wraps in it are part of it.
    pub range: TextRange,
    /// The edits.
    pub change: Change,
    /// Whether a comment goes away with it.
    pub comments: bool,
}

/// What calls the closures around an expression there and then, innermost first, and the body in which
/// that stands. A path is a function that is handed over. `None` in a constant, and where nobody knows
/// when a function is called.
pub fn calls_around(
    ctx: &FileContext<'_>,
    expr: &ast::Expr,
    own: &OwnCombinators,
) -> Option<(Vec<Called>, Enclosing)> {
    let handed_over = match expr {
        ast::Expr::PathExpr(_) => Some(called_by(ctx, expr, own)?),
        _ => None,
    };
    let site = handed_over.as_ref().map_or(expr, |called| &called.site);
    let around = Around::with(ctx, site.syntax(), own)?;
    let closures = around.closures.into_iter().map(|it| it.called);
    let calls = handed_over.into_iter().chain(closures).collect();
    Some((calls, around.enclosing))
}

/// Whether these calls can be written out with an `.await` at the expression.
///
/// # Errors
/// Why not.
pub fn can_be_written(
    ctx: &FileContext<'_>,
    expr: &ast::Expr,
    calls: &[Called],
) -> Result<(), Refusal> {
    if calls.is_empty() {
        return Ok(());
    }
    let in_macro = ctx.sema.hir_file_for(expr.syntax()).is_macro();
    let range = ctx.source_range(expr.syntax()).filter(|_| !in_macro);
    let Some(range) = range else {
        let message = "a closure among the arguments of a macro can't be written out";
        return Err(Refusal::new(RefusalKind::F6, message));
    };
    let wait = Wrap {
        range,
        inner: range,
        before: String::new(),
        after: ".await".to_owned(),
        is_boxed: false,
        in_closure: true,
    };
    let wait = wait.written(ctx, expr, Vec::new())?;
    let mut calls = calls.iter();
    calls
        .try_fold(vec![wait], |waits, it| it.written(ctx, waits))
        .map(drop)
}

/// Writes out every call that calls the closures of these wraps.
///
/// # Errors
/// Why one of them can't be.
pub fn write_out(
    ctx: &FileContext<'_>,
    wraps: &[Wrap],
    own: &OwnCombinators,
) -> Result<Vec<WrittenOut>, Refusal> {
    let mut calls: Vec<(TextRange, Called)> = Vec::new();
    let mut beside: Vec<Written> = Vec::new();
    for wrap in wraps.iter().filter(|wrap| wrap.in_closure) {
        let around = expr_at(ctx, wrap.range).and_then(|expr| calls_around(ctx, &expr, own));
        for called in around.into_iter().flat_map(|(calls, _)| calls) {
            if called.own().is_some() {
                for it in called.written(ctx, Vec::new())? {
                    let is_it = |other: &Written| other.range == it.range;
                    if !beside.iter().any(is_it) {
                        beside.push(it);
                    }
                }
                continue;
            }
            let range = called.site.syntax().text_range();
            if calls.iter().all(|(it, _)| *it != range) {
                calls.push((range, called));
            }
        }
    }
    let together = Together {
        ctx,
        wraps,
        calls,
        beside,
    };
    let outermost = together.calls.iter().filter(|(range, _)| {
        let mut others = together.calls.iter().filter(|(it, _)| it != range);
        others.all(|(it, _)| !it.contains_range(*range))
    });
    outermost
        .map(|(range, called)| {
            let written = together.called(*range, called)?;
            let (change, comments) = written.change(ctx);
            Ok(WrittenOut {
                range: *range,
                change,
                comments,
            })
        })
        .collect()
}

struct Together<'a, 'b> {
    ctx: &'b FileContext<'a>,
    wraps: &'b [Wrap],
    calls: Vec<(TextRange, Called)>,
    /// What changes in the calls that are not written out.
    beside: Vec<Written>,
}

impl Together<'_, '_> {
    fn called(&self, range: TextRange, called: &Called) -> Result<Written, Refusal> {
        let inside = self.inside(range)?;
        let waits = |text: &str| text.matches(".await").count();
        let handed_over = inside.iter().filter(|it| {
            let expr = expr_at(self.ctx, it.range);
            matches!(expr, Some(ast::Expr::PathExpr(_)))
        });
        let expected: usize = inside.iter().map(|it| waits(&it.text)).sum();
        let expected = expected + handed_over.count();
        let mut written = called.written(self.ctx, inside)?;
        let written = written.pop().expect("what is written out is one text");
        if waits(&written.text) < expected {
            let message = format!(
                "a call beside the closure of `{}` would be lost",
                called.name
            );
            return Err(Refusal::new(RefusalKind::R9, message));
        }
        Ok(written)
    }

    /// What changes in an expression, each with all that changes in it.
    fn inside(&self, outer: TextRange) -> Result<Vec<Written>, Refusal> {
        let within = |range: TextRange| outer.contains_range(range) && outer != range;
        let wraps = self.wraps.iter().map(|it| it.range);
        let all: Vec<TextRange> = wraps
            .chain(self.calls.iter().map(|(range, _)| *range))
            .filter(|range| within(*range))
            .collect();
        let is_top = |range: TextRange| {
            let mut others = all.iter().filter(|it| **it != range);
            others.all(|it| !it.contains_range(range))
        };
        let mut inside = Vec::new();
        for wrap in self
            .wraps
            .iter()
            .filter(|it| within(it.range) && is_top(it.range))
        {
            let expr = expr_at(self.ctx, wrap.range);
            let expr = expr.ok_or_else(|| in_macro(wrap))?;
            let changed = self.inside(wrap.range)?;
            if !changed.iter().all(|it| wrap.inner.contains_range(it.range)) {
                let message = "what drives a future would change as well";
                return Err(Refusal::new(RefusalKind::R9, message));
            }
            inside.push(wrap.written(self.ctx, &expr, changed)?);
        }
        let beside = self.beside.iter();
        inside.extend(
            beside
                .filter(|it| within(it.range) && is_top(it.range))
                .cloned(),
        );
        for (range, called) in &self.calls {
            if within(*range) && is_top(*range) {
                inside.push(self.called(*range, called)?);
            }
        }
        Ok(inside)
    }
}

fn in_macro(wrap: &Wrap) -> Refusal {
    let what = wrap.after.trim_start_matches(')');
    let message = format!("`{what}` among the arguments of a macro can't be written out");
    Refusal::new(RefusalKind::F6, message)
}

impl Wrap {
    /// The expression with this around it, and with what changes inside.
    fn written(
        &self,
        ctx: &FileContext<'_>,
        expr: &ast::Expr,
        mut inside: Vec<Written>,
    ) -> Result<Written, Refusal> {
        let is_path = matches!(expr, ast::Expr::PathExpr(_));
        if is_path && self.is_boxed {
            let message = "a function that leads back to itself is handed over, and can't be boxed";
            return Err(Refusal::new(RefusalKind::R9, message));
        }
        inside.sort_by_key(|it| it.range.start());
        // What calls a function that is handed over awaits it.
        let (before, after) = match is_path {
            true => ("", ""),
            false => (&*self.before, &*self.after),
        };
        let mut text = before.to_owned();
        let mut kept = Vec::new();
        let mut at = self.inner.start();
        for it in inside {
            let between = TextRange::new(at, it.range.start());
            text += ctx.slice(between);
            text += &it.text;
            kept.push(between);
            kept.extend(it.kept);
            at = it.range.end();
        }
        let rest = TextRange::new(at, self.inner.end());
        text += ctx.slice(rest);
        text += after;
        kept.push(rest);
        Ok(Written {
            range: self.range,
            text,
            kept,
        })
    }
}

/// The expression that stands at a place of the file itself.
fn expr_at(ctx: &FileContext<'_>, range: TextRange) -> Option<ast::Expr> {
    let element = ctx.source.syntax().covering_element(range);
    let node = element
        .ancestors()
        .take_while(|it| it.text_range() == range);
    node.filter_map(ast::Expr::cast).last()
}
