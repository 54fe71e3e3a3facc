//! Functions that are not async, and give back a future that is ready: `ready(..)` and its like, and
//! async blocks that await nothing, boxed or not.

use ra_ap_hir::AsAssocItem;
use ra_ap_syntax::{
    AstNode, SyntaxNode, T, TextRange,
    ast::{self, HasArgList, HasGenericArgs},
};

use super::{awaited::inside_braces, leftovers};
use crate::{
    change::Change,
    context::FileContext,
    knowledge::Definition,
    refusal::{Refusal, RefusalKind},
    text::{has_comment, shifted},
};

/// The types by which a function may say that it gives a future back.
pub const TYPES: [&str; 4] = ["Future", "BoxFuture", "LocalBoxFuture", "Ready"];

/// The crates whose module `future` has these functions.
const CRATES: [&str; 3] = ["core", "futures", "futures_util"];

/// A future that is ready, as it is written.
struct Wrapped {
    /// The expression, and what else in it is a future, from the outside in.
    layers: Vec<ast::Expr>,
    /// The value in it: an expression, or an async block.
    value: ast::Expr,
    /// The variant of `Result` that is made of the value.
    variant: Option<&'static str>,
}

/// What a function gives at once.
pub struct Unwrapped {
    /// The edits that take the future away.
    pub change: Change,
    /// The futures that go away.
    pub futures: Vec<SyntaxNode>,
}

/// Whether a function may be one of these, on the tree alone.
pub fn may_be(node: &ast::Fn) -> bool {
    let of_future = |ret: ast::RetType| output(&ret).is_some();
    let Some(body) = node.body() else {
        return false;
    };
    let awaits = || {
        let mut tokens = body.syntax().descendants_with_tokens();
        tokens.any(|it| it.kind() == T![await])
    };
    let looks_so = |tail: &ast::Expr| wrapped(tail, &|_, _| true).is_some();
    node.ret_type().is_some_and(of_future)
        && !awaits()
        && tails(&body).is_some_and(|tails| tails.iter().all(looks_so))
}

/// The function without its future. `None` if it is none of these after all.
pub fn unwrapped(ctx: &FileContext<'_>, node: &ast::Fn) -> Option<Result<Unwrapped, Refusal>> {
    let function = ctx.sema.to_fn_def(node)?;
    let given = function.ret_type(ctx.db);
    if !ctx.implements(&given, "core::future::Future") {
        return None;
    }
    let body = node.body()?;
    let ret = node.ret_type()?;
    let tails = tails(&body)?;
    let known = |expr: &ast::Expr, name: &str| makes(ctx, expr, name);
    let found: Vec<Wrapped> = tails
        .iter()
        .map(|tail| wrapped(tail, &known))
        .collect::<Option<_>>()?;
    let refuse = |message: &str| Some(Err(Refusal::new(RefusalKind::R5, message)));
    if returns(&body) {
        return refuse("it gives futures back in the middle, too");
    }
    let mut change = Change::default();
    let mut gone = Vec::new();
    for it in &found {
        let result = "core::result::Result";
        if it
            .variant
            .is_some_and(|name| !ctx.names_std(it.value.syntax(), name, result))
        {
            return refuse("`Ok` and `Err` are something else there");
        }
        it.unwrap(ctx, &mut change, &mut gone)?;
    }
    let (ty, outer) = (
        output(&ret)?.syntax().text_range(),
        ret.syntax().text_range(),
    );
    let (inner, whole) = (ty, ret.ty()?.syntax().text_range());
    if output(&ret)?.syntax().text() == "()" {
        let before = ret.syntax().prev_sibling_or_token();
        let space = before.filter(|it| it.as_token().is_some_and(|it| it.kind().is_trivia()));
        let start = space.map_or(outer.start(), |it| it.text_range().start());
        let range = TextRange::new(start, outer.end());
        change.delete(ctx.file, range);
        gone.push(range);
    } else {
        for range in [
            TextRange::new(whole.start(), inner.start()),
            TextRange::new(inner.end(), whole.end()),
        ] {
            change.delete(ctx.file, range);
            gone.push(range);
        }
    }
    change
        .edits
        .retain(|edit| !(edit.range.is_empty() && edit.text.is_empty()));
    if gone
        .iter()
        .any(|range| has_comment(ctx.source.syntax(), *range))
    {
        return refuse("a comment stands around the value");
    }
    leftovers::note(ctx, &mut change, &gone);
    let layers = found.iter().flat_map(|it| &it.layers);
    let futures = layers.map(|it| it.syntax().clone()).collect();
    Some(Ok(Unwrapped { change, futures }))
}

impl Wrapped {
    /// Writes the value in the place of the future.
    fn unwrap(
        &self,
        ctx: &FileContext<'_>,
        change: &mut Change,
        gone: &mut Vec<TextRange>,
    ) -> Option<()> {
        let outermost = self.layers.first()?.syntax();
        let whole = ctx.source_range(outermost)?;
        if let ast::Expr::BlockExpr(block) = &self.value {
            let list = block.stmt_list()?;
            let braces = list.syntax().text_range();
            let parent = outermost.parent();
            let is_tail = parent.is_some_and(|it| ast::StmtList::can_cast(it.kind()));
            // Elsewhere the block is needed for its statements.
            let opens = is_tail || list.statements().next().is_none();
            let inner = match opens {
                true => inside_braces(ctx, &list)?,
                false => braces,
            };
            let text = ctx.slice(inner);
            let text = shifted(
                text,
                ctx.indent_at(inner.start()),
                ctx.indent_at(whole.start()),
            );
            change.replace(ctx.file, whole, text);
            gone.push(TextRange::new(whole.start(), inner.start()));
            gone.push(TextRange::new(inner.end(), whole.end()));
            return Some(());
        }
        let value = ctx.source_range(self.value.syntax())?;
        let (before, behind) = match self.variant {
            Some(variant) => (format!("{variant}("), ")"),
            None => (String::new(), ""),
        };
        let parts = [
            (
                TextRange::new(whole.start(), value.start()),
                before.as_str(),
            ),
            (TextRange::new(value.end(), whole.end()), behind),
        ];
        for (range, text) in parts {
            change.replace(ctx.file, range, text);
            gone.push(range);
        }
        Some(())
    }
}

/// Reads a future that is ready; `is_it` says whether a call is the function of a name.
fn wrapped(whole: &ast::Expr, is_it: &dyn Fn(&ast::Expr, &str) -> bool) -> Option<Wrapped> {
    let mut inner = whole.clone();
    let mut layers = Vec::new();
    loop {
        layers.push(inner.clone());
        let next = match &inner {
            ast::Expr::BlockExpr(block) => {
                let is_async = matches!(block.modifier(), Some(ast::BlockModifier::Async(_)));
                return is_async.then(|| Wrapped {
                    layers,
                    value: inner.clone(),
                    variant: None,
                });
            }
            ast::Expr::ParenExpr(outer) => outer.expr()?,
            ast::Expr::MethodCallExpr(call) => {
                let name = call.name_ref()?;
                let boxes = ["boxed", "boxed_local"].contains(&name.text());
                if !boxes || !is_it(&inner, "boxed") {
                    return None;
                }
                call.receiver()?
            }
            ast::Expr::CallExpr(call) => {
                let ast::Expr::PathExpr(path) = call.expr()? else {
                    return None;
                };
                let name = path.path()?.segment()?.name_ref()?;
                let mut arguments = call.arg_list()?.args();
                let (only, None) = (arguments.next()?, arguments.next()) else {
                    return None;
                };
                let variant = match name.text() {
                    "pin" if is_it(&inner, "pin") => {
                        inner = only;
                        continue;
                    }
                    "ready" if is_it(&inner, "ready") => None,
                    "ok" if is_it(&inner, "ok") => Some("Ok"),
                    "err" if is_it(&inner, "err") => Some("Err"),
                    _ => return None,
                };
                return Some(Wrapped {
                    layers,
                    value: only,
                    variant,
                });
            }
            _ => return None,
        };
        inner = next;
    }
}

/// Whether a call is of the function of this name that makes or boxes a future.
fn makes(ctx: &FileContext<'_>, call: &ast::Expr, name: &str) -> bool {
    let Some(callee) = ctx.callee(call) else {
        return false;
    };
    if name == "boxed" {
        let declared = ctx.in_trait(callee).unwrap_or(callee);
        let item = declared.as_assoc_item(ctx.db);
        let of = item.and_then(|item| item.container_trait(ctx.db));
        let paths = [
            "futures::future::FutureExt",
            "futures_util::future::FutureExt",
        ];
        return of.is_some() && paths.iter().any(|path| ctx.trait_at(path) == of);
    }
    let is_at = |path: &str| {
        let found = ctx.known.definitions(ctx.db, path);
        found.contains(&Definition::Function(callee))
    };
    match name {
        "pin" => is_at("alloc::boxed::Box::pin"),
        _ => CRATES
            .iter()
            .any(|it| is_at(&format!("{it}::future::{name}"))),
    }
}

/// What a block may give: the ends of its branches.
fn tails(block: &ast::BlockExpr) -> Option<Vec<ast::Expr>> {
    let mut found = Vec::new();
    let mut open = vec![block.stmt_list()?.tail_expr()?];
    while let Some(expr) = open.pop() {
        match &expr {
            ast::Expr::BlockExpr(block) if block.modifier().is_none() => {
                open.push(block.stmt_list()?.tail_expr()?);
            }
            ast::Expr::IfExpr(it) => {
                open.push(it.then_branch()?.into());
                open.push(match it.else_branch()? {
                    ast::ElseBranch::Block(block) => block.into(),
                    ast::ElseBranch::IfExpr(it) => it.into(),
                });
            }
            ast::Expr::MatchExpr(it) => {
                for arm in it.match_arm_list()?.arms() {
                    open.push(arm.expr()?);
                }
            }
            _ => found.push(expr),
        }
    }
    Some(found)
}

/// Whether a `return` stands in a body outside of its async blocks and closures.
fn returns(body: &ast::BlockExpr) -> bool {
    let mut found = body
        .syntax()
        .descendants()
        .filter_map(ast::ReturnExpr::cast);
    found.any(|it| {
        let inside = it.syntax().ancestors().take_while(|it| it != body.syntax());
        !inside.skip(1).any(|it| super::control::is_own_body(&it))
    })
}

/// The type that the future of a return type gives.
fn output(ret: &ast::RetType) -> Option<ast::Type> {
    let ty = ret.ty()?;
    let named: Vec<ast::AssocTypeArg> = ty
        .syntax()
        .descendants()
        .filter_map(ast::AssocTypeArg::cast)
        .filter(|it| {
            let of = it.syntax().ancestors().find_map(ast::PathSegment::cast);
            let of = of.and_then(|of| of.name_ref());
            let is_future = of.is_some_and(|of| of.text() == "Future");
            is_future && it.name_ref().is_some_and(|it| it.text() == "Output")
        })
        .collect();
    match named.as_slice() {
        [only] => return only.ty(),
        [] => {}
        _ => return None,
    }
    let ast::Type::PathType(path) = ty else {
        return None;
    };
    let segment = path.path()?.segment()?;
    let name = segment.name_ref()?;
    if !TYPES[1..].contains(&name.text()) {
        return None;
    }
    let arguments = segment.generic_arg_list()?.generic_args();
    arguments
        .filter_map(|it| match it {
            ast::GenericArg::TypeArg(it) => it.ty(),
            _ => None,
        })
        .last()
}
