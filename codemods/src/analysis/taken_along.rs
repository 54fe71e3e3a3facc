//! What a closure on another thread takes along: values of its own, that nobody else needs any more, or
//! copies of them.

use ra_ap_hir::{Access, AsAssocItem, Local, Mutability, PathResolution, Type};
use ra_ap_ide_db::span::Edition;
use ra_ap_syntax::{AstNode, SyntaxNode, TextRange, ast};

use super::{
    captured::{ends_quietly, ends_unseen},
    last_use::is_last_use,
    send::is_not_send,
};
use crate::{context::FileContext, knowledge::is_named, text::words};

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

/// Of what a copy may be made for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copies {
    /// Of what costs next to nothing.
    Cheap,
    /// Of text and bytes as well: they are short beside what is done with them.
    Texts,
}

/// What code takes along from around it, beside what is `taken` already.
///
/// # Errors
/// What can't go to another thread, in words.
pub fn taken_along(
    ctx: &FileContext<'_>,
    node: &SyntaxNode,
    copies: Copies,
    mut taken: Taken,
) -> Result<Taken, String> {
    let apart: Vec<TextRange> = taken.renamed.iter().map(|(range, _)| *range).collect();
    let is_apart = |path: &ast::Path| {
        let range = ctx.source_range(path.syntax());
        range.is_some_and(|range| apart.iter().any(|it| it.contains_range(range)))
    };
    for path in node.descendants().filter_map(ast::Path::cast) {
        if is_apart(&path) {
            continue;
        }
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
                Place::of(ctx, local, path, node).take(&mut taken, copies)?;
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

    fn take(&self, taken: &mut Taken, copies: Copies) -> Result<(), String> {
        let Err(message) = self.moved() else {
            return Ok(());
        };
        self.part_or_clone(taken, message)
            .or_else(|message| match copies {
                Copies::Cheap => Err(message),
                Copies::Texts => self.text(taken).ok_or(message),
            })
    }

    /// A clone that costs next to nothing, or a part that is copied or moved; else what is said of the
    /// whole.
    fn part_or_clone(&self, taken: &mut Taken, message: String) -> Result<(), String> {
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
        let name = self.name_of(part)?;
        self.renamed(taken, &expr, &name, &value, "")
    }

    /// What a part is called in the closure.
    fn name_of(&self, part: &ast::FieldExpr) -> Result<String, String> {
        let name = part.name_ref().filter(|it| it.ident_token().is_some());
        let name = name.ok_or_else(|| format!("`{}` has no name", part.syntax().text()))?;
        let name = name.text().to_string();
        match words(self.node).contains(&name) {
            true => Err(format!("`{name}` is another value in the call")),
            false => Ok(name),
        }
    }

    /// A value that is made for the closure, in the place of this one.
    fn renamed(
        &self,
        taken: &mut Taken,
        place: &ast::Expr,
        name: &str,
        value: &str,
        before: &str,
    ) -> Result<(), String> {
        if self.is_changed(place) {
            return Err(format!("`{name}` is changed in the call"));
        }
        let range = self.ctx.source_range(place.syntax());
        let range = range.ok_or_else(|| format!("a macro makes `{value}`"))?;
        taken.make(name, value)?;
        taken.renamed.push((range, format!("{before}{name}")));
        Ok(())
    }

    /// A copy of text or bytes.
    fn text(&self, taken: &mut Taken) -> Option<()> {
        let ctx = self.ctx;
        let (place, name): (ast::Expr, String) = match self.fields.last() {
            Some(part) => (part.clone().into(), self.name_of(part).ok()?),
            None => (
                self.path.clone().into(),
                self.path.syntax().text().to_string(),
            ),
        };
        let ty = ctx.type_of(&place)?;
        let inner = match ty.as_reference() {
            Some((inner, Mutability::Shared)) => inner,
            Some((_, Mutability::Mut)) => return None,
            None => ty.clone(),
        };
        let is_byte = |ty: &Type<'_>| ty.as_builtin().is_some_and(|it| is_named(&it.name(), "u8"));
        let is_bytes = inner.as_slice().is_some_and(|it| is_byte(&it));
        let is_vec = ctx.is_adt(&inner, "alloc::vec::Vec")
            && inner.type_arguments().next().is_some_and(|it| is_byte(&it));
        let value = match () {
            () if inner.is_str() || is_bytes => format!("{}.to_owned()", place.syntax().text()),
            () if is_vec || ctx.is_adt(&inner, "alloc::string::String") => {
                format!("{}.clone()", place.syntax().text())
            }
            () => return None,
        };
        let before = match ty.is_reference() {
            true => self.borrow_for(&place)?,
            false => "",
        };
        self.renamed(taken, &place, &name, &value, before).ok()
    }

    /// What stands before an owned value where a borrowed one was. `None` where no such thing is the
    /// same.
    fn borrow_for(&self, place: &ast::Expr) -> Option<&'static str> {
        let parent = place.syntax().parent()?;
        if ast::ArgList::can_cast(parent.kind()) {
            return Some("&");
        }
        if let Some(outer) = ast::RefExpr::cast(parent.clone()) {
            return outer.mut_token().is_none().then_some("");
        }
        let call = ast::MethodCallExpr::cast(parent)?;
        let method = self.ctx.sema.resolve_method_call(&call)?;
        let is_own = method.as_assoc_item(self.ctx.db)?;
        is_own
            .container_or_implemented_trait(self.ctx.db)
            .is_none()
            .then_some("")
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
