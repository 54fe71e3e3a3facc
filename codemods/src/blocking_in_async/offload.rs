//! A call that blocks, in a closure of its own where that may be: if all that it takes is owned, and
//! nobody uses it afterwards.

use ra_ap_hir::{PathResolution, Type};
use ra_ap_syntax::{AstNode, SyntaxNode, ast};

use super::rewrite::{Rewritten, made_by_macro};
use crate::{
    analysis::{
        captured::ends_unseen,
        control::leaves_early,
        equivalents::lacks,
        in_place::Written,
        send::is_not_send,
        spelling::spelling,
        surroundings::{is_hidden_use, uses_of},
    },
    context::FileContext,
    knowledge::{Definition, Equivalent, Returns, Role},
    refusal::{Refusal, RefusalKind},
};

/// What goes on with a panic of the closure where its value is awaited.
const TAKES_PANIC: &str = ".unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))";

/// The call, offloaded by `to`.
///
/// # Errors
/// What could not go to another thread, as R5; what the manifest lacks for it, as R6.
pub fn offloaded(
    ctx: &FileContext<'_>,
    call: &ast::Expr,
    to: &Equivalent,
) -> Result<Rewritten, Refusal> {
    let refuse = |message: String| Refusal::new(RefusalKind::R5, message);
    if let Some(message) = lacks(ctx, call.syntax(), to) {
        return Err(Refusal::new(RefusalKind::R6, message));
    }
    let layer = layer(ctx, to).ok_or_else(|| {
        let path = &to.path;
        refuse(format!("what `{path}` gives would have to be looked at"))
    })?;
    if let Some(message) = stays(ctx, call) {
        return Err(refuse(message));
    }
    let spelled = spelling(ctx, call.syntax(), &to.path).ok_or_else(|| {
        let path = &to.path;
        refuse(format!("`{path}` is not what goes by that path here"))
    })?;
    let range = ctx.source_range(call.syntax()).ok_or_else(made_by_macro)?;
    let end = match layer {
        Some(layer) => {
            let indent = format!("\n{}{}", ctx.indent_at(range.start()), ctx.indent_unit());
            format!("{indent}.await{indent}{layer}")
        }
        None => ".await".to_owned(),
    };
    Ok(Rewritten {
        written: Written {
            range,
            text: format!("{}(move || {}){end}", spelled.text, ctx.slice(range)),
            kept: vec![range],
        },
        spelled: vec![spelled],
        elsewhere: Vec::new(),
    })
}

/// What takes the error off that is around the value of the closure, if there is one.
fn layer(ctx: &FileContext<'_>, to: &Equivalent) -> Option<Option<&'static str>> {
    let definitions = ctx.known.definitions(ctx.db, &to.path);
    let api = definitions.into_iter().find_map(|it| match it {
        Definition::Function(function) => ctx.api(function),
        _ => None,
    })?;
    match &api.role {
        Role::Offload {
            returns: Returns::Handle,
            join,
            ..
        } => Some(join.as_ref().map(|_| TAKES_PANIC)),
        _ => None,
    }
}

/// Why a call can't go to another thread, in words.
fn stays(ctx: &FileContext<'_>, call: &ast::Expr) -> Option<String> {
    let node = call.syntax();
    let odd = |it: SyntaxNode| {
        ast::MacroCall::can_cast(it.kind())
            || ast::ClosureExpr::can_cast(it.kind())
            || ast::AwaitExpr::can_cast(it.kind())
    };
    if node.descendants().any(odd) || leaves_early(ctx, node) {
        return Some("more happens in the call than a closure could do".to_owned());
    }
    let is_owned_value = ctx.type_of(call).is_some_and(|ty| is_owned(ctx, &ty));
    if !is_owned_value {
        return Some("what it gives is not known to be owned".to_owned());
    }
    node.descendants()
        .filter_map(ast::Path::cast)
        .find_map(|path| {
            let name = path.syntax().text().to_string();
            match ctx.sema.resolve_path(&path) {
                Some(PathResolution::Local(local)) => {
                    let declared = local.primary_source(ctx.db);
                    let owned = is_owned(ctx, &local.ty(ctx.db)) && !local.is_mut(ctx.db);
                    if !owned {
                        return Some(format!("`{name}` is not known to be owned"));
                    }
                    if local.ty(ctx.db).is_copy(ctx.db) {
                        return None;
                    }
                    let range = node.text_range();
                    let uses = uses_of(ctx, local, node);
                    let inside =
                        |it: &ast::PathExpr| range.contains_range(it.syntax().text_range());
                    let again = !uses.iter().all(inside)
                        || is_hidden_use(node, &name)
                        || is_repeated(node, declared.syntax());
                    if again {
                        return Some(format!("`{name}` is used again"));
                    }
                    let seen = uses.iter().find(|it| !ends_unseen(ctx, it));
                    seen.map(|_| format!("`{name}` would end earlier than it does"))
                }
                Some(PathResolution::TypeParam(_) | PathResolution::SelfType(_)) => {
                    Some(format!("`{name}` is a type that is chosen elsewhere"))
                }
                Some(_) => None,
                None => Some(format!("`{name}` is not known")),
            }
        })
}

/// Whether a place is come to more than once for one declaration.
fn is_repeated(node: &SyntaxNode, declared: &SyntaxNode) -> bool {
    let around = node.ancestors().skip(1);
    let mut repeated = around.filter(|it| {
        ast::Expr::cast(it.clone()).is_some_and(|it| {
            matches!(
                it,
                ast::Expr::LoopExpr(_)
                    | ast::Expr::WhileExpr(_)
                    | ast::Expr::ForExpr(_)
                    | ast::Expr::ClosureExpr(_)
            )
        })
    });
    let declared = declared.text_range();
    repeated.any(|it| !it.text_range().contains_range(declared))
}

/// Whether a value of this type lives for as long as its owner wants, and may move to another thread,
/// for all that is known.
fn is_owned<'a>(ctx: &FileContext<'a>, ty: &Type<'a>) -> bool {
    let mut owned = !ty.contains_unknown();
    // What is in a panic.
    let any = ctx.trait_at("core::any::Any");
    ty.walk(ctx.db, |it| {
        let borrows = it.is_reference()
            || it.is_raw_ptr()
            || it.is_closure()
            || it.as_type_param(ctx.db).is_some()
            || it.as_impl_traits(ctx.db).is_some()
            || it.as_dyn_trait().is_some_and(|it| Some(it) != any)
            || it.as_adt().is_some_and(|it| it.lifetime(ctx.db).is_some());
        owned &= !borrows;
    });
    owned && !is_not_send(ctx, ty)
}
