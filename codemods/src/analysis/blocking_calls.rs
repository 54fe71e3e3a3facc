//! The calls of a file that stop the thread which makes them, as the tables know them.

use ra_ap_ide_db::FxHashSet;
use ra_ap_syntax::{
    AstNode, TextRange,
    ast::{self, HasArgList},
};

use crate::{
    cfg::inactive_cfg,
    context::FileContext,
    knowledge::{BlockingKind, Blocks, Definition},
    syntax::Imports,
};

/// A call that stops its thread.
#[derive(Debug, Clone)]
pub struct BlockingCall<'a> {
    /// The call.
    pub expr: ast::Expr,
    /// Its place in the file.
    pub range: TextRange,
    /// What the tables say of it.
    pub blocks: Blocks<'a>,
    /// The user says that it is cheap.
    pub is_cheap: bool,
}

/// The calls that stop their thread in a way that is one of these, in the order of the file.
pub fn blocking_calls<'a>(
    ctx: &FileContext<'a>,
    kinds: fn(BlockingKind) -> bool,
) -> Vec<BlockingCall<'a>> {
    let mut seen = FxHashSet::default();
    let mut calls: Vec<BlockingCall<'a>> = ctx
        .calls_of(&names(ctx, kinds))
        .into_iter()
        .filter_map(|expr| {
            let function = ctx.callee(&expr)?;
            let blocks = |it| ctx.known.blocks(ctx.db, it);
            let blocks = blocks(function).or_else(|| blocks(ctx.in_trait(function)?))?;
            if !kinds(blocks.kind) {
                return None;
            }
            if inactive_cfg(ctx.sema, ctx.file, expr.syntax()).is_some() {
                return None;
            }
            let range = ctx.source_range(expr.syntax())?;
            let call = BlockingCall {
                expr,
                range,
                blocks,
                is_cheap: ctx.known.is_cheap(function),
            };
            (seen.insert(range) && waits(ctx, &call)).then_some(call)
        })
        .collect();
    calls.sort_by_key(|call| (call.range.start(), call.range.end()));
    calls
}

/// The names that calls of blocking functions may have in this file.
fn names(ctx: &FileContext<'_>, kinds: fn(BlockingKind) -> bool) -> FxHashSet<String> {
    let words = ctx.known.knowledge.blocking_words.iter();
    let words = words.filter(|word| kinds(word.kind));
    let mut names: FxHashSet<String> = words
        .filter(|word| ctx.text.contains(word.hint()))
        .filter(|word| !word.is_type())
        .map(|word| word.name().to_owned())
        .collect();
    let mut types = ctx.known.knowledge.blocking_words.iter();
    if types.any(|word| kinds(word.kind) && word.is_type() && ctx.text.contains(word.name())) {
        names.extend(ctx.known.blocking_methods(ctx.db));
    }
    let imports = Imports::of(&ctx.source);
    let aliases: Vec<String> = imports.aliases(&names).cloned().collect();
    names.extend(aliases);
    names
}

/// Whether a call can be one that waits, for what it is called on.
fn waits(ctx: &FileContext<'_>, call: &BlockingCall<'_>) -> bool {
    if call.blocks.kind != BlockingKind::Net {
        return true;
    }
    // A socket is bound at once.
    if call.blocks.path.ends_with("::bind") {
        return false;
    }
    let Some(receiver) = receiver(&call.expr) else {
        return true;
    };
    match call.blocks.path {
        "std::net::ToSocketAddrs::to_socket_addrs" => looks_up(ctx, &receiver),
        path => !path.starts_with("std::") || !is_non_blocking(&receiver),
    }
}

fn receiver(call: &ast::Expr) -> Option<ast::Expr> {
    match call {
        ast::Expr::MethodCallExpr(call) => call.receiver(),
        ast::Expr::CallExpr(call) => call.arg_list()?.args().next(),
        _ => None,
    }
}

/// Whether the address of a value may be a name, which somebody has to be asked for.
fn looks_up(ctx: &FileContext<'_>, value: &ast::Expr) -> bool {
    let Some(ty) = ctx.type_of(value) else {
        return true;
    };
    let ty = ty.strip_references();
    let host = match ty.tuple_fields(ctx.db).into_iter().next() {
        Some(host) => host.strip_references(),
        None => ty,
    };
    let string = ctx.known.definitions(ctx.db, "alloc::string::String");
    host.is_str()
        || host
            .as_adt()
            .is_none_or(|adt| string.contains(&Definition::Adt(adt)))
}

/// Whether the function around a local makes a socket in it non-blocking.
fn is_non_blocking(receiver: &ast::Expr) -> bool {
    let around = receiver.syntax().ancestors().find_map(ast::Fn::cast);
    let Some(around) = around else { return false };
    let name = receiver.syntax().text().to_string();
    let mut calls = around
        .syntax()
        .descendants()
        .filter_map(ast::MethodCallExpr::cast);
    calls.any(|call| {
        let sets = call
            .name_ref()
            .is_some_and(|it| it.text() == "set_nonblocking");
        sets && call
            .receiver()
            .is_some_and(|it| it.syntax().text().to_string() == name)
    })
}
