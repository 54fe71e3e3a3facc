//! What a closure with `move` owned, and whether it shows once the closure is gone.

use ra_ap_hir::{Adt, HasCrate, PathResolution, Type};
use ra_ap_syntax::{AstNode, SyntaxNode, WalkEvent, ast};

use super::{control::is_own_body, moves::takes_receiver};
use crate::context::FileContext;

/// How deep the fields of a type are looked at.
const DEPTH: usize = 6;

/// The same behind a shared pointer.
const SHARED_DEPTH: usize = 3;

/// Collections and pointers of std that drop what is in them, and do nothing else.
const PLAIN: &[&str] = &[
    "String", "Vec", "Box", "Arc", "Rc", "HashMap", "HashSet", "BTreeMap", "BTreeSet", "VecDeque",
    "PathBuf", "OsString", "CString", "Cow", "Option", "Result",
];

/// Whether it shows that `closure` owned a local which `inner`, a part of it, only borrows: a copy
/// that it works on, or a value whose end somebody waits for.
pub fn must_own(ctx: &FileContext<'_>, closure: &ast::ClosureExpr, inner: &ast::Expr) -> bool {
    closure.move_token().is_some() && shows_owner(ctx, closure.syntax(), inner)
}

/// The same of an async block.
pub fn block_must_own(ctx: &FileContext<'_>, block: &ast::BlockExpr, inner: &ast::Expr) -> bool {
    block.move_token().is_some() && shows_owner(ctx, block.syntax(), inner)
}

fn shows_owner(ctx: &FileContext<'_>, owner: &SyntaxNode, inner: &ast::Expr) -> bool {
    let mut paths = inner.syntax().descendants().filter_map(ast::PathExpr::cast);
    paths.any(|path| {
        let resolved = path.path().and_then(|path| ctx.sema.resolve_path(&path));
        let Some(PathResolution::Local(local)) = resolved else {
            return false;
        };
        let declared = local.primary_source(ctx.db);
        let inside = owner
            .text_range()
            .contains_range(declared.syntax().text_range());
        let ty = local.ty(ctx.db);
        if inside || is_moved(ctx, &path.clone().into()) {
            return false;
        }
        if ty.is_copy(ctx.db) {
            return local.is_mut(ctx.db);
        }
        !drops_quietly(ctx, &ty, DEPTH, false)
    })
}

/// Whether nobody sees it where the local that this path names ends here, and not with its block.
pub fn ends_unseen(ctx: &FileContext<'_>, path: &ast::PathExpr) -> bool {
    let resolved = path.path().and_then(|path| ctx.sema.resolve_path(&path));
    let Some(PathResolution::Local(local)) = resolved else {
        return false;
    };
    is_moved(ctx, &path.clone().into()) || drops_quietly(ctx, &local.ty(ctx.db), DEPTH, false)
}

/// Whether nobody sees it where a value of this type ends.
pub fn ends_quietly(ctx: &FileContext<'_>, ty: &Type<'_>) -> bool {
    drops_quietly(ctx, ty, DEPTH, false)
}

/// Whether `expr` makes a value beside its own whose end shows, and that nobody takes: it lives until
/// the end of the block or statement.
pub fn leaves_temporary(ctx: &FileContext<'_>, expr: &ast::Expr) -> bool {
    let mut walk = expr.syntax().preorder();
    while let Some(event) = walk.next() {
        let WalkEvent::Enter(node) = event else {
            continue;
        };
        if is_own_body(&node) {
            walk.skip_subtree();
            continue;
        }
        let Some(inner) = ast::Expr::cast(node) else {
            continue;
        };
        let makes = matches!(
            inner,
            ast::Expr::CallExpr(_)
                | ast::Expr::MethodCallExpr(_)
                | ast::Expr::AwaitExpr(_)
                | ast::Expr::TryExpr(_)
                | ast::Expr::MacroExpr(_)
        );
        if !makes || inner == *expr || is_moved(ctx, &inner) {
            continue;
        }
        let quiet = |ty: Type<'_>| drops_quietly(ctx, &ty, DEPTH, false);
        if !ctx.type_of(&inner).is_some_and(quiet) {
            return true;
        }
    }
    false
}

/// Whether the value of an expression is handed on whole.
fn is_moved(ctx: &FileContext<'_>, expr: &ast::Expr) -> bool {
    let Some(parent) = expr.syntax().parent() else {
        return false;
    };
    if let Some(call) = ast::MethodCallExpr::cast(parent.clone()) {
        return takes_receiver(ctx, &call, expr);
    }
    ast::ArgList::can_cast(parent.kind())
        || ast::RecordExprField::can_cast(parent.kind())
        || ast::AwaitExpr::can_cast(parent.kind())
        || ast::TryExpr::can_cast(parent.kind())
}

/// Whether nobody can tell when a value of this type is dropped. What lies too deep to look at is
/// taken to be `quiet` or not.
fn drops_quietly(ctx: &FileContext<'_>, ty: &Type<'_>, depth: usize, quiet: bool) -> bool {
    if ty.is_copy(ctx.db) || ty.is_scalar() || ty.is_str() || ty.is_reference() {
        return true;
    }
    if depth == 0 {
        return quiet;
    }
    if ty.contains_unknown() {
        return false;
    }
    if ty.is_tuple() {
        let fields = ty.tuple_fields(ctx.db);
        return fields
            .iter()
            .all(|field| drops_quietly(ctx, field, depth - 1, quiet));
    }
    if let Some(inner) = ty.as_slice() {
        return drops_quietly(ctx, &inner, depth - 1, quiet);
    }
    let Some(adt) = ty.as_adt() else {
        return false;
    };
    let standard = adt
        .krate(ctx.db)
        .display_name(ctx.db)
        .is_some_and(|name| matches!(name.crate_name().as_str(), "std" | "alloc" | "core"));
    let name = adt.name(ctx.db);
    if standard && PLAIN.contains(&name.as_str()) {
        // One pointer of several ends little: what is far behind it is another's concern.
        let (depth, quiet) = match name.as_str() {
            "Arc" | "Rc" => (depth.min(SHARED_DEPTH), true),
            _ => (depth, quiet),
        };
        return ty
            .type_arguments()
            .filter(|argument| argument.as_adt().is_none_or(|it| !is_allocator(ctx, it)))
            .all(|argument| drops_quietly(ctx, &argument, depth - 1, quiet));
    }
    let drop = ctx.trait_at("core::ops::Drop");
    if drop.is_none_or(|drop| ty.impls_trait(ctx.db, drop, &[])) {
        return false;
    }
    match adt {
        Adt::Struct(_) => ty
            .fields(ctx.db)
            .iter()
            .all(|(_, field)| drops_quietly(ctx, field, depth - 1, quiet)),
        Adt::Enum(it) => it.variants(ctx.db).into_iter().all(|variant| {
            let fields = variant.fields(ctx.db);
            fields
                .into_iter()
                .all(|field| drops_quietly(ctx, &field.ty(ctx.db), depth - 1, quiet))
        }),
        Adt::Union(_) => false,
    }
}

/// Allocators and hashers among the type arguments hold nothing.
fn is_allocator(ctx: &FileContext<'_>, adt: Adt) -> bool {
    matches!(adt.name(ctx.db).as_str(), "Global" | "RandomState")
}
