//! Async blocks that do nothing but await another future.

use ra_ap_hir::{AsAssocItem, ModuleDef, PathResolution};
use ra_ap_syntax::{
    AstNode,
    ast::{self, HasArgList},
};

use super::{CODEMOD, task::handed_to};
use crate::{
    analysis::{
        awaited::{awaits_only, comments_in, written_at},
        contract::is_changed_by_attribute,
        in_place::take_away,
        join_error::outermost,
    },
    change::Change,
    codemod::{Finding, Findings, IN_TESTS, Safety, Verdict},
    context::FileContext,
    knowledge::Role,
    syntax::has_attributes,
};

/// Whether an expression may be one that the block around it is not needed for, by its tree.
pub fn is_plain(inner: &ast::Expr) -> bool {
    match inner {
        ast::Expr::PathExpr(path) => path
            .path()
            .is_some_and(|path| path.as_single_name_ref().is_some()),
        ast::Expr::BlockExpr(block) => {
            matches!(block.modifier(), Some(ast::BlockModifier::Async(_)))
        }
        ast::Expr::CallExpr(call) => call.arg_list().is_some_and(|list| {
            let simple = |it| matches!(it, ast::Expr::PathExpr(_) | ast::Expr::Literal(_));
            list.args().all(simple)
        }),
        _ => false,
    }
}

/// Looks at one block.
pub fn judge(ctx: &FileContext<'_>, block: &ast::BlockExpr, findings: &mut Findings) {
    let Some(inner) = awaits_only(block).filter(is_plain) else {
        return;
    };
    let outer = outermost(&block.clone().into());
    let (Some(range), Some(parent)) = (ctx.source_range(block.syntax()), outer.syntax().parent())
    else {
        return;
    };
    // Nobody polls it.
    if ast::ExprStmt::can_cast(parent.kind()) || ctx.type_of(&inner).is_none() {
        return;
    }
    if ctx.is_test_code(block.syntax()) && !ctx.settings.include_tests {
        findings.quiet(IN_TESTS);
        return;
    }
    // A shorter way to write it, no more.
    let driven = matches!(
        handed_to(ctx, block),
        Some(Role::Spawn { .. } | Role::BlockOn { .. })
    );
    if driven || ast::ClosureExpr::can_cast(parent.kind()) {
        findings.quiet("async blocks that only await, for a task or a closure's value");
        return;
    }
    if !is_the_same(ctx, block, &inner) {
        findings.quiet("async blocks that only await, and own or begin what they await");
        return;
    }
    let Some(text) = written_at(ctx, &inner, range) else {
        return;
    };
    let mut change = Change::default();
    change.replace(ctx.file, range, text);
    let kept = ctx.source_range(inner.syntax());
    take_away(ctx, &mut change, range, kept.into_iter().collect());
    findings.items.push(Finding {
        codemod: CODEMOD.name,
        file: ctx.file,
        range,
        message: "the async block does nothing but await another future".to_owned(),
        why: Vec::new(),
        conversion: None,
        verdict: Verdict::Rewrite {
            safety: Safety::Safe,
            change,
            effects: Vec::new(),
        },
    });
}

/// Whether `inner` is the future that the block is: made without an effect, of the same captures,
/// and with an output that nothing turns into another.
fn is_the_same(ctx: &FileContext<'_>, block: &ast::BlockExpr, inner: &ast::Expr) -> bool {
    let own = |expr: &ast::Expr| {
        let types = ctx.sema.type_of_expr(expr);
        types.is_some_and(|types| types.adjusted.is_none())
    };
    let Some(ty) = ctx.type_of(inner) else {
        return false;
    };
    let tail = block.stmt_list().and_then(|list| list.tail_expr());
    let plain = !ty.contains_unknown()
        && ctx.implements(&ty, "core::future::Future")
        && tail.is_some_and(|tail| own(&tail) && !has_attributes(&tail))
        && !has_attributes(&block.clone().into())
        && !comments_in(ctx, block.syntax().text_range());
    plain
        && match inner {
            ast::Expr::PathExpr(_) => own(inner) && is_taken_whole(ctx, inner),
            ast::Expr::BlockExpr(other) => {
                other.move_token().is_some() || block.move_token().is_none()
            }
            ast::Expr::CallExpr(call) => is_lazy_call(ctx, call),
            _ => false,
        }
}

/// Whether a call only makes the future of an async function, from literals and whole locals.
fn is_lazy_call(ctx: &FileContext<'_>, call: &ast::CallExpr) -> bool {
    let Some(function) = ctx.callee(&call.clone().into()) else {
        return false;
    };
    let changed = || {
        let source = ctx.sema.source(function);
        source.is_none_or(|source| is_changed_by_attribute(&source.value))
    };
    // An impl may do more than make a future where its trait says `async fn`.
    let declared = function
        .as_assoc_item(ctx.db)
        .and_then(|it| it.container_trait(ctx.db));
    let mut arguments = call.arg_list().into_iter().flat_map(|list| list.args());
    function.is_async(ctx.db)
        && declared.is_none()
        && !changed()
        && arguments.all(|it| matches!(it, ast::Expr::Literal(_)) || is_taken_whole(ctx, &it))
}

/// Whether this is a local, the value of which goes where it stands as it is, or an item that is
/// always the same.
fn is_taken_whole(ctx: &FileContext<'_>, expr: &ast::Expr) -> bool {
    let ast::Expr::PathExpr(path) = expr else {
        return false;
    };
    let as_it_is = ctx
        .sema
        .type_of_expr(expr)
        .is_some_and(|types| types.adjusted.is_none() && !types.original.contains_unknown());
    let resolved = path.path().and_then(|path| ctx.sema.resolve_path(&path));
    as_it_is
        && matches!(
            resolved,
            Some(
                PathResolution::Local(_)
                    | PathResolution::Def(ModuleDef::Function(_) | ModuleDef::EnumVariant(_))
            )
        )
}
