//! What becomes of the handle of an offload, and which `spawn` gives one of the same kind.

use ra_ap_hir::Function;
use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange,
    ast::{self, HasArgList, HasName},
};

use super::{
    discard::{Dropped, Fate, fate_of},
    join_error::outermost,
    surroundings::{is_hidden_use, uses_of},
};
use crate::{
    context::{Call, FileContext},
    knowledge::{Definition, OnDrop, Role, last_segment},
    refusal::{Refusal, RefusalKind},
};

/// What becomes of a handle.
#[derive(Debug, Clone)]
pub enum Handle {
    /// It is awaited on the spot, by this expression.
    Awaited(ast::Expr),
    /// It is kept, and only awaited later, once; or a set keeps it.
    Kept,
    /// It is returned to a caller.
    Returned,
    /// Nobody looks at it.
    Dropped,
    /// It is used in another way, in words.
    Used(&'static str),
}

/// Follows the handle that `call` gives.
pub fn fate_of_handle(ctx: &FileContext<'_>, call: &ast::Expr, is_async: bool) -> Handle {
    let handle = outermost(call);
    let Some(parent) = handle.syntax().parent() else {
        return Handle::Used("the handle is used by a macro");
    };
    if let Some(awaited) = ast::AwaitExpr::cast(parent.clone()) {
        return match ctx.source_range(awaited.syntax()) {
            Some(_) => Handle::Awaited(awaited.into()),
            None => Handle::Used("a macro awaits the handle, among others"),
        };
    }
    if ctx
        .sema
        .hir_file_for(handle.syntax())
        .macro_file()
        .is_some()
        && !is_written(ctx, &parent)
    {
        return Handle::Used("a macro awaits the handle, among others");
    }
    match fate_of(ctx, &handle) {
        Fate::Dropped {
            how: Dropped::Statement | Dropped::Wildcard | Dropped::Drop | Dropped::UnusedName,
            ..
        } => {
            return Handle::Dropped;
        }
        Fate::Dropped { .. } => return Handle::Used("the handle is the value of a block or arm"),
        Fate::Used => {}
    }
    if let Some(used) = used_by_call(ctx, &parent) {
        return used;
    }
    if let Some(statement) = ast::LetStmt::cast(parent.clone()) {
        return match statement.pat() {
            Some(ast::Pat::IdentPat(name)) if statement.let_else().is_none() => {
                fate_of_name(ctx, &name)
            }
            _ => Handle::Used("the handle is taken apart"),
        };
    }
    let tail = ast::StmtList::cast(parent.clone())
        .and_then(|list| list.syntax().parent()?.parent())
        .is_some_and(|outer| ast::Fn::can_cast(outer.kind()));
    if (tail && !is_async) || ast::ReturnExpr::can_cast(parent.kind()) {
        return Handle::Returned;
    }
    Handle::Used("the handle is stored or passed on")
}

fn is_written(ctx: &FileContext<'_>, node: &SyntaxNode) -> bool {
    ctx.source_range(node).is_some()
}

fn fate_of_name(ctx: &FileContext<'_>, name: &ast::IdentPat) -> Handle {
    let (Some(local), Some(text)) = (ctx.sema.to_def(name), name.name()) else {
        return Handle::Used("the handle is stored");
    };
    if is_hidden_use(name.syntax(), text.text()) {
        return Handle::Used("the handle may be used by a macro: `select!`, `join!` or another");
    }
    let uses = uses_of(ctx, local, name.syntax());
    for path in &uses {
        let Some(parent) = outermost(&path.clone().into()).syntax().parent() else {
            continue;
        };
        let reference = ast::RefExpr::cast(parent.clone()).and_then(|it| it.syntax().parent());
        if let Some(used) = used_by_call(ctx, &reference.unwrap_or(parent)) {
            return used;
        }
    }
    let awaited = uses.iter().all(|path| {
        let parent = outermost(&path.clone().into()).syntax().parent();
        parent.is_some_and(|parent| ast::AwaitExpr::can_cast(parent.kind()))
    });
    match (uses.len(), awaited) {
        (1, true) => Handle::Kept,
        _ => Handle::Used("the handle is stored or passed on"),
    }
}

/// A handle that a call takes, as an argument or receiver.
fn used_by_call(ctx: &FileContext<'_>, parent: &SyntaxNode) -> Option<Handle> {
    let call = if ast::ArgList::can_cast(parent.kind()) {
        ast::Expr::cast(parent.parent()?)?
    } else {
        ast::MethodCallExpr::cast(parent.clone())?.into()
    };
    let api = ctx.callee(&call).and_then(|callee| ctx.api(callee));
    Some(match api.map(|api| &api.role) {
        Some(Role::Detaches) => Handle::Dropped,
        Some(Role::Aborts) => Handle::Used("the handle is aborted, which would now end the work"),
        Some(Role::Cancels) => Handle::Used("the handle is handed to what may drop it half way"),
        _ => Handle::Used("the handle is stored or passed on"),
    })
}

/// The `spawn` that takes the place of an offload.
#[derive(Debug, Clone)]
pub struct Spawn {
    /// What it replaces: the callee's path, or its last name.
    pub range: TextRange,
    /// What stands there.
    pub text: String,
    /// Whether the rest of the callee's path stays.
    pub keeps_path: bool,
}

/// The `spawn` with the same kind of handle as this offload, as it can be written at its place.
///
/// # Errors
/// If there is none, or its path can't be written there.
pub fn spawn_in_its_place(ctx: &FileContext<'_>, call: &Call<'_>) -> Result<Spawn, Refusal> {
    let none = || {
        let message = format!(
            "no `spawn` gives a handle like that of `{}`",
            call.api.name()
        );
        Refusal::new(RefusalKind::R5, message)
    };
    let Role::Offload { join, wrapped, .. } = &call.api.role else {
        return Err(none());
    };
    if wrapped.is_some() {
        return Err(none());
    }
    let sibling = call
        .api
        .path
        .replace("spawn_blocking", "spawn")
        .replace("unblock", "spawn");
    let crate_name = call.api.path.split("::").next().unwrap_or_default();
    let row = ctx.known.knowledge.apis.iter().find(|api| {
        let Role::Spawn {
            join: other,
            on_drop,
            ..
        } = &api.role
        else {
            return false;
        };
        let free = call.receiver.is_none()
            && api.path.split("::").next() == Some(crate_name)
            && last_segment(&api.path) == "spawn"
            && function_at(ctx, &api.path).is_some_and(|it| !it.has_self_param(ctx.db));
        let same = api.path == sibling || free;
        same && api.path != call.api.path && (join == other || *on_drop == OnDrop::Owned)
    });
    let Some(row) = row else { return Err(none()) };
    let name = last_segment(&row.path);
    if let ast::Expr::MethodCallExpr(method) = &call.expr {
        let range = method
            .name_ref()
            .and_then(|name| ctx.source_range(name.syntax()));
        let range = range.ok_or_else(none)?;
        return Ok(Spawn {
            range,
            text: name.to_owned(),
            keeps_path: true,
        });
    }
    let ast::Expr::CallExpr(written) = &call.expr else {
        return Err(none());
    };
    let path = match written.expr() {
        Some(ast::Expr::PathExpr(path)) if written.arg_list().is_some() => path.path(),
        _ => None,
    };
    let path = path.ok_or_else(none)?;
    let wanted = function_at(ctx, &row.path);
    let place = call.expr.syntax();
    let last = path
        .segment()
        .and_then(|segment| ctx.source_range(segment.syntax()));
    if let (Some(qualifier), Some(range)) = (path.qualifier(), last) {
        let text = format!("{}::{name}", qualifier.syntax().text());
        if call.receiver.is_some() || ctx.function_in_scope(place, &text) == wanted {
            return Ok(Spawn {
                range,
                text: name.to_owned(),
                keeps_path: true,
            });
        }
    }
    let range = ctx.source_range(path.syntax()).ok_or_else(none)?;
    let dependency = ctx
        .package
        .dependency(&crate_name.replace('_', "-"), ctx.target);
    let dependency = dependency.or_else(|| ctx.package.dependency(crate_name, ctx.target));
    let Some(dependency) = dependency else {
        let message = format!("the package does not depend on `{crate_name}` itself");
        return Err(Refusal::new(RefusalKind::R6, message));
    };
    let (_, item) = row.path.split_once("::").ok_or_else(none)?;
    let text = format!("{}::{item}", dependency.name);
    let text = match ctx.function_in_scope(place, &text) {
        found if found == wanted => text,
        _ => format!("::{text}"),
    };
    Ok(Spawn {
        range,
        text,
        keeps_path: false,
    })
}

fn function_at(ctx: &FileContext<'_>, path: &str) -> Option<Function> {
    ctx.known
        .definitions(ctx.db, path)
        .into_iter()
        .find_map(|definition| match definition {
            Definition::Function(function) => Some(function),
            _ => None,
        })
}
