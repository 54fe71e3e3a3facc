//! A runtime that a function takes as a parameter: what it drives in there, its callers can drive
//! with what they hand over.

use ra_ap_hir::{AsAssocItem, AssocItemContainer, Function, Local, Type};
use ra_ap_syntax::{
    AstNode, NodeOrToken, SyntaxElement, SyntaxKind, SyntaxNode, SyntaxToken, TextRange,
    ast::{self, HasArgList, HasAttrs},
};

use super::{
    bridges::Bridge,
    contract::{attribute_path, enclosing_attribute},
    handle::{cloned, is_handle_call, is_of_this_runtime, is_place},
    leftovers::{self, mentions},
};
use crate::{
    change::Change,
    context::{Enclosing, FileContext},
    knowledge::Role,
    text::has_comment,
};

/// The parameter of a function, as plain data.
#[derive(Debug, Clone)]
pub struct RuntimeParameter {
    /// Its name.
    pub name: String,
    /// Takes it away, with all that is done by it. `None` where something needs it still.
    pub removal: Option<Change>,
    /// The arguments that hand it on to other functions.
    pub handed_on: Vec<TextRange>,
}

/// What a call hands over for such a parameter.
#[derive(Debug, Clone)]
pub struct HandedRuntime {
    /// The argument.
    pub argument: TextRange,
    /// It is known to be the runtime that the code around runs on, or would run on.
    pub runs: Option<Runs>,
    /// What drives the future here.
    pub bridge: Bridge,
    /// Takes the argument away.
    pub removal: Option<Change>,
}

/// Why code runs on a runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runs {
    /// It was asked for the current one.
    Here,
    /// It is a parameter of the function around as well.
    WhereItsCallersSay,
}

/// The parameter of a function that drives futures on what it is given for it, if it is the only one
/// of its kind, and what is driven by it is driven in the function itself.
pub fn parameter(ctx: &FileContext<'_>, node: &ast::Fn) -> Option<RuntimeParameter> {
    let (parameter, local) = find(ctx, node)?;
    let mut removal = Some(Change::default());
    let mut gone = vec![parameter.syntax().text_range()];
    let mut handed_on = Vec::new();
    for token in mentions(ctx, local, node.syntax()) {
        match use_of(ctx, node, &token)? {
            Use::Drives => {}
            Use::HandedOn(range) => handed_on.push(range),
            Use::Written {
                range,
                text,
                gone: own,
            } => {
                gone.extend(own);
                if let Some(removal) = &mut removal {
                    removal.replace(ctx.file, range, text);
                }
            }
            Use::Other => removal = None,
        }
    }
    let range = with_comma(&parameter.syntax().clone().into());
    let has_comment = has_comment(parameter.syntax().parent().as_ref()?, range);
    if let Some(removal) = &mut removal {
        removal.delete(ctx.file, range);
        leftovers::note(ctx, removal, &gone);
    }
    Some(RuntimeParameter {
        name: local.name(ctx.db).as_str().to_owned(),
        removal: removal.filter(|_| !has_comment),
        handed_on,
    })
}

/// Whether a value is such a parameter of the function that it stands in.
pub fn is_parameter(ctx: &FileContext<'_>, value: &ast::Expr) -> bool {
    owner(ctx, value).is_some_and(|node| parameter(ctx, &node).is_some())
}

/// What a call of `callee` hands over for its parameter of the kind.
pub fn handed(ctx: &FileContext<'_>, call: &ast::Expr, callee: Function) -> Option<HandedRuntime> {
    let index = index_in(ctx, callee)?;
    let arguments: Vec<ast::Expr> = match call {
        ast::Expr::MethodCallExpr(call) => call.arg_list()?.args().collect(),
        ast::Expr::CallExpr(call) => {
            let receivers = usize::from(callee.has_self_param(ctx.db));
            call.arg_list()?.args().skip(receivers).collect()
        }
        _ => return None,
    };
    let argument = arguments.get(index)?;
    let range = ctx.source_range(argument.syntax())?;
    let runtime = place_of(ctx, argument);
    let text = ctx.source_text(runtime.syntax())?;
    if !(is_place(&runtime) || is_handle_call(ctx, &runtime)) {
        return None;
    }
    let around = ctx.enclosing(call.syntax())?;
    let runs = if is_parameter(ctx, argument) {
        Some(Runs::WhereItsCallersSay)
    } else {
        let body = around.body()?;
        is_of_this_runtime(ctx, argument, &body, None).then_some(Runs::Here)
    };
    let removed = with_comma(&argument.syntax().clone().into());
    let in_file = ctx.source.syntax().text_range().contains_range(removed)
        && !ctx.sema.hir_file_for(argument.syntax()).is_macro();
    let commented = has_comment(call.syntax(), removed);
    Some(HandedRuntime {
        argument: range,
        runs,
        bridge: Bridge {
            before: format!("{text}.block_on("),
            after: ")".to_owned(),
            alone: true,
            import: None,
            through: Vec::new(),
        },
        removal: (in_file && !commented).then(|| {
            let mut change = Change::default();
            change.delete(ctx.file, removed);
            leftovers::note(ctx, &mut change, &[range]);
            change
        }),
    })
}

/// What a function does with the parameter at one place.
enum Use {
    /// It drives a future.
    Drives,
    /// It is the argument of a call.
    HandedOn(TextRange),
    /// What can be written without it.
    Written {
        range: TextRange,
        text: String,
        gone: Option<TextRange>,
    },
    /// It is needed.
    Other,
}

/// `None` where the parameter drives a future, and not in the function itself.
fn use_of(ctx: &FileContext<'_>, node: &ast::Fn, token: &SyntaxToken) -> Option<Use> {
    let Some(expr) = token.parent_ancestors().find_map(ast::PathExpr::cast) else {
        return Some(in_attribute(token).unwrap_or(Use::Other));
    };
    let is_own = |at: &SyntaxNode| {
        let around = ctx.enclosing(at);
        matches!(around, Some(Enclosing::SyncFn(it)) if it == *node)
    };
    let expr = ast::Expr::PathExpr(expr);
    if expr.syntax().text() != token.text() {
        return Some(Use::Other);
    }
    if let Some(call) = expr.syntax().parent().and_then(ast::MethodCallExpr::cast)
        && call.receiver().as_ref() == Some(&expr)
        && let Some(known) = ctx.call(&call.clone().into())
    {
        match known.api.role {
            Role::BlockOn { .. } => return is_own(call.syntax()).then_some(Use::Drives),
            Role::Spawn { .. } | Role::Offload { .. } if is_own(call.syntax()) => {
                return Some(free_function(ctx, &call, &expr).unwrap_or(Use::Other));
            }
            _ => return Some(Use::Other),
        }
    }
    let mut whole = expr;
    while let Some(outer) = whole.syntax().parent().and_then(ast::Expr::cast) {
        let is_same = place_of(ctx, &outer).syntax().text_range();
        if is_same != place_of(ctx, &whole).syntax().text_range() {
            break;
        }
        whole = outer;
    }
    let is_argument = whole.syntax().parent().is_some_and(|it| {
        let kind = it.kind();
        ast::ArgList::can_cast(kind)
    });
    Some(match is_argument && is_own(whole.syntax()) {
        true => Use::HandedOn(whole.syntax().text_range()),
        false => Use::Other,
    })
}

/// What a handle spawns, spawned on the runtime that the code runs on.
fn free_function(
    ctx: &FileContext<'_>,
    call: &ast::MethodCallExpr,
    receiver: &ast::Expr,
) -> Option<Use> {
    let path = match call.name_ref()?.text() {
        "spawn" => "tokio::spawn",
        "spawn_blocking" => "tokio::task::spawn_blocking",
        _ => return None,
    };
    let function = ctx.function_in_scope(call.syntax(), path)?;
    let end = call.name_ref()?.syntax().text_range().end();
    let range = TextRange::new(receiver.syntax().text_range().start(), end);
    let is_it = ctx.known.function(function)?.path == path;
    (is_it && !has_comment(call.syntax(), range)).then(|| Use::Written {
        range,
        text: path.to_owned(),
        gone: None,
    })
}

/// The name in `#[instrument(skip(name))]`, which would name a parameter that is gone.
fn in_attribute(token: &SyntaxToken) -> Option<Use> {
    let attribute = enclosing_attribute(&token.parent()?)?;
    let path = attribute_path(&attribute)?;
    if path.rsplit("::").next() != Some("instrument") {
        return None;
    }
    let list = token.parent()?;
    let word = before(&list.clone().into())?;
    if word.as_token()?.text() != "skip" {
        return None;
    }
    let mut range = with_comma(&token.clone().into());
    // An empty list goes with its word.
    if is_empty_without(&list, range) {
        let outer = list.parent()?;
        range = with_comma_around(&word, &list.into());
        if is_empty_without(&outer, range) {
            range = outer.text_range();
        }
    }
    Some(Use::Written {
        range,
        text: String::new(),
        gone: None,
    })
}

/// Whether nothing but parentheses would be left of a list.
fn is_empty_without(list: &SyntaxNode, gone: TextRange) -> bool {
    let tokens = list.descendants_with_tokens();
    let mut tokens = tokens.filter_map(NodeOrToken::into_token);
    tokens.all(|it| {
        let kind = it.kind();
        gone.contains_range(it.text_range())
            || kind.is_trivia()
            || matches!(kind, SyntaxKind::L_PAREN | SyntaxKind::R_PAREN)
    })
}

/// The function around a value that is a parameter of it, of the only one of its kind.
fn owner(ctx: &FileContext<'_>, value: &ast::Expr) -> Option<ast::Fn> {
    let ast::Expr::PathExpr(path) = place_of(ctx, value) else {
        return None;
    };
    let Some(Enclosing::SyncFn(node)) = ctx.enclosing(value.syntax()) else {
        return None;
    };
    let (_, local) = find(ctx, &node)?;
    match ctx.sema.resolve_path(&path.path()?)? {
        ra_ap_hir::PathResolution::Local(it) => (it == local).then_some(node),
        _ => None,
    }
}

/// The parameter, and what it binds.
fn find<'a>(ctx: &FileContext<'a>, node: &ast::Fn) -> Option<(ast::Param, Local<'a>)> {
    let function = ctx.sema.to_fn_def(node)?;
    let index = index_in(ctx, function)?;
    let parameter = node.param_list()?.params().nth(index)?;
    let ast::Pat::IdentPat(pattern) = parameter.pat()? else {
        return None;
    };
    let plain = pattern.mut_token().is_none() && pattern.ref_token().is_none();
    let local = ctx.sema.to_def(&pattern)?;
    (plain && parameter.attrs().next().is_none()).then_some((parameter, local))
}

/// The place of the only parameter that is a runtime, the receiver not counted. A function of a trait
/// has none: others implement it.
fn index_in(ctx: &FileContext<'_>, function: Function) -> Option<usize> {
    let item = function.as_assoc_item(ctx.db);
    match item.map(|it| it.container(ctx.db)) {
        Some(AssocItemContainer::Trait(_)) => return None,
        Some(AssocItemContainer::Impl(it)) if it.trait_(ctx.db).is_some() => return None,
        _ => {}
    }
    let parameters = function.params_without_self(ctx.db);
    let mut found = parameters
        .iter()
        .enumerate()
        .filter(|(_, parameter)| is_runtime(ctx, parameter.ty()));
    let (index, _) = found.next()?;
    found.next().is_none().then_some(index)
}

/// Whether a value is a handle, or a reference to a runtime: what owns one would drop it in async code.
fn is_runtime<'a>(ctx: &FileContext<'a>, ty: &Type<'a>) -> bool {
    let inner = ty.strip_reference();
    if ctx.is_adt(&inner, "tokio::runtime::Handle") {
        return true;
    }
    let pointee = inner.type_arguments().next();
    let inner = match pointee.filter(|_| ctx.is_adt(&inner, "alloc::sync::Arc")) {
        Some(pointee) => pointee,
        None => inner,
    };
    ty.is_reference() && ctx.is_adt(&inner, "tokio::runtime::Runtime")
}

/// What is behind references to it and clones of it.
fn place_of(ctx: &FileContext<'_>, value: &ast::Expr) -> ast::Expr {
    let inner = match value {
        ast::Expr::ParenExpr(inner) => inner.expr(),
        ast::Expr::RefExpr(inner) if inner.mut_token().is_none() => inner.expr(),
        _ => cloned(ctx, value),
    };
    inner.map_or_else(|| value.clone(), |inner| place_of(ctx, &inner))
}

/// What stands before an element of a list, without what is only space.
fn before(element: &SyntaxElement) -> Option<SyntaxElement> {
    let before = std::iter::successors(element.prev_sibling_or_token(), |it| {
        it.prev_sibling_or_token()
    });
    before.into_iter().find(|it| !it.kind().is_trivia())
}

/// What stands behind it.
fn behind(element: &SyntaxElement) -> Option<SyntaxElement> {
    let behind = std::iter::successors(element.next_sibling_or_token(), |it| {
        it.next_sibling_or_token()
    });
    behind.into_iter().find(|it| !it.kind().is_trivia())
}

/// An element of a list with the comma that goes with it.
fn with_comma(element: &SyntaxElement) -> TextRange {
    with_comma_around(element, element)
}

/// Elements of a list, from the first to the last, with the comma that goes with them.
fn with_comma_around(first: &SyntaxElement, last: &SyntaxElement) -> TextRange {
    let range = first.text_range().cover(last.text_range());
    let is_comma = |it: &SyntaxElement| it.kind() == SyntaxKind::COMMA;
    if let Some(comma) = before(first).filter(is_comma) {
        return range.cover(comma.text_range());
    }
    let Some(comma) = behind(last).filter(is_comma) else {
        return range;
    };
    let next = behind(&comma).filter(|it| !matches!(it.kind(), SyntaxKind::R_PAREN));
    let end = next.map_or(comma.text_range().end(), |it| it.text_range().start());
    TextRange::new(range.start(), end)
}
