//! Driving a future with a method of an extension trait, as the file does or as it could.

use ra_ap_hir::{ModuleDef, PathResolution, Trait};
use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange, TextSize,
    ast::{self, HasModuleItem},
};

use super::bridges::Bridge;
use crate::context::FileContext;

/// The method at `path` behind a call at `node`: where its trait is in scope, or where the file can
/// import it beside its other imports. `None` where another method of this name might be meant.
pub fn bridge(ctx: &FileContext<'_>, node: &SyntaxNode, path: &str) -> Option<Bridge> {
    let (trait_path, method) = path.rsplit_once("::")?;
    let trait_ = ctx.trait_at(trait_path)?;
    let scope = ctx.sema.scope(node)?;
    let mut through = Vec::new();
    let mut is_in_scope = false;
    for visible in scope.visible_traits().0 {
        let visible = Trait::from(visible);
        if visible == trait_ {
            is_in_scope = true;
        } else if has_method(ctx, visible, method) {
            return None;
        }
    }
    let import = match is_in_scope {
        true => {
            through = imports_of(ctx, trait_);
            None
        }
        false => {
            let named = ctx.trait_in_scope(node, trait_path)?;
            Some(import(ctx, node, trait_path).filter(|_| named == trait_)?)
        }
    };
    Some(Bridge {
        before: String::new(),
        after: format!(".{method}()"),
        alone: false,
        import,
        through,
    })
}

fn has_method(ctx: &FileContext<'_>, trait_: Trait, name: &str) -> bool {
    let mut items = trait_.items(ctx.db).into_iter();
    items.any(|item| item.name(ctx.db).is_some_and(|it| it.as_str() == name))
}

/// The members of the file's `use` items that name a trait.
fn imports_of(ctx: &FileContext<'_>, trait_: Trait) -> Vec<TextRange> {
    let trees = ctx.source.syntax().descendants();
    trees
        .filter_map(ast::UseTree::cast)
        .filter(|tree| tree.use_tree_list().is_none())
        .filter(|tree| {
            let resolved = tree.path().and_then(|path| ctx.sema.resolve_path(&path));
            matches!(resolved, Some(PathResolution::Def(ModuleDef::Trait(it))) if it == trait_)
        })
        .map(|tree| tree.syntax().text_range())
        .collect()
}

/// Where the file's own module would import the trait, and how.
fn import(ctx: &FileContext<'_>, node: &SyntaxNode, path: &str) -> Option<(TextSize, String)> {
    let at = place_of_import(ctx, node, path)?;
    Some((at, format!("\nuse {path} as _;")))
}

/// Where the file's own module would import what is at this path: behind a line, and before its end.
/// `None` for code in an inner module, and for a file that imports nothing.
pub fn place_of_import(ctx: &FileContext<'_>, node: &SyntaxNode, path: &str) -> Option<TextSize> {
    let mut around = ctx.sema.ancestors_with_macros(node.clone());
    if around.any(|node| ast::ItemList::can_cast(node.kind())) {
        return None;
    }
    let uses = ctx.source.items().filter_map(|item| match item {
        ast::Item::Use(item) => Some(item),
        _ => None,
    });
    let uses: Vec<(String, ast::Use)> = uses
        .filter_map(|item| {
            let path = item.use_tree()?.path()?.syntax().text().to_string();
            Some((path, item))
        })
        .collect();
    let external = |path: &str| {
        let first = path.split("::").next().unwrap_or_default();
        !["std", "core", "alloc", "crate", "self", "super"].contains(&first)
    };
    let mut behind = uses.iter().filter(|(it, _)| external(it));
    let first = behind.next().or(uses.last())?;
    let (_, item) = behind.rfind(|(it, _)| it.as_str() < path).unwrap_or(first);
    let end = usize::from(item.syntax().text_range().end());
    let line = &ctx.text[end..];
    let line = &line[..line.find('\n').unwrap_or(line.len())];
    let rest = line.trim();
    (rest.is_empty() || rest.starts_with("//")).then(|| {
        let at = end + line.trim_end_matches('\r').len();
        TextSize::try_from(at).expect("files are below 4 GiB")
    })
}
