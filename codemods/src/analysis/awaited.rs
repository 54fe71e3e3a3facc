//! The text of a future that is awaited, or spawned, where a call drove it before.

use ra_ap_syntax::{AstNode, TextRange, TextSize, ast};

use super::{captured::leaves_temporary, control::leaves_early};
use crate::{
    context::FileContext,
    text::{has_comment, shifted},
};

/// The future of a call that goes away.
#[derive(Debug, Clone)]
pub enum Future {
    /// An expression of the file.
    Expr(ast::Expr),
    /// An async function that was handed over by its path.
    Function(ast::Expr),
}

impl Future {
    /// The expression in the file.
    pub fn expr(&self) -> &ast::Expr {
        match self {
            Future::Expr(expr) | Future::Function(expr) => expr,
        }
    }
}

/// Whether what stands behind this expression, like `.await`, would be about a part of it.
pub fn needs_parens(expr: &ast::Expr) -> bool {
    matches!(
        expr,
        ast::Expr::RefExpr(_)
            | ast::Expr::PrefixExpr(_)
            | ast::Expr::CastExpr(_)
            | ast::Expr::BinExpr(_)
            | ast::Expr::RangeExpr(_)
            | ast::Expr::ClosureExpr(_)
            | ast::Expr::LetExpr(_)
            | ast::Expr::BreakExpr(_)
            | ast::Expr::ReturnExpr(_)
            | ast::Expr::YieldExpr(_)
    )
}

/// Whether the expression begins with a struct literal, which can't stand in a condition.
pub fn starts_with_struct(expr: &ast::Expr) -> bool {
    expr.syntax().descendants().any(|node| {
        ast::RecordExpr::can_cast(node.kind())
            && node.text_range().start() == expr.syntax().text_range().start()
    })
}

/// Whether what stands in the place of `expr` stands in a condition, where a brace would begin the
/// body.
fn is_in_condition(expr: &ast::Expr) -> bool {
    let mut inner = expr.syntax().clone();
    while let Some(outer) = inner.parent() {
        let condition = match ast::Expr::cast(outer.clone()) {
            Some(ast::Expr::IfExpr(it)) => it.condition(),
            Some(ast::Expr::WhileExpr(it)) => it.condition(),
            Some(ast::Expr::MatchExpr(it)) => it.expr(),
            Some(ast::Expr::ForExpr(it)) => it.iterable(),
            Some(
                ast::Expr::MethodCallExpr(_)
                | ast::Expr::FieldExpr(_)
                | ast::Expr::TryExpr(_)
                | ast::Expr::AwaitExpr(_)
                | ast::Expr::BinExpr(_)
                | ast::Expr::PrefixExpr(_)
                | ast::Expr::RefExpr(_)
                | ast::Expr::CastExpr(_)
                | ast::Expr::RangeExpr(_)
                | ast::Expr::LetExpr(_),
            ) => None,
            _ => return false,
        };
        if let Some(condition) = condition {
            return *condition.syntax() == inner;
        }
        inner = outer;
    }
    false
}

/// Whether what an expression gives is called there: `.await()` would be taken for a mistake.
pub fn is_called(expr: &ast::Expr) -> bool {
    let call = expr.syntax().parent().and_then(ast::CallExpr::cast);
    call.is_some_and(|call| call.expr().as_ref() == Some(expr))
}

/// What an async block awaits that does nothing else, judged by its tree.
pub fn awaits_only(block: &ast::BlockExpr) -> Option<ast::Expr> {
    let is_async = matches!(block.modifier(), Some(ast::BlockModifier::Async(_)));
    let list = block.stmt_list().filter(|_| is_async)?;
    if list.statements().next().is_some() {
        return None;
    }
    match list.tail_expr()? {
        ast::Expr::AwaitExpr(awaited) => awaited.expr(),
        _ => None,
    }
}

/// The expression inside of an async block that only awaits it: a block that neither `?` nor
/// `return` leaves, and in which nothing else stands. What such a block drops at its end would live
/// on until the end of the statement.
pub fn only_awaited(ctx: &FileContext<'_>, future: &ast::Expr) -> Option<ast::Expr> {
    let ast::Expr::BlockExpr(block) = future else {
        return None;
    };
    let inner = awaits_only(block)?;
    let range = ctx.source_range(block.syntax())?;
    let alone = !leaves_early(ctx, block.syntax()) && !comments_in(ctx, range);
    (alone && !leaves_temporary(ctx, &inner)).then_some(inner)
}

/// The future awaited in the place of `whole`.
pub fn awaited_at(
    ctx: &FileContext<'_>,
    future: &Future,
    whole: &ast::Expr,
    to: TextRange,
    owned: bool,
) -> Option<String> {
    let text = awaited(ctx, future, to, owned)?;
    let brace = match future {
        Future::Expr(expr) => starts_with_struct(&inlined(ctx, expr)),
        Future::Function(_) => false,
    };
    Some(if brace && is_in_condition(whole) || is_called(whole) {
        format!("({text})")
    } else {
        text
    })
}

fn inlined(ctx: &FileContext<'_>, future: &ast::Expr) -> ast::Expr {
    only_awaited(ctx, future).unwrap_or_else(|| future.clone())
}

/// The future awaited, as it is written at `to`. In a closure with `move`, an async block owned
/// what it names; `owned` keeps it so.
fn awaited(ctx: &FileContext<'_>, future: &Future, to: TextRange, owned: bool) -> Option<String> {
    let text = match future {
        Future::Function(path) => {
            return Some(format!("{}().await", ctx.source_text(path.syntax())?));
        }
        Future::Expr(expr) => inlined(ctx, expr),
    };
    let written = moved_block(ctx, &text, to, owned)?;
    Some(if needs_parens(&text) {
        format!("({written}).await")
    } else if matches!(text, ast::Expr::BlockExpr(_)) && written.contains('\n') {
        format!("{written}\n{}.await", ctx.indent_at(to.start()))
    } else {
        format!("{written}.await")
    })
}

/// The future awaited in a block that ends where the closure did, and owns what it names if that
/// did.
pub fn awaited_in_block(
    ctx: &FileContext<'_>,
    future: &Future,
    to: TextRange,
    owned: bool,
) -> Option<String> {
    let awaited = awaited(ctx, future, to, owned)?;
    let block = if owned { "async move" } else { "async" };
    Some(format!("{block} {{ {awaited} }}.await"))
}

/// The future as the argument of a `spawn` at `to`: it owns what it names.
pub fn spawned(
    ctx: &FileContext<'_>,
    future: &Future,
    to: TextRange,
    owned: bool,
) -> Option<String> {
    match future {
        Future::Function(path) => Some(format!("{}()", ctx.source_text(path.syntax())?)),
        Future::Expr(ast::Expr::BlockExpr(block)) => {
            moved_block(ctx, &block.clone().into(), to, owned)
        }
        Future::Expr(expr) if owns_its_arguments(ctx, expr) => written_at(ctx, expr, to),
        Future::Expr(_) => Some(format!(
            "async move {{ {} }}",
            awaited(ctx, future, to, true)?
        )),
    }
}

/// A call of an async function with arguments that are handed over whole, or a local.
fn owns_its_arguments(ctx: &FileContext<'_>, expr: &ast::Expr) -> bool {
    use ra_ap_syntax::ast::HasArgList as _;
    let ast::Expr::CallExpr(call) = expr else {
        return matches!(expr, ast::Expr::PathExpr(_));
    };
    let owned = |argument: ast::Expr| {
        let plain = matches!(argument, ast::Expr::PathExpr(_) | ast::Expr::Literal(_));
        let borrows = ctx.type_of(&argument).is_none_or(|ty| ty.is_reference());
        plain && (matches!(argument, ast::Expr::Literal(_)) || !borrows)
    };
    let lazy = ctx
        .callee(expr)
        .is_some_and(|callee| callee.is_async(ctx.db));
    lazy && call.arg_list().is_some_and(|list| list.args().all(owned))
}

/// An expression as it is written at `to`; an async block with `move` if `owned`.
fn moved_block(
    ctx: &FileContext<'_>,
    expr: &ast::Expr,
    to: TextRange,
    owned: bool,
) -> Option<String> {
    let written = written_at(ctx, expr, to)?;
    let ast::Expr::BlockExpr(block) = expr else {
        return Some(written);
    };
    let is_async = matches!(block.modifier(), Some(ast::BlockModifier::Async(_)));
    Some(if is_async && owned && block.move_token().is_none() {
        written.replacen("async", "async move", 1)
    } else {
        written
    })
}

/// The text of an expression, with the lines after its first indented as they are at `to`.
pub fn written_at(ctx: &FileContext<'_>, expr: &ast::Expr, to: TextRange) -> Option<String> {
    let range = ctx.source_range(expr.syntax())?;
    let (from, to) = (ctx.indent_at(range.start()), ctx.indent_at(to.start()));
    Some(shifted(ctx.slice(range), from, to))
}

/// Whether a comment stands in this part of the file.
pub fn comments_in(ctx: &FileContext<'_>, range: TextRange) -> bool {
    has_comment(ctx.source.syntax(), range)
}

/// What stands between the braces of a block; the braces too if that is nothing.
pub fn inside_braces(ctx: &FileContext<'_>, list: &ast::StmtList) -> Option<TextRange> {
    let braces = ctx.source_range(list.syntax())?;
    let text = ctx.slice(braces);
    let inside = text.strip_prefix('{').and_then(|it| it.strip_suffix('}'))?;
    let start = braces.end() - TextSize::of(inside.trim_start()) - TextSize::of('}');
    let end = start + TextSize::of(inside.trim());
    Some(match start < end {
        true => TextRange::new(start, end),
        false => braces,
    })
}
