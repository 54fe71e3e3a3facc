//! What takes the place of a call that has a text of its own in the table.

use ra_ap_hir::{AsAssocItem, Function, HasCrate, ModuleDef, PathResolution, Type};
use ra_ap_syntax::{
    AstNode,
    ast::{self, HasArgList},
};

use super::{
    inline::{Inline, head, replaced},
    leaving::{Outer, may_leave, outer_of},
    place, statement_of,
    template::{Filling, Template},
};
use crate::{analysis::in_place::Written, context::FileContext, knowledge::Combinator};

/// Such a call, written out.
pub(super) fn as_text(
    ctx: &FileContext<'_>,
    row: &Combinator,
    call: &ast::MethodCallExpr,
    function: Function,
    awaits: &[Written],
) -> Result<Written, String> {
    let nearby = call.syntax();
    let list = call.arg_list().ok_or("it has no arguments")?;
    let row_text = row.text.as_deref().unwrap_or_default();
    let mut kept = Vec::new();
    let mut arguments = Vec::new();
    for (index, argument) in list.args().enumerate() {
        if row.value == Some(index) {
            let range = ctx.source_range(argument.syntax());
            let range = range.ok_or("a macro makes its argument")?;
            if !is_plain(ctx, &argument) {
                return Err("its other argument would be made later than it is now".to_owned());
            }
            kept.push(range);
            arguments.push(Filling::Value(replaced(ctx, range, awaits, &[])));
            continue;
        }
        let arity = usize::from(row_text.contains(&format!("|{index}|")));
        let inline = Inline::of(ctx, &argument, awaits, arity, nearby)?;
        kept.extend(inline.kept.iter().copied());
        arguments.push(Filling::Called(inline));
    }
    let whole = ast::Expr::from(call.clone());
    let transposed = row.transposed.as_deref().zip(transposed(ctx, call));
    let bodies = arguments.iter().filter_map(|argument| match argument {
        Filling::Called(inline) => inline.body.clone(),
        Filling::Value(_) => None,
    });
    for body in bodies {
        let outer = match &transposed {
            Some(_) => Outer::Try,
            None if row.passes => outer_of(ctx, &whole),
            None => Outer::Value,
        };
        may_leave(ctx, &body, &whole, outer)?;
    }
    let receiver = call.receiver().ok_or("it has no receiver")?;
    let range = ctx.source_range(receiver.syntax());
    let range = range.ok_or("a macro makes the receiver")?;
    kept.push(range);
    let mut text = replaced(ctx, range, awaits, &[]);
    if is_behind_reference(ctx, &receiver, function)? {
        text = format!("*{text}");
    } else if !row_text.contains("&mut {self}") {
        text = head(&receiver, text);
    }
    let template = Template {
        receiver: &text,
        arguments: &arguments,
        unit: ctx.indent_unit(),
        nearby,
    };
    if let Some((row_text, outer)) = transposed {
        return place(ctx, &outer, template.fill(row_text), kept);
    }
    let unit = |argument: &Filling| match argument {
        Filling::Called(inline) => inline.gives_unit(ctx, awaits),
        Filling::Value(_) => false,
    };
    if let Some(row_text) = row.statement.as_deref()
        && statement_of(ctx, &whole).is_some()
        && arguments.iter().all(unit)
    {
        return place(ctx, &whole, template.fill(row_text), kept);
    }
    place(ctx, &whole, template.fill(row_text), kept)
}

/// The `.transpose()?` behind a call.
fn transposed(ctx: &FileContext<'_>, call: &ast::MethodCallExpr) -> Option<ast::Expr> {
    let outer = call.syntax().parent().and_then(ast::MethodCallExpr::cast)?;
    let function = ctx.sema.resolve_method_call(&outer)?;
    let known = ctx
        .known
        .definitions(ctx.db, "core::option::Option::transpose");
    let known = known.contains(&crate::knowledge::Definition::Function(function));
    let tried = outer.syntax().parent().and_then(ast::TryExpr::cast)?;
    known.then(|| tried.into())
}

/// Whether the receiver of a method is a reference to the type that the method takes by value.
fn is_behind_reference(
    ctx: &FileContext<'_>,
    receiver: &ast::Expr,
    function: Function,
) -> Result<bool, String> {
    let unknown = "the type of the receiver is not known";
    let ty = ctx.type_of(receiver).ok_or(unknown)?;
    let of = function
        .as_assoc_item(ctx.db)
        .and_then(|item| item.implementing_ty(ctx.db))
        .ok_or(unknown)?;
    let is = |ty: &Type<'_>| match (ty.as_adt(), of.as_adt()) {
        (Some(ty), Some(of)) => !ty.krate(ctx.db).origin(ctx.db).is_local() && ty == of,
        (None, None) => ty.is_bool() && of.is_bool(),
        _ => false,
    };
    if !ty.is_reference() && is(&ty) {
        Ok(false)
    } else if ty
        .as_reference_inner()
        .is_some_and(|inner| !inner.is_reference() && is(&inner))
    {
        Ok(true)
    } else {
        Err("the receiver is behind another pointer".to_owned())
    }
}

/// Whether it does not matter when an expression is evaluated: a literal, a constant, or an empty
/// value of std.
pub(super) fn is_plain(ctx: &FileContext<'_>, expr: &ast::Expr) -> bool {
    match expr {
        ast::Expr::Literal(_) => true,
        ast::Expr::PathExpr(path) => {
            let resolved = path.path().and_then(|path| ctx.sema.resolve_path(&path));
            match resolved {
                Some(PathResolution::Local(local)) => {
                    !local.is_mut(ctx.db) && local.ty(ctx.db).is_copy(ctx.db)
                }
                Some(PathResolution::Def(def)) => {
                    matches!(def, ModuleDef::Const(_) | ModuleDef::EnumVariant(_))
                }
                _ => false,
            }
        }
        ast::Expr::CallExpr(call) => {
            let none = call
                .arg_list()
                .is_some_and(|list| list.args().next().is_none());
            let function = ctx.callee(expr);
            none && function.is_some_and(|it| {
                it.krate(ctx.db).origin(ctx.db).is_lang() && it.name(ctx.db).as_str() == "new"
            })
        }
        ast::Expr::PrefixExpr(prefix) => {
            matches!(prefix.expr(), Some(ast::Expr::Literal(_)))
        }
        ast::Expr::TupleExpr(tuple) => tuple.fields().all(|field| is_plain(ctx, &field)),
        _ => false,
    }
}
