//! Values without a name: which of them outlive the expression that made them.
//!
//! A value that is only borrowed where it is made lives on until its statement ends. What else ends
//! temporaries differs between the editions.

use ra_ap_ide_db::span::Edition;
use ra_ap_syntax::{AstNode, ast};

use super::control::is_own_body;
use crate::context::FileContext;

/// What ends temporaries before the end of their statement.
#[derive(Debug, Clone, Copy)]
pub struct Ends {
    /// Those of the condition of an `if let` end before its `else`.
    pub before_else: bool,
    /// Those of the expression at the end of a block end with the block.
    pub with_block: bool,
}

impl Ends {
    /// What the edition of a file says.
    pub fn of(ctx: &FileContext<'_>) -> Ends {
        let module = ctx.sema.file_to_module_def(ctx.file);
        let edition = module.map(|module| module.krate(ctx.db).edition(ctx.db));
        let new = edition.unwrap_or(ctx.package.edition) >= Edition::Edition2024;
        Ends {
            before_else: new,
            with_block: new,
        }
    }
}

/// The values that an expression makes, beside its own, and that are still there when it is
/// evaluated.
pub fn in_expr(ctx: &FileContext<'_>, expr: &ast::Expr, ends: Ends) -> Vec<ast::Expr> {
    let mut made = Vec::new();
    collect(ctx, expr, ends, &mut made);
    made
}

fn collect(ctx: &FileContext<'_>, expr: &ast::Expr, ends: Ends, made: &mut Vec<ast::Expr>) {
    if makes_value(expr) && is_borrowed(ctx, expr) {
        made.push(expr.clone());
    }
    let mut inside = |expr: Option<ast::Expr>| {
        if let Some(expr) = expr {
            collect(ctx, &expr, ends, made);
        }
    };
    match expr {
        _ if is_own_body(expr.syntax()) => {}
        ast::Expr::BlockExpr(block) => {
            if !ends.with_block {
                inside(block.stmt_list().and_then(|list| list.tail_expr()));
            }
        }
        // Arms, branches and bodies end their own.
        ast::Expr::MatchExpr(it) => inside(it.expr()),
        ast::Expr::IfExpr(it) => {
            let condition = it.condition().filter(has_let);
            if !ends.before_else {
                inside(condition);
            }
        }
        ast::Expr::ForExpr(it) => inside(it.iterable()),
        ast::Expr::WhileExpr(_) | ast::Expr::LoopExpr(_) => {}
        // The operands end their own; what a `let` among them looked at lives on.
        ast::Expr::BinExpr(it) if matches!(it.op_kind(), Some(ast::BinaryOp::LogicOp(_))) => {
            for operand in [it.lhs(), it.rhs()].into_iter().flatten() {
                if has_let(&operand) {
                    inside(Some(operand));
                }
            }
        }
        ast::Expr::MacroExpr(it) => {
            let expanded = it
                .macro_call()
                .and_then(|mac| ctx.sema.expand_macro_call(&mac));
            let expanded = expanded.map(|it| it.value);
            if let Some(inner) = expanded.and_then(ast::Expr::cast) {
                inside(Some(inner));
            }
        }
        _ => {
            for child in expr.syntax().children() {
                match ast::Expr::cast(child.clone()) {
                    Some(inner) => inside(Some(inner)),
                    // Arguments and fields.
                    None => {
                        let inner = child.descendants().filter_map(ast::Expr::cast);
                        let own = inner.filter(|inner| {
                            let mut between = inner.syntax().ancestors().skip(1);
                            let next = between.find(|it| ast::Expr::can_cast(it.kind()));
                            next.as_ref() == Some(expr.syntax())
                        });
                        for inner in own.collect::<Vec<_>>() {
                            inside(Some(inner));
                        }
                    }
                }
            }
        }
    }
}

/// Whether a condition has a `let` in it.
fn has_let(condition: &ast::Expr) -> bool {
    let mut nodes = condition.syntax().descendants();
    nodes.any(|node| ast::LetExpr::can_cast(node.kind()))
}

/// The temporaries of a `let` that live as long as its block: what its value borrows.
pub fn extended(value: &ast::Expr, pattern: Option<&ast::Pat>) -> Vec<ast::Expr> {
    let by_ref = pattern.is_some_and(|pattern| {
        let names = pattern.syntax().descendants();
        let mut names = names.filter_map(ast::IdentPat::cast);
        names.any(|name| name.ref_token().is_some())
    });
    let mut made = Vec::new();
    if by_ref {
        made.extend(operand(value));
    }
    extending(value, &mut made);
    made
}

fn extending(value: &ast::Expr, made: &mut Vec<ast::Expr>) {
    let mut inside = |inner: Option<ast::Expr>| {
        if let Some(inner) = inner {
            extending(&inner, made);
        }
    };
    match value {
        ast::Expr::RefExpr(it) => {
            let inner = it.expr();
            inside(inner.clone());
            made.extend(inner.as_ref().and_then(operand));
        }
        ast::Expr::ParenExpr(it) => inside(it.expr()),
        ast::Expr::CastExpr(it) => inside(it.expr()),
        ast::Expr::BlockExpr(it) => inside(it.stmt_list().and_then(|list| list.tail_expr())),
        ast::Expr::TupleExpr(it) => it.fields().for_each(|field| inside(Some(field))),
        ast::Expr::RecordExpr(it) => {
            let fields = it.record_expr_field_list();
            let fields = fields.iter().flat_map(ast::RecordExprFieldList::fields);
            fields.for_each(|field| inside(field.expr()));
        }
        _ => {}
    }
}

/// The value that a borrowed expression is a part of.
fn operand(expr: &ast::Expr) -> Option<ast::Expr> {
    let inner = match expr {
        ast::Expr::ParenExpr(it) => it.expr()?,
        ast::Expr::FieldExpr(it) => it.expr()?,
        ast::Expr::IndexExpr(it) => it.base()?,
        ast::Expr::PrefixExpr(it) if it.op_kind() == Some(ast::UnaryOp::Deref) => it.expr()?,
        _ => return makes_value(expr).then(|| expr.clone()),
    };
    operand(&inner)
}

/// Whether an expression makes a value, and names no place.
fn makes_value(expr: &ast::Expr) -> bool {
    matches!(
        expr,
        ast::Expr::CallExpr(_)
            | ast::Expr::MethodCallExpr(_)
            | ast::Expr::AwaitExpr(_)
            | ast::Expr::TryExpr(_)
            | ast::Expr::MacroExpr(_)
            | ast::Expr::MatchExpr(_)
            | ast::Expr::IfExpr(_)
            | ast::Expr::BlockExpr(_)
            | ast::Expr::RecordExpr(_)
    )
}

/// Whether the value of an expression is only borrowed, or looked into, by what it is a part of.
pub fn is_borrowed(ctx: &FileContext<'_>, expr: &ast::Expr) -> bool {
    let Some(parent) = expr.syntax().parent() else {
        return false;
    };
    match ast::Expr::cast(parent) {
        Some(ast::Expr::ParenExpr(outer)) => is_borrowed(ctx, &outer.into()),
        // The method borrows it, or takes what it derefs to.
        Some(ast::Expr::MethodCallExpr(_)) => {
            let types = ctx.sema.type_of_expr(expr);
            types.is_some_and(|types| types.adjusted.is_some() && !types.original.is_reference())
        }
        Some(ast::Expr::BinExpr(it)) => {
            matches!(it.op_kind(), Some(ast::BinaryOp::CmpOp(_)))
        }
        Some(ast::Expr::PrefixExpr(it)) => it.op_kind() == Some(ast::UnaryOp::Deref),
        Some(ast::Expr::IndexExpr(it)) => it.base().as_ref() == Some(expr),
        Some(
            ast::Expr::RefExpr(_)
            | ast::Expr::FieldExpr(_)
            | ast::Expr::MatchExpr(_)
            | ast::Expr::LetExpr(_)
            | ast::Expr::FormatArgsExpr(_),
        ) => true,
        _ => false,
    }
}
