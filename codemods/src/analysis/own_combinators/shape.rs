//! Which parameter of a function is a closure, and where the function calls it.

use ra_ap_hir::PathResolution;
use ra_ap_ide_db::FxHashSet;
use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxToken, TextRange,
    ast::{self, HasGenericParams, HasName, HasTypeBounds},
};

use crate::context::{Enclosing, FileContext};

/// A parameter that a function calls, by its type.
#[derive(Debug)]
pub(super) struct Taken {
    /// Its place among the parameters; the receiver does not count.
    pub(super) index: usize,
    /// The trait in its bound: `Fn`, `FnMut` or `FnOnce`.
    pub(super) bound: ast::NameRef,
    /// More is asked of it than to be called.
    pub(super) more: bool,
    name: ast::IdentPat,
}

/// The parameters that are closures by a bound of their type.
pub(super) fn taken(node: &ast::Fn) -> Vec<Taken> {
    let params = node.param_list().into_iter().flat_map(|it| it.params());
    params
        .enumerate()
        .filter_map(|(index, param)| {
            let bounds = bounds(node, &param.ty()?)?;
            let (functions, others): (Vec<_>, Vec<_>) =
                bounds.iter().partition(|it| function_trait(it).is_some());
            let bound = function_trait(functions.first()?)?;
            let Some(ast::Pat::IdentPat(name)) = param.pat() else {
                return None;
            };
            Some(Taken {
                index,
                bound,
                more: functions.len() > 1 || others.iter().any(|it| it.lifetime().is_none()),
                name,
            })
        })
        .collect()
}

/// The bounds of a type that a caller chooses, if nothing else is of this type.
fn bounds(node: &ast::Fn, ty: &ast::Type) -> Option<Vec<ast::TypeBound>> {
    let path = match ty {
        ast::Type::ImplTraitType(it) => return Some(it.type_bound_list()?.bounds().collect()),
        ast::Type::PathType(it) => it.path()?,
        _ => return None,
    };
    let name = path.as_single_name_ref()?;
    let list = node.generic_param_list()?;
    let param = list.type_or_const_params().find_map(|param| match param {
        ast::TypeOrConstParam::Type(it) if it.name()?.text() == name.text() => Some(it),
        _ => None,
    })?;
    let own = param.type_bound_list();
    let preds = node.where_clause().into_iter();
    let preds = preds.flat_map(|it| it.predicates()).filter(|pred| {
        let of = match pred.ty() {
            Some(ast::Type::PathType(it)) => it.path(),
            _ => None,
        };
        let of = of.and_then(|it| it.as_single_name_ref());
        of.is_some_and(|it| it.text() == name.text())
    });
    let preds: Vec<ast::WherePred> = preds.collect();
    // The list, the parameter, and the bounds behind `where`.
    let mentions = tokens(node, name.text()).count();
    let lists = own
        .into_iter()
        .chain(preds.iter().filter_map(|it| it.type_bound_list()));
    (mentions == 2 + preds.len()).then(|| lists.flat_map(|it| it.bounds()).collect())
}

/// The trait in a bound such as `FnOnce(&str) -> u32`.
fn function_trait(bound: &ast::TypeBound) -> Option<ast::NameRef> {
    let ast::Type::PathType(path) = bound.ty()? else {
        return None;
    };
    let path = path.path()?;
    path.segment()?.parenthesized_arg_list()?;
    let name = path
        .segment()?
        .name_ref()
        .filter(|_| path.qualifier().is_none())?;
    let plain = bound.question_mark_token().is_none() && bound.async_token().is_none();
    matches!(name.text(), "Fn" | "FnMut" | "FnOnce")
        .then_some(name)
        .filter(|_| plain)
}

/// The identifiers of this name in a function.
fn tokens(node: &ast::Fn, name: &str) -> impl Iterator<Item = SyntaxToken> {
    let tokens = node.syntax().descendants_with_tokens();
    tokens
        .filter_map(|element| element.into_token())
        .filter(move |it| it.kind() == SyntaxKind::IDENT && it.text() == name)
}

/// The calls of a parameter, where the function does nothing but call it there and then.
///
/// # Errors
/// What else it does, as the end of a sentence.
pub(super) fn calls(
    ctx: &FileContext<'_>,
    node: &ast::Fn,
    taken: &Taken,
) -> Result<Vec<ast::Expr>, String> {
    let (Some(body), Some(name)) = (node.body(), taken.name.name()) else {
        return Err("has no body".to_owned());
    };
    let wanted = ctx.sema.to_def(&taken.name);
    let names: FxHashSet<String> = [name.text().to_string()].into_iter().collect();
    let mut calls = Vec::new();
    let mut places: Vec<TextRange> = vec![name.syntax().text_range()];
    for call in ctx.calls_in(body.syntax(), &names) {
        let ast::Expr::CallExpr(it) = &call else {
            continue;
        };
        let Some(ast::Expr::PathExpr(callee)) = it.expr() else {
            continue;
        };
        let resolved = callee.path().and_then(|path| ctx.sema.resolve_path(&path));
        let is_it = matches!(resolved, Some(PathResolution::Local(it)) if Some(it) == wanted);
        let range = ctx.source_range(callee.syntax());
        let whole = ctx.source_range(call.syntax());
        let (Some(range), Some(_)) = (range.filter(|_| is_it), whole) else {
            return Err("calls it in what a macro makes".to_owned());
        };
        let around = ctx.enclosing(call.syntax());
        if !matches!(around, Some(Enclosing::SyncFn(function)) if function == *node) {
            return Err("calls it in code that may run at another time".to_owned());
        }
        if !places.contains(&range) {
            places.push(range);
            calls.push(call);
        }
    }
    let is_other = |token: &SyntaxToken| {
        let of = token.parent().and_then(|it| it.parent());
        of.is_some_and(|it| {
            ast::FieldExpr::can_cast(it.kind()) || ast::MethodCallExpr::can_cast(it.kind())
        })
    };
    let mut named = tokens(node, name.text()).filter(|token| !is_other(token));
    if named.any(|token| !places.contains(&token.text_range())) {
        return Err("does more with it than to call it".to_owned());
    }
    if calls.is_empty() {
        return Err("does not call it".to_owned());
    }
    Ok(calls)
}
