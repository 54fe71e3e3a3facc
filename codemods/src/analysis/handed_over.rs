//! A function that is handed over by its path: to what calls it there and then, or at another time.
//! A closure can take its place, which calls it and drives what it gives back.

use ra_ap_hir::Function;
use ra_ap_syntax::{AstNode, SyntaxKind, SyntaxNode, ast};

use super::{
    bridges::{Bridge, Drivers},
    functions::FunctionKey,
    sites::{Caller, Site, in_generic},
};
use crate::{
    change::Change,
    context::FileContext,
    refusal::{Refusal, RefusalKind},
};

/// How a value is taken.
enum Taken {
    /// As an argument that is called as it is.
    Callable,
    /// As an argument that a trait makes something of.
    Handler,
    /// As an argument of another type.
    Argument,
    /// It is no argument.
    Stored,
}

/// A path to `function`, the function `of` that is known as `callee`, which is called at another time.
///
/// # Errors
/// Why no closure can take its place.
pub fn handed_over(
    ctx: &FileContext<'_>,
    path: &ast::PathExpr,
    function: Function,
    (of, callee): (FunctionKey, FunctionKey),
    drivers: Option<&Drivers>,
) -> Result<Site, Refusal> {
    let node = path.syntax();
    let taken = taken(ctx, path);
    let refusal = refusal(ctx, function, &taken);
    let name = path.path().and_then(|path| path.segment()?.name_ref());
    let name = name.and_then(|name| ctx.source_range(name.syntax()));
    // A closure in async code would most likely stop its thread, where nobody could see it any more.
    let in_async = ctx.enclosing(node).is_some_and(|it| it.is_async());
    let taken = matches!(taken, Taken::Callable) && !in_async;
    let (Some(range), Some(name)) = (ctx.source_range(node).filter(|_| taken), name) else {
        return Err(refusal);
    };
    let in_tests = ctx.is_test_code(node);
    Ok(Site {
        of,
        callee,
        leads: callee == of,
        is_generic: false,
        in_generic: in_generic(ctx, node),
        file: ctx.file,
        range,
        name,
        caller: Caller::Closure(ctx.enclosing_function_name(node), refusal),
        in_closure: false,
        own: Vec::new(),
        around: Change::default(),
        is_called: false,
        in_tests,
        held: None,
        not_send: None,
        chosen: None,
        cancelled: None,
        bridges: drivers.map_or_else(Vec::new, |drivers| {
            as_closures(ctx, node, function, drivers.in_value(ctx, node, in_tests))
        }),
        handed: None,
    })
}

/// The closures that call a function and drive what it gives back, to stand in the place of its path.
pub fn as_closures(
    ctx: &FileContext<'_>,
    path: &SyntaxNode,
    function: Function,
    bridges: Vec<Option<Bridge>>,
) -> Vec<Option<Bridge>> {
    let parameters = function.assoc_fn_params(ctx.db);
    // Neither a word of the language, nor what would hide the function, nor a constant's name.
    let own = function.name(ctx.db);
    let can_be_used = |name: &str| {
        let is_keyword = SyntaxKind::from_keyword(name, ctx.package.edition).is_some();
        !is_keyword && name != own.as_str() && ctx.can_be_bound(path, name)
    };
    let names = parameters.iter().enumerate().map(|(index, parameter)| {
        let name = parameter.name(ctx.db);
        match name.as_ref().map(|name| name.as_str()) {
            Some("self") => "this".to_owned(),
            Some(name) if can_be_used(name) => name.to_owned(),
            _ => format!("arg{index}"),
        }
    });
    let names = names.collect::<Vec<_>>().join(", ");
    let as_closure = |bridge: Bridge| Bridge {
        before: format!("|{names}| {}", bridge.before),
        after: format!("({names}){}", bridge.after),
        ..bridge
    };
    bridges.into_iter().map(|it| it.map(as_closure)).collect()
}

/// Why a function that is used as a value can't become async.
fn refusal(ctx: &FileContext<'_>, function: Function, taken: &Taken) -> Refusal {
    let name = function.name(ctx.db);
    let name = name.as_str();
    let (kind, message) = match taken {
        Taken::Handler => {
            let message = format!("`{name}` is registered as a handler that is not async");
            (RefusalKind::F17, message)
        }
        Taken::Callable | Taken::Argument => {
            let message = format!("`{name}` is handed over as a function that is not async");
            (RefusalKind::F7, message)
        }
        Taken::Stored => {
            let message = format!("`{name}` is stored or compared as a function");
            (RefusalKind::F16, message)
        }
    };
    Refusal::new(kind, message)
}

fn taken(ctx: &FileContext<'_>, argument: &ast::PathExpr) -> Taken {
    let list = argument.syntax().parent().and_then(ast::ArgList::cast);
    let Some(list) = list else {
        return Taken::Stored;
    };
    let call = list.syntax().parent().and_then(ast::Expr::cast);
    let index = list.args().position(|it| it.syntax() == argument.syntax());
    let (Some(call), Some(index)) = (call, index) else {
        return Taken::Argument;
    };
    let is_method = matches!(call, ast::Expr::MethodCallExpr(_));
    let parameter = ctx.callee(&call).and_then(|function| {
        let all = match is_method {
            true => function.params_without_self(ctx.db),
            false => function.assoc_fn_params(ctx.db),
        };
        all.into_iter().nth(index)?.ty().as_type_param(ctx.db)
    });
    let Some(parameter) = parameter else {
        return Taken::Argument;
    };
    let bounds = parameter.trait_bounds(ctx.db);
    let callable = ["core::ops::Fn", "core::ops::FnMut", "core::ops::FnOnce"];
    let mut callable = callable.iter().filter_map(|it| ctx.trait_at(it));
    match callable.any(|it| bounds.contains(&it)) {
        true => Taken::Callable,
        false if bounds.is_empty() => Taken::Argument,
        false => Taken::Handler,
    }
}
