//! What a closure that is offloaded does: whether it only drives, or makes, a future.

use ra_ap_hir::GenericDef;
use ra_ap_syntax::{
    AstNode, SyntaxNode, WalkEvent,
    ast::{self, HasName},
};

use super::{awaited::Future, control::is_own_body, leftovers::is_cheap};
use crate::{
    context::{Call, FileContext},
    knowledge::Role,
};

/// What a closure does.
#[derive(Debug)]
pub enum Offloaded<'a> {
    /// It drives a future, or makes one, and does nothing else.
    Only(Box<Driven<'a>>),
    /// It drives a future beside other work.
    Mixed(ast::Expr),
    /// Work of another kind.
    Other,
}

/// The future that a closure drives or makes.
#[derive(Debug)]
pub struct Driven<'a> {
    /// The future.
    pub future: Future,
    /// The call that drives it; without one, the future is the closure's value.
    pub by: Option<Call<'a>>,
    /// The clones in the closure that the future is made of.
    pub clones: Vec<ast::LetStmt>,
    /// The future's output is dropped by a semicolon in the closure.
    pub discards: bool,
    /// Whether something in or around the closure says of which type the future's output is.
    pub typed: bool,
    /// The closure; a function may stand in its place.
    pub closure: Option<ast::ClosureExpr>,
}

impl Driven<'_> {
    /// Whether the closure owns what it names.
    pub fn owns(&self) -> bool {
        self.closure
            .as_ref()
            .is_none_or(|closure| closure.move_token().is_some())
    }
}

/// Whether a role is that of a `block_on`.
pub fn is_block_on(role: &Role) -> bool {
    matches!(role, Role::BlockOn { .. })
}

/// What the argument of an offload does.
pub fn offloaded<'a>(ctx: &FileContext<'a>, argument: &ast::Expr) -> Offloaded<'a> {
    match argument {
        ast::Expr::PathExpr(path) => {
            let function = path.path().and_then(|path| ctx.function_of_path(&path));
            if function.is_none_or(|function| !function.is_async(ctx.db)) {
                return Offloaded::Other;
            }
            only(Driven {
                future: Future::Function(argument.clone()),
                by: None,
                clones: Vec::new(),
                discards: false,
                typed: false,
                closure: None,
            })
        }
        ast::Expr::ParenExpr(inner) => match inner.expr() {
            Some(inner) => offloaded(ctx, &inner),
            None => Offloaded::Other,
        },
        ast::Expr::ClosureExpr(closure) => in_closure(ctx, closure),
        _ => Offloaded::Other,
    }
}

fn only(driven: Driven<'_>) -> Offloaded<'_> {
    Offloaded::Only(Box::new(driven))
}

fn in_closure<'a>(ctx: &FileContext<'a>, closure: &ast::ClosureExpr) -> Offloaded<'a> {
    let Some(body) = closure.body() else {
        return Offloaded::Other;
    };
    if closure.async_token().is_some() {
        return Offloaded::Other;
    }
    match single(ctx, &body) {
        Some(Single {
            value,
            clones,
            discards,
            typed,
        }) => {
            let by = ctx.call(&value).filter(|call| is_block_on(&call.api.role));
            let future = match &by {
                Some(call) => match &call.api.role {
                    Role::BlockOn { future, .. } => call.argument(*future).cloned(),
                    _ => None,
                },
                None => makes_future(ctx, &value).then_some(value.clone()),
            };
            match future {
                Some(future) => {
                    let clones = clones
                        .into_iter()
                        .filter(|clone| is_named_in(clone, &future))
                        .collect();
                    only(Driven {
                        future: Future::Expr(future),
                        by,
                        clones,
                        discards,
                        typed: typed || closure.ret_type().is_some(),
                        closure: Some(closure.clone()),
                    })
                }
                None => mixed(ctx, &body),
            }
        }
        None => mixed(ctx, &body),
    }
}

fn mixed<'a>(ctx: &FileContext<'a>, body: &ast::Expr) -> Offloaded<'a> {
    match drives_at_top(ctx, body.syntax()) {
        Some(call) => Offloaded::Mixed(call),
        None => Offloaded::Other,
    }
}

/// The value of a body that only names handles and clones before it.
struct Single {
    value: ast::Expr,
    clones: Vec<ast::LetStmt>,
    discards: bool,
    typed: bool,
}

fn single(ctx: &FileContext<'_>, body: &ast::Expr) -> Option<Single> {
    let plain = |value: ast::Expr| {
        Some(Single {
            value,
            clones: Vec::new(),
            discards: false,
            typed: false,
        })
    };
    let block = match body {
        ast::Expr::ParenExpr(inner) => return single(ctx, &inner.expr()?),
        ast::Expr::BlockExpr(block) if block.modifier().is_none() => block,
        other => return plain(other.clone()),
    };
    let list = block.stmt_list()?;
    let mut statements: Vec<ast::Stmt> = list.statements().collect();
    let (value, discards, typed) = match (list.tail_expr(), statements.last()) {
        (Some(ast::Expr::PathExpr(path)), Some(ast::Stmt::LetStmt(last))) => {
            let ast::Pat::IdentPat(name) = last.pat()? else {
                return None;
            };
            let same = name.name()?.text() == path.syntax().text().to_string().as_str();
            let value = last.initializer().filter(|_| same)?;
            let typed = last.ty().is_some();
            statements.pop();
            (value, false, typed)
        }
        (Some(tail), _) => (tail, false, false),
        (None, Some(ast::Stmt::ExprStmt(last))) => {
            let value = last.expr()?;
            statements.pop();
            (value, true, false)
        }
        _ => return None,
    };
    let clones = statements
        .into_iter()
        .map(|statement| match statement {
            ast::Stmt::LetStmt(it)
                if matches!(it.pat(), Some(ast::Pat::IdentPat(_)))
                    && it.initializer().is_some_and(|value| is_cheap(ctx, &value)) =>
            {
                Some(it)
            }
            _ => None,
        })
        .collect::<Option<Vec<_>>>()?;
    Some(Single {
        value,
        clones,
        discards,
        typed,
    })
}

/// Whether this does nothing but make a future that nothing has polled yet: an async block, or a
/// call of an async function.
pub fn makes_future(ctx: &FileContext<'_>, value: &ast::Expr) -> bool {
    match value {
        ast::Expr::BlockExpr(block) => {
            matches!(block.modifier(), Some(ast::BlockModifier::Async(_)))
        }
        _ => ctx
            .callee(value)
            .is_some_and(|callee| callee.is_async(ctx.db)),
    }
}

/// Whether the type of a future's output is its own: not what is expected of it, nor what its value
/// is turned into.
pub fn has_own_type(ctx: &FileContext<'_>, driven: &Driven<'_>) -> bool {
    let value = driven.by.as_ref().map(|call| &call.expr);
    let function = match &driven.future {
        Future::Expr(expr) => ctx.callee(expr),
        Future::Function(path) => ctx.callee_of_path(path),
    };
    let plain = function.is_some_and(|function| {
        let parameters = GenericDef::from(function).type_or_const_params(ctx.db);
        parameters.is_empty()
    });
    let turned = value
        .and_then(|value| ctx.sema.type_of_expr(value))
        .is_some_and(|ty| ty.adjusted.is_some());
    plain && !turned
}

fn is_named_in(clone: &ast::LetStmt, future: &ast::Expr) -> bool {
    let Some(ast::Pat::IdentPat(name)) = clone.pat() else {
        return false;
    };
    let Some(name) = name.name() else {
        return false;
    };
    future
        .syntax()
        .descendants_with_tokens()
        .filter_map(|element| element.into_token())
        .any(|token| token.text().contains(name.text()))
}

/// A `block_on` among the statements of a body, outside of loops and of bodies inside of it.
fn drives_at_top(ctx: &FileContext<'_>, body: &SyntaxNode) -> Option<ast::Expr> {
    let mut walk = body.preorder();
    while let Some(event) = walk.next() {
        let WalkEvent::Enter(node) = event else {
            continue;
        };
        let repeats = ast::LoopExpr::can_cast(node.kind())
            || ast::WhileExpr::can_cast(node.kind())
            || ast::ForExpr::can_cast(node.kind());
        if repeats || (node != *body && is_own_body(&node)) {
            walk.skip_subtree();
            continue;
        }
        if let Some(expr) = ast::Expr::cast(node)
            && ctx
                .call(&expr)
                .is_some_and(|call| is_block_on(&call.api.role))
        {
            return Some(expr);
        }
    }
    None
}
