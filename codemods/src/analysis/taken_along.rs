//! What a closure on another thread takes along: values of its own, that nobody else needs any more, or
//! copies of them.

use ra_ap_hir::{Access, Local, PathResolution, Type};
use ra_ap_ide_db::span::Edition;
use ra_ap_syntax::{AstNode, SyntaxNode, TextRange, ast};

use super::{
    captured::{ends_quietly, ends_unseen},
    last_use::is_last_use,
    send::is_not_send,
};
use crate::{context::FileContext, text::words};

/// Types whose clone is a count that goes up.
const CHEAP_CLONES: &[&str] = &["alloc::sync::Arc", "bytes::Bytes"];

/// What is made for the closure, and what goes by another name in it. All else is moved.
#[derive(Debug, Default)]
pub struct Taken {
    /// Names, and the values that are made for them before.
    pub made: Vec<(String, String)>,
    /// The places that go by these names.
    pub renamed: Vec<(TextRange, String)>,
}

/// What code takes along from around it.
///
/// # Errors
/// What can't go to another thread, in words.
pub fn taken_along(ctx: &FileContext<'_>, node: &SyntaxNode) -> Result<Taken, String> {
    let mut taken = Taken::default();
    for path in node.descendants().filter_map(ast::Path::cast) {
        let name = path.syntax().text().to_string();
        match ctx.sema.resolve_path(&path) {
            Some(PathResolution::Local(local)) => {
                let declared = local.primary_source(ctx.db);
                let declared = declared.syntax().text_range();
                if node.text_range().contains_range(declared) {
                    continue;
                }
                let path = path.syntax().parent().and_then(ast::PathExpr::cast);
                let path = path.ok_or_else(|| format!("`{name}` is not known"))?;
                Place::of(ctx, local, path, node).take(&mut taken)?;
            }
            Some(PathResolution::TypeParam(_) | PathResolution::SelfType(_)) => {
                return Err(format!("`{name}` is a type that is chosen elsewhere"));
            }
            Some(_) => {}
            None => return Err(format!("`{name}` is not known")),
        }
    }
    Ok(taken)
}

/// Whether a value of this type lives for as long as its owner wants, and may move to another thread,
/// for all that is known.
pub fn is_owned<'a>(ctx: &FileContext<'a>, ty: &Type<'a>) -> bool {
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

/// A local, or a field of a field of one.
struct Place<'a, 'b> {
    ctx: &'b FileContext<'a>,
    local: Local<'a>,
    path: ast::PathExpr,
    /// The field accesses on it, innermost first.
    fields: Vec<ast::FieldExpr>,
    /// The code that uses it.
    node: &'b SyntaxNode,
}

impl<'a, 'b> Place<'a, 'b> {
    fn of(
        ctx: &'b FileContext<'a>,
        local: Local<'a>,
        path: ast::PathExpr,
        node: &'b SyntaxNode,
    ) -> Place<'a, 'b> {
        let around = path.syntax().ancestors().skip(1);
        let around = around.take_while(|it| node.text_range().contains_range(it.text_range()));
        let fields = around.map_while(ast::FieldExpr::cast).collect();
        Place {
            ctx,
            local,
            path,
            fields,
            node,
        }
    }

    fn take(&self, taken: &mut Taken) -> Result<(), String> {
        let Err(message) = self.moved() else {
            return Ok(());
        };
        let Some(part) = self.fields.last() else {
            let expr = ast::Expr::PathExpr(self.path.clone());
            let name = expr.syntax().text().to_string();
            if !is_cheap_clone(self.ctx, &self.local.ty(self.ctx.db)) || self.is_changed(&expr) {
                return Err(message);
            }
            return taken.make(&name, &format!("{name}.clone()"));
        };
        let expr = ast::Expr::FieldExpr(part.clone());
        let text = expr.syntax().text().to_string();
        let Some(ty) = self.ctx.type_of(&expr) else {
            return Err(format!("the type of `{text}` is not known"));
        };
        if !is_owned(self.ctx, &ty) {
            return Err(match ty.is_reference() {
                true => format!("`{text}` is borrowed"),
                false => format!("`{text}` is not known to be owned"),
            });
        }
        let value = match (ty.is_copy(self.ctx.db), is_cheap_clone(self.ctx, &ty)) {
            (true, _) => text,
            (false, true) => format!("{text}.clone()"),
            (false, false) if self.is_part_moved(part, &ty) => return Ok(()),
            (false, false) => return Err(message),
        };
        let name = part.name_ref().filter(|it| it.ident_token().is_some());
        let name = name.ok_or(message)?.text().to_string();
        if self.is_changed(&expr) {
            return Err(format!("`{name}` is changed in the call"));
        }
        if words(self.node).contains(&name) {
            return Err(format!("`{name}` is another value in the call"));
        }
        let range = self.ctx.source_range(expr.syntax());
        let range = range.ok_or_else(|| format!("a macro makes `{value}`"))?;
        taken.make(&name, &value)?;
        taken.renamed.push((range, name));
        Ok(())
    }

    /// Whether the whole local may be moved.
    fn moved(&self) -> Result<(), String> {
        let (ctx, ty) = (self.ctx, self.local.ty(self.ctx.db));
        let name = self.path.syntax().text();
        if ty.is_reference() {
            return Err(format!("`{name}` is borrowed"));
        }
        if !is_owned(ctx, &ty) {
            return Err(format!("`{name}` is not known to be owned"));
        }
        let is_copy = ty.is_copy(ctx.db);
        if is_copy && !self.local.is_mut(ctx.db) {
            return Ok(());
        }
        if !is_last_use(ctx, self.local, self.node, |_| true) {
            return Err(format!("`{name}` is used again"));
        }
        if !is_copy && !ends_unseen(ctx, &self.path) {
            return Err(format!("`{name}` would end earlier than it does"));
        }
        Ok(())
    }

    /// Whether a closure of this edition takes the part alone, and nobody needs it again.
    fn is_part_moved(&self, part: &ast::FieldExpr, ty: &Type<'a>) -> bool {
        let ctx = self.ctx;
        let drop = ctx.trait_at("core::ops::Drop");
        let is_plain = |field: &ast::FieldExpr| {
            let of = field.expr().and_then(|it| ctx.type_of(&it));
            let name = field.name_ref().map(|it| it.text().to_string());
            of.is_some_and(|of| {
                let own = of.fields(ctx.db);
                let mut own = own.iter().map(|(field, _)| field.name(ctx.db));
                let dropped = drop.is_none_or(|drop| of.impls_trait(ctx.db, drop, &[]));
                !dropped && own.any(|it| name.as_deref() == Some(it.as_str()))
            })
        };
        let first = |path: &ast::PathExpr| {
            let field = path.syntax().parent().and_then(ast::FieldExpr::cast);
            field.and_then(|it| Some(it.name_ref()?.text().to_string()))
        };
        let own = first(&self.path);
        let overlaps = |it: &ast::PathExpr| first(it).is_none_or(|name| Some(name) == own);
        ctx.package.edition >= Edition::Edition2021
            && self.fields.iter().all(is_plain)
            && ends_quietly(ctx, ty)
            && !self.is_changed(&part.clone().into())
            && is_last_use(ctx, self.local, self.node, overlaps)
    }

    /// Whether the code may change the value in its place.
    fn is_changed(&self, place: &ast::Expr) -> bool {
        let Some(parent) = place.syntax().parent() else {
            return true;
        };
        match ast::Expr::cast(parent) {
            Some(ast::Expr::RefExpr(it)) => it.mut_token().is_some(),
            Some(ast::Expr::BinExpr(it)) => {
                let assigns = matches!(it.op_kind(), Some(ast::BinaryOp::Assignment { .. }));
                assigns && it.lhs().as_ref() == Some(place)
            }
            Some(ast::Expr::MethodCallExpr(it)) if it.receiver().as_ref() == Some(place) => {
                let method = self.ctx.callee(&it.into());
                let receiver = method.and_then(|it| it.self_param(self.ctx.db));
                receiver.is_none_or(|it| it.access(self.ctx.db) == Access::Exclusive)
            }
            _ => false,
        }
    }
}

impl Taken {
    fn make(&mut self, name: &str, value: &str) -> Result<(), String> {
        match self.made.iter().find(|(made, _)| made == name) {
            Some((_, made)) if made == value => Ok(()),
            Some((_, made)) => Err(format!("`{made}` has the same name")),
            None => {
                self.made.push((name.to_owned(), value.to_owned()));
                Ok(())
            }
        }
    }
}

fn is_cheap_clone<'a>(ctx: &FileContext<'a>, ty: &Type<'a>) -> bool {
    is_owned(ctx, ty) && CHEAP_CLONES.iter().any(|path| ctx.is_adt(ty, path))
}
