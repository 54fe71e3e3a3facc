//! What a closure with `move` owned, and who owns it once the closure is gone.

use ra_ap_hir::{Access, Adt, HasCrate, PathResolution, Type};
use ra_ap_syntax::{AstNode, ast};

use crate::context::FileContext;

/// How deep the fields of a type are looked at.
const DEPTH: usize = 6;

/// Collections and pointers of std that drop what is in them, and do nothing else.
const PLAIN: &[&str] = &[
    "String", "Vec", "Box", "Arc", "Rc", "HashMap", "HashSet", "BTreeMap", "BTreeSet", "VecDeque",
    "PathBuf", "OsString", "CString", "Cow", "Option", "Result",
];

/// What changes for the captures of a closure whose body is written in its place.
#[derive(Debug, Default)]
pub struct Captured {
    /// Locals that were dropped with the closure, and now are at the end of their scope.
    pub dropped_later: Vec<String>,
    /// Locals of which the closure changed a copy of its own.
    pub copies: Vec<String>,
}

/// Looks at the locals that `inner`, a part of `closure` that is written in its place, borrows.
pub fn captured(ctx: &FileContext<'_>, closure: &ast::ClosureExpr, inner: &ast::Expr) -> Captured {
    let mut captured = Captured::default();
    if closure.move_token().is_none() {
        return captured;
    }
    for path in inner.syntax().descendants().filter_map(ast::PathExpr::cast) {
        let resolved = path.path().and_then(|path| ctx.sema.resolve_path(&path));
        let Some(PathResolution::Local(local)) = resolved else {
            continue;
        };
        let declared = local.primary_source(ctx.db);
        let outside = !closure
            .syntax()
            .text_range()
            .contains_range(declared.syntax().text_range());
        let ty = local.ty(ctx.db);
        if !outside || is_moved(ctx, &path) {
            continue;
        }
        let name = local.name(ctx.db).as_str().to_owned();
        if ty.is_copy(ctx.db) {
            if local.is_mut(ctx.db) && !captured.copies.contains(&name) {
                captured.copies.push(name);
            }
        } else if !drops_quietly(ctx, &ty, DEPTH) && !captured.dropped_later.contains(&name) {
            captured.dropped_later.push(name);
        }
    }
    captured
}

/// Whether an expression hands the local on whole.
fn is_moved(ctx: &FileContext<'_>, path: &ast::PathExpr) -> bool {
    let Some(parent) = path.syntax().parent() else {
        return false;
    };
    if let Some(call) = ast::MethodCallExpr::cast(parent.clone()) {
        let callee = ctx.sema.resolve_method_call(&call);
        let own = callee.and_then(|callee| callee.self_param(ctx.db));
        let plain = ctx
            .type_of(&path.clone().into())
            .is_some_and(|ty| !ty.is_reference());
        return plain && own.is_some_and(|own| own.access(ctx.db) == Access::Owned);
    }
    ast::ArgList::can_cast(parent.kind())
        || ast::RecordExprField::can_cast(parent.kind())
        || ast::AwaitExpr::can_cast(parent.kind())
}

/// Whether nobody can tell when a value of this type is dropped.
fn drops_quietly(ctx: &FileContext<'_>, ty: &Type<'_>, depth: usize) -> bool {
    if ty.is_copy(ctx.db) || ty.is_scalar() || ty.is_str() || ty.is_reference() {
        return true;
    }
    if depth == 0 || ty.contains_unknown() {
        return false;
    }
    if ty.is_tuple() {
        let fields = ty.tuple_fields(ctx.db);
        return fields
            .iter()
            .all(|field| drops_quietly(ctx, field, depth - 1));
    }
    if let Some(inner) = ty.as_slice() {
        return drops_quietly(ctx, &inner, depth - 1);
    }
    let Some(adt) = ty.as_adt() else {
        return false;
    };
    let standard = adt
        .krate(ctx.db)
        .display_name(ctx.db)
        .is_some_and(|name| matches!(name.crate_name().as_str(), "std" | "alloc" | "core"));
    if standard && PLAIN.contains(&adt.name(ctx.db).as_str()) {
        return ty
            .type_arguments()
            .filter(|argument| argument.as_adt().is_none_or(|it| !is_allocator(ctx, it)))
            .all(|argument| drops_quietly(ctx, &argument, depth - 1));
    }
    let drop = ctx.trait_at("core::ops::Drop");
    if drop.is_none_or(|drop| ty.impls_trait(ctx.db, drop, &[])) {
        return false;
    }
    match adt {
        Adt::Struct(_) => ty
            .fields(ctx.db)
            .iter()
            .all(|(_, field)| drops_quietly(ctx, field, depth - 1)),
        Adt::Enum(it) => it.variants(ctx.db).into_iter().all(|variant| {
            let fields = variant.fields(ctx.db);
            fields
                .into_iter()
                .all(|field| drops_quietly(ctx, &field.ty(ctx.db), depth - 1))
        }),
        Adt::Union(_) => false,
    }
}

/// Allocators and hashers among the type arguments hold nothing.
fn is_allocator(ctx: &FileContext<'_>, adt: Adt) -> bool {
    matches!(adt.name(ctx.db).as_str(), "Global" | "RandomState")
}
