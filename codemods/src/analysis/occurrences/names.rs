//! What a name may mean by how it is written, before anything is resolved.

use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxToken,
    ast::{self, HasArgList},
};

use super::{ByName, Sought};
use crate::analysis::{contract, functions::Shape};

/// The functions that an identifier may name, by how it is written there.
pub(super) fn sought_at<'a>(token: &SyntaxToken, by_name: &ByName<'a>) -> Vec<&'a Sought> {
    let sought = named(token, by_name);
    if sought.is_empty() {
        return Vec::new();
    }
    let before = before(token);
    let defines = is_defined(token);
    let in_impl = || {
        token
            .parent_ancestors()
            .nth(2)
            .is_some_and(|list| ast::AssocItemList::can_cast(list.kind()))
    };
    sought
        .iter()
        .filter(|it| match (it.shape, before.as_deref()) {
            (Shape::Free, _) if defines => !in_impl(),
            // Who knows what a macro implements.
            (_, _) if defines => in_impl() || (it.in_trait && is_in_macro(token)),
            (Shape::Free | Shape::Associated, Some(".")) => false,
            (Shape::Free, _) => true,
            (Shape::Associated | Shape::Method, Some("::" | ":")) => true,
            (Shape::Associated, _) => false,
            (Shape::Method, before) => before == Some("."),
        })
        .copied()
        .collect()
}

/// The functions that an identifier may come to name in what a macro makes, and not by how it is
/// written among the macro's arguments.
pub(super) fn hidden_at<'a>(token: &SyntaxToken, by_name: &ByName<'a>) -> Vec<&'a Sought> {
    let mut hidden = match is_in_macro(token) {
        true => named(token, by_name).to_vec(),
        false => Vec::new(),
    };
    if !hidden.is_empty() {
        let seen = sought_at(token, by_name);
        hidden.retain(|it| !seen.iter().any(|seen| std::ptr::eq(*seen, *it)));
    }
    hidden
}

/// Whether one of the functions has an identifier as its name.
pub(super) fn is_named(token: &SyntaxToken, by_name: &ByName<'_>) -> bool {
    !named(token, by_name).is_empty()
}

/// The functions that have an identifier as their name.
fn named<'s, 'a>(token: &SyntaxToken, by_name: &'s ByName<'a>) -> &'s [&'a Sought] {
    let name = Some(token).filter(|it| it.kind() == SyntaxKind::IDENT);
    let name = name.map(|it| it.text().trim_start_matches("r#"));
    name.and_then(|it| by_name.get(it))
        .map_or(&[], Vec::as_slice)
}

fn is_in_macro(token: &SyntaxToken) -> bool {
    let parent = token.parent();
    parent.is_some_and(|it| ast::TokenTree::can_cast(it.kind()))
}

/// Whether an identifier is the name of a function that is written there.
pub(super) fn is_defined(token: &SyntaxToken) -> bool {
    before(token).as_deref() == Some("fn")
}

fn before(token: &SyntaxToken) -> Option<String> {
    std::iter::successors(token.prev_token(), SyntaxToken::prev_token)
        .find(|token| !token.kind().is_trivia())
        .map(|token| token.text().to_owned())
}

/// Whether a name stands where neither a function nor a method can be meant.
pub(super) fn is_no_reference(token: &SyntaxToken) -> bool {
    let Some(parent) = token.parent() else {
        return false;
    };
    let Some(outer) = parent.parent() else {
        return false;
    };
    if ast::Name::can_cast(parent.kind()) {
        // Another function of this name may be ours under another condition.
        return !ast::Fn::can_cast(outer.kind());
    }
    if !ast::NameRef::can_cast(parent.kind()) {
        return false;
    }
    match outer.kind() {
        SyntaxKind::FIELD_EXPR | SyntaxKind::RECORD_PAT_FIELD | SyntaxKind::RECORD_EXPR_FIELD => {
            true
        }
        SyntaxKind::PATH_SEGMENT => {
            let path = ast::PathSegment::cast(outer).map(|segment| segment.parent_path());
            path.is_some_and(|path| is_no_value(&path))
        }
        _ => false,
    }
}

/// Whether a path stands where no function can be named: in a type, a pattern, the name of a
/// macro, or before `::`.
fn is_no_value(path: &ast::Path) -> bool {
    path.syntax().parent().is_some_and(|parent| {
        matches!(
            parent.kind(),
            SyntaxKind::PATH
                | SyntaxKind::PATH_TYPE
                | SyntaxKind::MACRO_CALL
                | SyntaxKind::PATH_META
                | SyntaxKind::VISIBILITY
                | SyntaxKind::VISIBILITY_INNER
                | SyntaxKind::RECORD_EXPR
                | SyntaxKind::RECORD_PAT
                | SyntaxKind::TUPLE_STRUCT_PAT
                | SyntaxKind::PATH_PAT
        )
    })
}

/// Whether a name is called with another number of arguments than the function takes.
pub(super) fn takes_others(token: &SyntaxToken, it: &Sought) -> bool {
    if is_in_macro(token) {
        let receiver = usize::from(before(token).as_deref() == Some("."));
        return arguments_in_macro(token).is_some_and(|taken| taken + receiver != it.parameters);
    }
    let Some(outer) = token.parent().and_then(|name| name.parent()) else {
        return false;
    };
    let arguments = |list: Option<ast::ArgList>| list.map(|list| list.args().count());
    let taken = match ast::MethodCallExpr::cast(outer.clone()) {
        Some(call) => arguments(call.arg_list()).map(|taken| taken + 1),
        None => {
            let path = ast::PathSegment::cast(outer).map(|segment| segment.parent_path());
            let callee = path.and_then(|path| path.syntax().parent());
            let call = callee
                .clone()
                .and_then(|callee| callee.parent())
                .and_then(ast::CallExpr::cast)
                .filter(|call| call.expr().map(|it| it.syntax().clone()) == callee);
            call.and_then(|call| arguments(call.arg_list()))
        }
    };
    taken.is_some_and(|taken| taken != it.parameters)
}

/// How many arguments a call has that stands in the rules or the arguments of a macro, where no
/// variable of the macro and no list of types could hide one.
fn arguments_in_macro(token: &SyntaxToken) -> Option<usize> {
    let behind = std::iter::successors(token.next_sibling_or_token(), |it| {
        it.next_sibling_or_token()
    });
    let list = behind.into_iter().find(|it| !it.kind().is_trivia())?;
    let list = list.into_node().and_then(ast::TokenTree::cast)?;
    list.l_paren_token()?;
    let tokens = list.syntax().children_with_tokens();
    let mut kinds: Vec<SyntaxKind> = tokens
        .map(|it| it.kind())
        .filter(|it| !it.is_trivia())
        .collect();
    kinds.retain(|it| !matches!(it, SyntaxKind::L_PAREN | SyntaxKind::R_PAREN));
    let hides = [SyntaxKind::DOLLAR, SyntaxKind::L_ANGLE, SyntaxKind::PIPE];
    if kinds.iter().any(|it| hides.contains(it)) {
        return None;
    }
    let arguments = kinds.split(|it| *it == SyntaxKind::COMMA);
    Some(arguments.filter(|argument| !argument.is_empty()).count())
}

pub(super) fn is_test_function(token: &SyntaxToken) -> bool {
    let function = token.parent_ancestors().nth(1).and_then(ast::Fn::cast);
    function.is_some_and(|function| contract::is_test(&function))
}
