//! Which values of async code are a runtime, or own one.

use ra_ap_hir::{Adt, HasCrate, Local, Type};
use ra_ap_ide_db::FxHashSet;
use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange,
    ast::{self, HasName},
};

use super::{finding, is_left_out};
use crate::{
    analysis::{
        closures::Around, control::is_own_body, driven::is_block_on, moves::is_ever_moved,
        surroundings::uses_of,
    },
    codemod::{Findings, Note},
    context::FileContext,
    syntax::may_be_in_async,
};

/// How deep fields are looked at.
const DEPTH: usize = 4;

/// Types of std that own what is in them, and drop it.
const OWNERS: &[&str] = &[
    "Option", "Result", "Box", "Vec", "Mutex", "RwLock", "RefCell", "Cell", "OnceCell", "OnceLock",
];

/// The reason that is counted where another codemod has the word.
const DRIVES: &str = "runtimes that async code only drives a future with (block-on-in-async)";

/// The same for those that are made for another thread.
const HANDED_ON: &str = "runtimes that a closure takes";

/// The same for those that end well.
const ENDS_WELL: &str = "runtimes that end without waiting";

/// The runtime that a value of this type owns.
fn runtime_in<'a>(ctx: &FileContext<'a>, ty: &Type<'a>, depth: usize) -> Option<Adt> {
    let adt = ty.as_adt().filter(|_| depth > 0 && !ty.is_reference())?;
    if ctx.known.is_executor(ctx.db, adt) {
        return Some(adt);
    }
    let krate = adt.krate(ctx.db);
    if krate.origin(ctx.db).is_lang() {
        let owns = OWNERS.contains(&adt.name(ctx.db).as_str());
        let mut inner = ty.type_arguments().filter(|_| owns);
        return inner.find_map(|it| runtime_in(ctx, &it, depth - 1));
    }
    let drops = ctx.trait_at("core::ops::Drop");
    let ends_itself = drops.is_some_and(|it| ty.impls_trait(ctx.db, it, &[]));
    if !krate.origin(ctx.db).is_local() || ends_itself {
        return None;
    }
    let fields = ty.fields(ctx.db);
    fields
        .iter()
        .find_map(|(_, it)| runtime_in(ctx, it, depth - 1))
}

/// The names of the types of a file that own a runtime.
pub fn owners_in(ctx: &FileContext<'_>) -> FxHashSet<String> {
    let structs = ctx
        .source
        .syntax()
        .descendants()
        .filter_map(ast::Struct::cast);
    let owners = structs.filter_map(|node| {
        let ty = Adt::from(ctx.sema.to_struct_def(&node)?).ty(ctx.db);
        runtime_in(ctx, &ty, DEPTH)?;
        Some(node.name()?.text().to_string())
    });
    owners.collect()
}

/// Whether the innermost body around a node is async.
fn is_in_async(ctx: &FileContext<'_>, node: &SyntaxNode) -> bool {
    Around::of(ctx, node).is_some_and(|it| it.enclosing.is_async())
}

/// The runtimes that async code below a node makes.
pub fn made_in(ctx: &FileContext<'_>, root: &SyntaxNode, own: &mut Findings) {
    for expr in root.descendants().filter_map(ast::Expr::cast) {
        let called = match &expr {
            ast::Expr::CallExpr(it) => it.expr().map(|it| it.syntax().text().to_string()),
            ast::Expr::MethodCallExpr(it) => it.name_ref().map(|it| it.text().to_string()),
            _ => None,
        };
        let Some(called) = called.filter(|_| may_be_in_async(expr.syntax().ancestors().skip(1)))
        else {
            continue;
        };
        let makes = |expr: &ast::Expr| {
            let ty = ctx.type_of(expr)?;
            let adt = ty.as_adt()?;
            let lang = adt.krate(ctx.db).origin(ctx.db).is_lang();
            (lang || ctx.known.is_executor(ctx.db, adt)).then(|| runtime_in(ctx, &ty, 2))?
        };
        let passed_on = match &expr {
            ast::Expr::MethodCallExpr(it) => it.receiver().is_some_and(|it| makes(&it).is_some()),
            ast::Expr::CallExpr(_) => {
                let mut parts = expr
                    .syntax()
                    .descendants()
                    .skip(1)
                    .filter_map(ast::Expr::cast);
                parts.any(|it| !matches!(it, ast::Expr::PathExpr(_)) && makes(&it).is_some())
            }
            _ => true,
        };
        let Some(adt) = makes(&expr).filter(|_| !passed_on) else {
            continue;
        };
        if !is_in_async(ctx, expr.syntax()) || is_left_out(ctx, expr.syntax(), own) {
            continue;
        }
        let Some(range) = ctx.source_range(expr.syntax()) else {
            continue;
        };
        let whole = unwrapped(&expr);
        if drives(ctx, &whole) {
            own.quiet(DRIVES);
            continue;
        }
        match kept(ctx, &whole) {
            Some(Kept::Drives) => own.quiet(DRIVES),
            Some(Kept::EndsWell) => own.quiet(ENDS_WELL),
            Some(Kept::HandedOn) => own.quiet(HANDED_ON),
            None => {
                let name = adt.name(ctx.db);
                own.items.push(finding(
                    (ctx.file, range),
                    format!(
                        "`{called}` makes another runtime (`{}`) in async code, and dropped there it \
                         panics",
                        name.as_str()
                    ),
                    Vec::new(),
                    "use the runtime that this code runs on (`tokio::spawn`, or `Handle::current()`); \
                     where it has to be another, make it outside of async code, or end it with \
                     `shutdown_background()`",
                ));
            }
        }
    }
}

/// What is done with a runtime that async code has.
enum Kept {
    /// It drives a future.
    Drives,
    /// It ends without waiting.
    EndsWell,
    /// A closure or a future has it, and drops it where that ends.
    HandedOn,
}

/// The value behind `?`, `unwrap` and `expect`.
fn unwrapped(expr: &ast::Expr) -> ast::Expr {
    let parent = expr.syntax().parent();
    let outer = parent.and_then(ast::Expr::cast).filter(|it| match it {
        ast::Expr::TryExpr(_) | ast::Expr::ParenExpr(_) => true,
        ast::Expr::MethodCallExpr(it) => it
            .name_ref()
            .is_some_and(|it| matches!(it.text(), "unwrap" | "expect")),
        _ => false,
    });
    outer.map_or(expr.clone(), |outer| unwrapped(&outer))
}

/// Whether a value is the receiver of a call that drives a future.
fn drives(ctx: &FileContext<'_>, value: &ast::Expr) -> bool {
    let call = value.syntax().parent().and_then(ast::MethodCallExpr::cast);
    call.and_then(|it| ctx.call(&it.into()))
        .is_some_and(|it| is_block_on(&it.api.role))
}

/// What becomes of a value that a local has.
fn kept(ctx: &FileContext<'_>, value: &ast::Expr) -> Option<Kept> {
    let statement = value.syntax().parent().and_then(ast::LetStmt::cast)?;
    let ast::Pat::IdentPat(name) = statement.pat()? else {
        return None;
    };
    of_local(ctx, ctx.sema.to_def(&name)?, name.syntax())
}

fn of_local(ctx: &FileContext<'_>, local: Local<'_>, near: &SyntaxNode) -> Option<Kept> {
    let uses = uses_of(ctx, local, near);
    if uses.iter().any(|path| is_captured(path, near)) {
        return Some(Kept::HandedOn);
    }
    let lets_go = |path: &ast::PathExpr| {
        let call = path.syntax().parent().and_then(ast::MethodCallExpr::cast);
        call.and_then(|it| ctx.sema.resolve_method_call(&it))
            .is_some_and(|it| ctx.known.lets_executor_go(ctx.db, it))
    };
    if uses.iter().any(lets_go) {
        return Some(Kept::EndsWell);
    }
    let drives = uses.iter().any(|path| drives(ctx, &path.clone().into()));
    drives.then_some(Kept::Drives)
}

/// Whether a local that is bound at `near` is used in a body of its own: a closure, or a future.
fn is_captured(path: &ast::PathExpr, near: &SyntaxNode) -> bool {
    let around = path.syntax().ancestors();
    let mut around = around.take_while(|it| !ast::Fn::can_cast(it.kind()));
    around.any(|it| is_own_body(&it) && !it.text_range().contains_range(near.text_range()))
}

/// The locals of async code below a node that own a runtime, as those that do in a field, and keep it to
/// their end.
pub fn owned_in(ctx: &FileContext<'_>, root: &SyntaxNode, own: &mut Findings) {
    let names = root.descendants().filter_map(ast::IdentPat::cast);
    for name in names.filter(|it| may_be_in_async(it.syntax().ancestors().skip(1))) {
        let Some(local) = ctx.sema.to_def(&name) else {
            continue;
        };
        let ty = local.ty(ctx.db);
        let Some(adt) = ty
            .as_adt()
            .filter(|_| runtime_in(ctx, &ty, DEPTH).is_some())
        else {
            continue;
        };
        let is_own = adt.krate(ctx.db).origin(ctx.db).is_local();
        let is_parameter = name
            .syntax()
            .parent()
            .is_some_and(|it| ast::Param::can_cast(it.kind()));
        if !is_own && !is_parameter {
            // Where it is made, that is said.
            continue;
        }
        let uses = uses_of(ctx, local, name.syntax());
        let is_kept = of_local(ctx, local, name.syntax()).is_some();
        // The last value of a block is handed on as well.
        let given = |path: &ast::PathExpr| {
            let parent = path.syntax().parent();
            parent.is_some_and(|it| ast::StmtList::can_cast(it.kind()))
        };
        if is_kept
            || is_ever_moved(ctx, &uses)
            || uses.iter().any(given)
            || !is_in_async(ctx, name.syntax())
            || is_left_out(ctx, name.syntax(), own)
        {
            continue;
        }
        let shown = local.name(ctx.db);
        own.items.push(finding(
            (ctx.file, name.syntax().text_range()),
            format!(
                "`{}` (`{}`) owns a runtime, and is dropped in async code, which panics",
                shown.as_str(),
                adt.name(ctx.db).as_str()
            ),
            field(ctx, &ty).into_iter().collect(),
            "let it have the `Handle` of the runtime that it runs on, or end its runtime with \
             `shutdown_background()` when it is dropped",
        ));
    }
}

/// The field that has the runtime, if that is in this file.
fn field<'a>(ctx: &FileContext<'a>, ty: &Type<'a>) -> Option<Note> {
    let fields = ty.fields(ctx.db);
    let (field, _) = fields
        .iter()
        .find(|(_, it)| runtime_in(ctx, it, DEPTH - 1).is_some())?;
    let source = ctx.sema.source(*field)?;
    let mapped = ctx.sema.original_range_opt(source.value.syntax())?;
    let place: (_, TextRange) = (mapped.file_id.file_id(ctx.db), mapped.range);
    Some(Note::at(
        Some(place),
        format!("its field `{}` has it", field.name(ctx.db).as_str()),
    ))
}
