//! The calls of a file that stop the thread which makes them, as the tables know them.

use ra_ap_ide_db::{FxHashMap, FxHashSet};
use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange,
    ast::{self, HasArgList},
};

use crate::{
    cfg::inactive_cfg,
    codemod::Findings,
    context::FileContext,
    facts::TargetKind,
    knowledge::{
        BlockingFilter, BlockingKind, BlockingWord, Blocks, Definition, Signature, last_segment,
    },
    syntax::{Imports, may_be_in_async},
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

const TESTS: &str = "files with tests, which were not looked at (--include-tests)";
const BUILD: &str = "build scripts";

/// The calls of a file, in its order. Build scripts are left out, and tests unless they are asked
/// for.
pub fn blocking_calls<'a>(
    ctx: &FileContext<'a>,
    filter: BlockingFilter,
    found: &mut Findings,
) -> Vec<BlockingCall<'a>> {
    let without_tests = !ctx.settings.include_tests;
    if ctx.target == TargetKind::BuildScript {
        found.quiet(BUILD);
        return Vec::new();
    }
    // Their types are the largest of a project.
    if without_tests && ctx.target == TargetKind::Test {
        found.quiet(TESTS);
        return Vec::new();
    }
    let names = Names::of(ctx, filter);
    let mut written = names.calls_in(ctx, ctx.source.syntax());
    let all = written.len();
    written.retain(|call| !(without_tests && ctx.is_test_code(call.syntax())));
    if written.len() < all {
        found.quiet(TESTS);
    }
    resolved(ctx, written, filter)
}

/// The calls below a node.
pub fn blocking_calls_in<'a>(
    ctx: &FileContext<'a>,
    root: &SyntaxNode,
    filter: BlockingFilter,
) -> Vec<BlockingCall<'a>> {
    let written = Names::of(ctx, filter).calls_in(ctx, root);
    resolved(ctx, written, filter)
}

/// Those that are what their names say.
fn resolved<'a>(
    ctx: &FileContext<'a>,
    written: Vec<ast::Expr>,
    filter: BlockingFilter,
) -> Vec<BlockingCall<'a>> {
    let mut seen = FxHashSet::default();
    let mut calls: Vec<BlockingCall<'a>> = written
        .into_iter()
        .filter_map(|expr| {
            let function = ctx.callee(&expr)?;
            let blocks = |it| ctx.known.blocks(ctx.db, it);
            let blocks = blocks(function).or_else(|| blocks(ctx.in_trait(function)?))?;
            if !(filter.kinds)(blocks.kind) {
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

/// The names that calls of blocking functions may have in a file. What has another name, or is written
/// as something else, is not worth its type.
struct Names<'a> {
    filter: BlockingFilter,
    imports: Imports,
    /// Those that the file gives them, too.
    all: FxHashSet<String>,
    signatures: FxHashMap<&'a str, Vec<&'a Signature>>,
}

impl<'a> Names<'a> {
    fn of(ctx: &FileContext<'a>, filter: BlockingFilter) -> Names<'a> {
        let imports = Imports::of(&ctx.source);
        let signatures = ctx
            .known
            .signatures(ctx.db)
            .of_words(ctx.known.knowledge, |word| {
                let can_be_named =
                    word.kind.work().is_none() || word.is_stated() || depends_on(ctx, &word.path);
                (filter.kinds)(word.kind) && can_be_named && ctx.text.contains(word.hint())
            });
        let mut all: FxHashSet<String> = signatures.keys().map(|it| (*it).to_owned()).collect();
        let aliases: Vec<String> = imports.aliases(&all).cloned().collect();
        all.extend(aliases);
        Names {
            filter,
            imports,
            all,
            signatures,
        }
    }

    /// The calls below a node that may be of one of these functions.
    fn calls_in(&self, ctx: &FileContext<'_>, root: &SyntaxNode) -> Vec<ast::Expr> {
        let mut calls = ctx.calls_in(root, &self.all);
        calls.retain(|call| self.may_be(ctx, call).unwrap_or(false));
        calls
    }

    /// Whether a call may be one of these, for how and where it is written.
    fn may_be(&self, ctx: &FileContext<'_>, call: &ast::Expr) -> Option<bool> {
        let fitting: Vec<&Signature> = match call {
            ast::Expr::MethodCallExpr(call) => {
                let (name, arguments) = (call.name_ref()?, call.arg_list()?.args().count());
                let of_name = self.signatures.get(name.text())?.iter();
                let fits = |it: &&&Signature| it.fits_method(arguments);
                of_name.filter(fits).copied().collect()
            }
            ast::Expr::CallExpr(call) => {
                let ast::Expr::PathExpr(callee) = call.expr()? else {
                    return None;
                };
                let path = self.imports.spell_out(&callee.path()?);
                let arguments = call.arg_list()?.args().count();
                let of_name = self.signatures.get(last_segment(&path))?.iter();
                let fits = |it: &&&Signature| it.fits_path(&path, arguments);
                of_name.filter(fits).copied().collect()
            }
            _ => return None,
        };
        let words = fitting.iter().map(|it| it.word(ctx.known.knowledge));
        let words: Vec<&BlockingWord> = words.collect();
        let is = |what: fn(&BlockingWord) -> bool| words.iter().any(|it| what(it));
        // That would be the function which waits in its place.
        let parent = call.syntax().parent()?;
        if ast::AwaitExpr::can_cast(parent.kind()) && !is(BlockingWord::is_stated) {
            return None;
        }
        // Most of what macros make nobody wrote.
        ctx.source_range(call.syntax())?;
        let anywhere = words.iter().any(|word| (self.filter.anywhere)(word.kind));
        let in_async = || may_be_in_async(ctx.sema.ancestors_with_macros(call.syntax().clone()));
        Some(!words.is_empty() && (anywhere || in_async()))
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
