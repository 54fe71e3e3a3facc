//! One future, driven on the current runtime, or on one that is made where there is none:
//! `match Handle::try_current() { Ok(handle) => .., Err(_) => .. }`.
//!
//! Sync functions of libraries do that which are called with a runtime and without one. Async code has
//! one, and awaits the future.

use ra_ap_ide_db::span::Edition;
use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode,
    ast::{self, HasArgList, HasName},
};

use super::{
    bridges::{Bridge, Driver, is_declared},
    control::leaves_early,
    held::is_chosen,
};
use crate::{
    context::{Call, Enclosing, FileContext, Output},
    knowledge::{Api, Definition, Drives, Role},
};

/// The `match` or `if` around two calls that drive the same future.
pub struct EitherRuntime<'a> {
    /// All of it.
    pub whole: ast::Expr,
    /// What stops the thread where there is a runtime.
    pub api: &'a Api,
    /// What may do the same elsewhere.
    pub driver: Option<Driver>,
    /// The call that was asked about is the one on the current runtime.
    pub is_current: bool,
}

impl<'a> EitherRuntime<'a> {
    /// What is around a call that drives a future.
    pub fn around(ctx: &FileContext<'a>, call: &Call<'a>) -> Option<EitherRuntime<'a>> {
        let around = call.expr.syntax().ancestors().skip(1);
        let mut around = around.take_while(|it| !ast::Fn::can_cast(it.kind()));
        around.find_map(|node| {
            let whole = ast::Expr::cast(node)?;
            let (name, current, other) = branches(ctx, &whole)?;
            let (current, in_place) = driven(ctx, &current)?;
            let (other, None) = driven(ctx, &other)? else {
                return None;
            };
            let is_current = current.range == call.range;
            let is_meant = is_current || other.range == call.range;
            let handle = current.receiver.as_ref()?.syntax().text() == name.as_str();
            let same = is_meant
                && handle
                && drives(&current.api.role)? == Drives::Handle
                && drives(&other.api.role)? == Drives::Runtime
                && tokens(future(&current)?.syntax()) == tokens(future(&other)?.syntax());
            same.then(|| EitherRuntime {
                driver: made_by(ctx, other.receiver.as_ref()).map(|result| Driver::Either {
                    in_place: in_place.is_some(),
                    result,
                }),
                whole,
                api: in_place.unwrap_or(current.api),
                is_current,
            })
        })
    }
}

/// What drives a future in the place of a call, here.
pub fn bridge(
    ctx: &FileContext<'_>,
    node: &SyntaxNode,
    in_tests: bool,
    in_place: bool,
    result: &str,
) -> Option<Bridge> {
    let type_named = |path: &str| {
        let known = ctx.known.definitions(ctx.db, path);
        let named = ctx.type_in_scope(node, path).map(Definition::Adt);
        named.is_some_and(|it| known.contains(&it))
    };
    let (handle, runtime) = ("tokio::runtime::Handle", "tokio::runtime::Runtime");
    let offload = "tokio::task::block_in_place";
    let function = || ctx.known.function(ctx.function_in_scope(node, offload)?);
    let named = type_named(handle)
        && type_named(runtime)
        && (!in_place || function().is_some_and(|api| api.path == offload))
        && is_declared(ctx, handle, in_tests);
    let moves = !leaves_early(ctx, node) && ctx.package.edition >= Edition::Edition2018;
    let fits = !result.starts_with('?') || takes_io_error(ctx, node);
    if !(named && moves && fits) {
        return None;
    }
    let unit = ctx.indent_unit();
    let outer = ctx.indent_at(ctx.source_range(node)?.start());
    let inner = format!("{outer}{unit}");
    let current = match in_place {
        true => format!("{offload}(|| current.block_on(future))"),
        false => "current.block_on(future)".to_owned(),
    };
    Some(Bridge {
        // A block of its own: what the call borrows would not live as long as a `let`.
        before: format!("{{\n{inner}let future = async {{ "),
        after: format!(
            ".await }};\n{inner}match {handle}::try_current() {{\n\
             {inner}{unit}Ok(current) => {current},\n\
             {inner}{unit}Err(_) => {runtime}::new(){result}.block_on(future),\n\
             {inner}}}\n{outer}}}"
        ),
        alone: true,
        import: None,
        through: Vec::new(),
    })
}

/// Whether `?` on an `std::io::Error` is taken where a node stands.
fn takes_io_error(ctx: &FileContext<'_>, node: &SyntaxNode) -> bool {
    let returned = match ctx.enclosing(node) {
        Some(Enclosing::SyncFn(function)) => {
            let function = ctx.sema.to_fn_def(&function);
            function.map(|it| it.ret_type(ctx.db))
        }
        Some(Enclosing::Closure(closure)) => {
            let closure = ctx.type_of(&closure.into());
            let called = closure.and_then(|it| it.as_callable(ctx.db));
            called.map(|it| it.return_type())
        }
        _ => None,
    };
    let error = match returned.map(|it| ctx.classify(it)) {
        Some(Output::Result(error)) => error,
        _ => return false,
    };
    let io = ctx.known.definitions(ctx.db, "std::io::Error");
    let io = io.into_iter().find_map(|it| match it {
        Definition::Adt(adt) => Some(adt.ty(ctx.db)),
        _ => None,
    });
    let (Some(from), Some(io)) = (ctx.trait_at("core::convert::From"), io) else {
        return false;
    };
    // Of a type that a caller chooses this would say that it may be.
    error.as_adt().is_some() && !is_chosen(ctx, &error) && error.has_any_impl(ctx.db, from, &[io])
}

/// What is done with a current runtime, by the name that it has there, and what without one.
fn branches(ctx: &FileContext<'_>, whole: &ast::Expr) -> Option<(String, ast::Expr, ast::Expr)> {
    match whole {
        ast::Expr::MatchExpr(it) => {
            let arms: Vec<ast::MatchArm> = it.match_arm_list()?.arms().collect();
            let [one, other] = &arms[..] else {
                return None;
            };
            if !is_asked(ctx, &it.expr()?) || one.guard().is_some() || other.guard().is_some() {
                return None;
            }
            let (name, current, without) = match bound(&one.pat()?) {
                Some(name) => (name, one, other),
                None => (bound(&other.pat()?)?, other, one),
            };
            Some((name, current.expr()?, without.expr()?))
        }
        ast::Expr::IfExpr(it) => {
            let ast::Expr::LetExpr(condition) = it.condition()? else {
                return None;
            };
            let ast::ElseBranch::Block(without) = it.else_branch()? else {
                return None;
            };
            let name = bound(&condition.pat()?).filter(|_| condition.expr().is_some())?;
            let asked = is_asked(ctx, &condition.expr()?);
            asked.then_some((name, it.then_branch()?.into(), without.into()))
        }
        _ => None,
    }
}

/// Whether this asks for the current runtime, if there is one.
fn is_asked(ctx: &FileContext<'_>, expr: &ast::Expr) -> bool {
    ctx.call(expr).is_some_and(|call| {
        call.api.role == Role::CurrentHandle
            && call.api.path == "tokio::runtime::Handle::try_current"
    })
}

/// The name in `Ok(name)`.
fn bound(pattern: &ast::Pat) -> Option<String> {
    let ast::Pat::TupleStructPat(pattern) = pattern else {
        return None;
    };
    let path = pattern.path()?.syntax().text() == "Ok";
    let mut fields = pattern.fields();
    let ast::Pat::IdentPat(name) = fields.next().filter(|_| path)? else {
        return None;
    };
    let plain = fields.next().is_none() && name.pat().is_none();
    Some(name.name()?.text().to_string()).filter(|_| plain)
}

/// The call that drives a future and is all that an expression does, and the row of what it is done
/// in, if that is `block_in_place`.
fn driven<'a>(ctx: &FileContext<'a>, expr: &ast::Expr) -> Option<(Call<'a>, Option<&'a Api>)> {
    match expr {
        ast::Expr::ParenExpr(it) => driven(ctx, &it.expr()?),
        ast::Expr::BlockExpr(it) => {
            let list = it.stmt_list()?;
            let plain = it.modifier().is_none() && list.statements().next().is_none();
            driven(ctx, &list.tail_expr().filter(|_| plain)?)
        }
        _ => {
            let call = ctx.call(expr)?;
            match (&call.api.role, &call.arguments[..]) {
                (Role::BlockOn { .. }, _) => Some((call, None)),
                (Role::Offload { .. }, [ast::Expr::ClosureExpr(closure)])
                    if call.api.path == "tokio::task::block_in_place"
                        && closure.async_token().is_none() =>
                {
                    let (inner, None) = driven(ctx, &closure.body()?)? else {
                        return None;
                    };
                    Some((inner, Some(call.api)))
                }
                _ => None,
            }
        }
    }
}

fn drives(role: &Role) -> Option<Drives> {
    match role {
        Role::BlockOn { drives, .. } => Some(*drives),
        _ => None,
    }
}

/// The future that a call drives.
fn future<'c>(call: &'c Call<'_>) -> Option<&'c ast::Expr> {
    match &call.api.role {
        Role::BlockOn { future, .. } => call.argument(*future),
        _ => None,
    }
}

/// What stands behind `Runtime::new()`, if that is what makes a runtime.
fn made_by(ctx: &FileContext<'_>, runtime: Option<&ast::Expr>) -> Option<String> {
    let runtime = runtime?;
    let made = match runtime {
        ast::Expr::TryExpr(it) => it.expr()?,
        ast::Expr::MethodCallExpr(it) => {
            let name = it.name_ref()?;
            let panics = ["unwrap", "expect"].contains(&name.text());
            let mut arguments = it.arg_list()?.args();
            let plain = arguments.all(|it| matches!(it, ast::Expr::Literal(_)));
            it.receiver().filter(|_| panics && plain)?
        }
        _ => return None,
    };
    let new = ctx
        .known
        .definitions(ctx.db, "tokio::runtime::Runtime::new");
    let is_new = new.contains(&Definition::Function(ctx.callee(&made)?));
    let (all, made) = (
        ctx.source_text(runtime.syntax())?,
        ctx.source_text(made.syntax())?,
    );
    is_new.then(|| all[made.len()..].trim().to_owned())
}

/// The tokens of a node, without the commas that only end a list.
fn tokens(node: &SyntaxNode) -> Vec<String> {
    let tokens = node.descendants_with_tokens();
    let tokens = tokens.filter_map(|it| it.into_token());
    let mut all: Vec<(SyntaxKind, String)> = Vec::new();
    for token in tokens.filter(|it| !it.kind().is_trivia()) {
        let of_call = token
            .parent()
            .is_some_and(|it| ast::ArgList::can_cast(it.kind()));
        if of_call && token.kind() == SyntaxKind::R_PAREN {
            all.pop_if(|(last, _)| *last == SyntaxKind::COMMA);
        }
        all.push((token.kind(), token.text().to_owned()));
    }
    all.into_iter().map(|(_, text)| text).collect()
}
