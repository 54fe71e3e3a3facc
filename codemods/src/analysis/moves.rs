//! Whether a local has given its value away before a place.

use ra_ap_hir::{Access, Local, PathResolution};
use ra_ap_syntax::{AstNode, SyntaxNode, ast};

use crate::context::FileContext;

/// What became of the value of a local before a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// It may still be there.
    No,
    /// It is gone on every way to the place.
    Yes {
        /// Whether something had borrowed it.
        borrowed: bool,
    },
}

/// Whether the value of `local`, bound by `name`, is moved on every way to `place`.
pub fn moved_before(
    ctx: &FileContext<'_>,
    local: Local<'_>,
    name: &ast::IdentPat,
    place: &SyntaxNode,
) -> Moved {
    let Some(root) = name.syntax().ancestors().last() else {
        return Moved::No;
    };
    let uses = uses_in(ctx, local, &root);
    // Of a place in a macro, the call of the macro.
    let mut around = ctx.sema.ancestors_with_macros(place.clone());
    let Some(place) = around.find(|it| it.ancestors().last().as_ref() == Some(&root)) else {
        return Moved::No;
    };
    let moved: Vec<&ast::PathExpr> = uses.iter().filter(|path| is_moved(ctx, path)).collect();
    let alone = moved
        .iter()
        .find(|path| is_on_every_way(ctx, path.syntax(), &place));
    let Some(moved) = alone.copied().or_else(|| together(ctx, &moved, &place)) else {
        return Moved::No;
    };
    let after = |path: &&ast::PathExpr| {
        path.syntax().text_range().start() > moved.syntax().text_range().start()
    };
    if uses.iter().filter(after).any(is_assigned) {
        return Moved::No;
    }
    let borrowed = uses.iter().any(|path| {
        path != moved && path.syntax().text_range().end() <= moved.syntax().text_range().start()
    });
    Moved::Yes { borrowed }
}

/// Whether what is awaited at `place` takes the value of `local`: it is the future's own then.
pub fn moved_into(ctx: &FileContext<'_>, local: Local<'_>, place: &SyntaxNode) -> bool {
    let uses = uses_in(ctx, local, place);
    uses.iter().any(|path| is_moved(ctx, path))
}

/// Whether some code takes the value of `local` away, on one way at least.
pub fn is_ever_moved(ctx: &FileContext<'_>, uses: &[ast::PathExpr]) -> bool {
    uses.iter().any(|path| is_moved(ctx, path))
}

/// The expressions below a node that name a local.
fn uses_in(ctx: &FileContext<'_>, local: Local<'_>, root: &SyntaxNode) -> Vec<ast::PathExpr> {
    let named = local.name(ctx.db);
    root.descendants()
        .filter_map(ast::PathExpr::cast)
        .filter(|path| path.syntax().text() == named.as_str())
        .filter(|path| {
            let resolved = path.path().and_then(|path| ctx.sema.resolve_path(&path));
            matches!(resolved, Some(PathResolution::Local(it)) if it == local)
        })
        .collect()
}

/// The last of several moves that take the value away together: one in each branch of a statement
/// before the place.
fn together<'m>(
    ctx: &FileContext<'_>,
    moved: &[&'m ast::PathExpr],
    place: &SyntaxNode,
) -> Option<&'m ast::PathExpr> {
    let lists = place.ancestors().filter_map(ast::StmtList::cast);
    let before = lists.flat_map(|list| {
        let statements = list.statements();
        let ended =
            move |it: &ast::Stmt| it.syntax().text_range().end() <= place.text_range().start();
        statements.take_while(ended).collect::<Vec<_>>()
    });
    let inside = |statement: &ast::Stmt, path: &ast::PathExpr| {
        let range = statement.syntax().text_range();
        range.contains_range(path.syntax().text_range())
    };
    before
        .filter(|statement| moves_always(ctx, statement.syntax(), moved))
        .find_map(|statement| moved.iter().rev().find(|path| inside(&statement, path)))
        .copied()
}

/// Whether one of these moves happens whenever `node` runs to its end.
fn moves_always(ctx: &FileContext<'_>, node: &SyntaxNode, moved: &[&ast::PathExpr]) -> bool {
    let has_one = moved
        .iter()
        .any(|path| node.text_range().contains_range(path.syntax().text_range()));
    let expr = ast::Expr::cast(node.clone());
    if !has_one {
        return expr.is_some_and(|expr| ctx.type_of(&expr).is_some_and(|ty| ty.is_never()));
    }
    if moved.iter().any(|path| path.syntax() == node) {
        return true;
    }
    let always =
        |expr: Option<ast::Expr>| expr.is_some_and(|expr| moves_always(ctx, expr.syntax(), moved));
    match expr {
        Some(ast::Expr::IfExpr(it)) => {
            let both = it.then_branch().zip(it.else_branch());
            always(it.condition())
                || both.is_some_and(|(then, other)| {
                    moves_always(ctx, then.syntax(), moved)
                        && match other {
                            ast::ElseBranch::Block(it) => moves_always(ctx, it.syntax(), moved),
                            ast::ElseBranch::IfExpr(it) => moves_always(ctx, it.syntax(), moved),
                        }
                })
        }
        Some(ast::Expr::MatchExpr(it)) => {
            let arms = it.match_arm_list();
            always(it.expr()) || arms.is_some_and(|list| list.arms().all(|arm| always(arm.expr())))
        }
        // As of one move: only what runs in any case.
        _ => node
            .children()
            .any(|child| !is_conditional(node, &child) && moves_always(ctx, &child, moved)),
    }
}

fn is_assigned(path: &ast::PathExpr) -> bool {
    let assignment = path.syntax().parent().and_then(ast::BinExpr::cast);
    assignment.is_some_and(|it| {
        let target = it.lhs().is_some_and(|lhs| lhs.syntax() == path.syntax());
        target && matches!(it.op_kind(), Some(ast::BinaryOp::Assignment { op: None }))
    })
}

/// Whether this use takes the whole value of a local that is not `Copy`.
fn is_moved(ctx: &FileContext<'_>, path: &ast::PathExpr) -> bool {
    let expr = ast::Expr::PathExpr(path.clone());
    if ctx.type_of(&expr).is_none_or(|ty| ty.is_copy(ctx.db)) {
        return false;
    }
    let Some(parent) = path.syntax().parent() else {
        return false;
    };
    if let Some(call) = ast::MethodCallExpr::cast(parent.clone()) {
        return takes_receiver(ctx, &call, &expr);
    }
    if let Some(assignment) = ast::BinExpr::cast(parent.clone()) {
        return assignment.rhs().as_ref() == Some(&expr)
            && matches!(
                assignment.op_kind(),
                Some(ast::BinaryOp::Assignment { op: None })
            );
    }
    ast::ArgList::can_cast(parent.kind())
        || ast::RecordExprField::can_cast(parent.kind())
        || ast::LetStmt::can_cast(parent.kind())
        || ast::ReturnExpr::can_cast(parent.kind())
        || ast::TupleExpr::can_cast(parent.kind())
        || ast::TryExpr::can_cast(parent.kind())
}

/// Whether a method takes its receiver whole, and nothing that the receiver derefs to.
pub fn takes_receiver(
    ctx: &FileContext<'_>,
    call: &ast::MethodCallExpr,
    receiver: &ast::Expr,
) -> bool {
    let types = ctx.sema.type_of_expr(receiver);
    let as_it_is =
        types.is_some_and(|types| types.adjusted.is_none() && !types.original.is_reference());
    let own = ctx
        .sema
        .resolve_method_call(call)
        .and_then(|callee| callee.self_param(ctx.db));
    as_it_is && own.is_some_and(|own| own.access(ctx.db) == Access::Owned)
}

/// Whether the value that `node` names has gone whenever `place` waits: whoever took it has ended.
fn is_on_every_way(ctx: &FileContext<'_>, node: &SyntaxNode, place: &SyntaxNode) -> bool {
    let mut inner = node.clone();
    let mut calls = 0;
    for outer in node.ancestors().skip(1) {
        if outer == *place {
            // The future that waits may have it; a call in its arguments has not.
            return calls > 0;
        }
        if outer.text_range().contains_range(place.text_range()) {
            let ended = inner.text_range().end() <= place.text_range().start();
            // `f(guard, wait)` still has it.
            return ended && (calls > 0 || ast::StmtList::can_cast(outer.kind()));
        }
        if is_conditional(&outer, &inner) {
            return false;
        }
        if let Some(expr) = ast::Expr::cast(outer.clone())
            && matches!(expr, ast::Expr::CallExpr(_) | ast::Expr::MethodCallExpr(_))
        {
            let future = ctx
                .type_of(&expr)
                .and_then(|ty| ty.into_future_output(ctx.db));
            calls += usize::from(future.is_none());
        }
        inner = outer;
    }
    false
}

/// Whether `inner`, a child of `outer`, may not run although `outer` does.
fn is_conditional(outer: &SyntaxNode, inner: &SyntaxNode) -> bool {
    let is = |expr: Option<ast::Expr>| expr.is_some_and(|expr| expr.syntax() == inner);
    match ast::Expr::cast(outer.clone()) {
        Some(ast::Expr::IfExpr(it)) => !is(it.condition()),
        Some(ast::Expr::WhileExpr(it)) => !is(it.condition()),
        Some(ast::Expr::ForExpr(it)) => !is(it.iterable()),
        Some(ast::Expr::MatchExpr(it)) => !is(it.expr()),
        Some(ast::Expr::BinExpr(it)) => {
            matches!(it.op_kind(), Some(ast::BinaryOp::LogicOp(_))) && !is(it.lhs())
        }
        Some(ast::Expr::ClosureExpr(_)) => true,
        Some(ast::Expr::BlockExpr(it)) => it.modifier().is_some(),
        Some(_) => false,
        None => ast::LetElse::can_cast(outer.kind()) || ast::Item::can_cast(outer.kind()),
    }
}
