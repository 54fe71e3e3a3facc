//! The calls of a file that stop the thread which makes them, as the tables know them.

use ra_ap_ide_db::{FxHashMap, FxHashSet};
use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange,
    ast::{self, HasArgList},
};

use crate::{
    cfg::inactive_cfg,
    context::FileContext,
    knowledge::{BlockingKind, BlockingWord, Blocks, Definition},
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
    blocking_calls_in(ctx, ctx.source.syntax(), kinds)
}

/// Those below a node.
pub fn blocking_calls_in<'a>(
    ctx: &FileContext<'a>,
    root: &SyntaxNode,
    kinds: fn(BlockingKind) -> bool,
) -> Vec<BlockingCall<'a>> {
    let mut seen = FxHashSet::default();
    let names = Names::of(ctx, kinds);
    let mut calls: Vec<BlockingCall<'a>> = ctx
        .calls_in(root, &names.all)
        .into_iter()
        .filter(|expr| names.may_be(expr))
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

/// The names that calls of blocking functions may have in a file. What has another name is not worth
/// its type.
struct Names<'a> {
    all: FxHashSet<String>,
    imports: Imports,
    /// What only computes, by name: most of these names are common words.
    computing: FxHashMap<&'a str, Vec<&'a BlockingWord>>,
    /// What does not only compute.
    waiting: FxHashSet<String>,
}

impl<'a> Names<'a> {
    fn of(ctx: &FileContext<'a>, kinds: fn(BlockingKind) -> bool) -> Names<'a> {
        let imports = Imports::of(&ctx.source);
        let words = ctx.known.knowledge.blocking_words.iter();
        let words = words.filter(|word| kinds(word.kind));
        let mut computing: FxHashMap<&str, Vec<&BlockingWord>> = FxHashMap::default();
        let mut waiting: FxHashSet<String> = FxHashSet::default();
        for word in words.filter(|word| ctx.text.contains(word.hint())) {
            if word.kind.work().is_none() {
                if !word.is_type() {
                    waiting.insert(word.name().to_owned());
                }
            } else if word.is_stated() || depends_on(ctx, &word.path) {
                computing.entry(word.name()).or_default().push(word);
            }
        }
        let mut types = ctx.known.knowledge.blocking_words.iter();
        if types.any(|word| kinds(word.kind) && word.is_type() && ctx.text.contains(word.name())) {
            waiting.extend(ctx.known.blocking_methods(ctx.db));
        }
        let mut all: FxHashSet<String> = computing.keys().map(|it| (*it).to_owned()).collect();
        all.extend(waiting.iter().cloned());
        let aliases: Vec<String> = imports.aliases(&all).cloned().collect();
        waiting.extend(aliases.iter().cloned());
        all.extend(aliases);
        Names {
            all,
            imports,
            computing,
            waiting,
        }
    }

    /// Whether a call may be one of these, for how it is written.
    fn may_be(&self, call: &ast::Expr) -> bool {
        let path = match call {
            ast::Expr::CallExpr(call) => match call.expr() {
                Some(ast::Expr::PathExpr(path)) => path.path(),
                _ => None,
            },
            _ => None,
        };
        let Some(path) = path else { return true };
        let spelled = self.imports.spell_out(&path);
        let name = spelled.rsplit("::").next().unwrap_or_default();
        let mut words = self.computing.get(name).into_iter().flatten();
        // What belongs to a module may have another path; what belongs to a type is named with it.
        let may_be = |word: &&BlockingWord| {
            !word.owner().starts_with(char::is_uppercase) || word.is_spelled(&spelled)
        };
        self.waiting.contains(name) || words.any(may_be)
    }
}

/// Whether the package of a file can name the crate of a path.
fn depends_on(ctx: &FileContext<'_>, path: &str) -> bool {
    let krate = path.split("::").next().unwrap_or_default();
    let mut dependencies = ctx.package.dependencies.iter();
    dependencies.any(|it| it.name == krate || it.package.replace('-', "_") == krate)
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
