//! Locals and imports that nothing uses any more once a change is made.

use ra_ap_hir::PathResolution;
use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode, SyntaxToken, TextRange,
    ast::{self, HasAttrs, HasName, HasVisibility},
};

use crate::{
    change::{Change, Leftover},
    context::FileContext,
    text::{has_comment, has_word},
};

/// Notes in a change which code it takes away, and which names that may leave without a use.
pub fn note(ctx: &FileContext<'_>, change: &mut Change, gone: &[TextRange]) {
    change
        .gone
        .extend(gone.iter().map(|&range| (ctx.file, range)));
    let mut open: Vec<TextRange> = gone.to_vec();
    while let Some(range) = open.pop() {
        for path in paths_in(ctx.source.syntax(), range) {
            let leftover = match ctx.sema.resolve_path(&path) {
                Some(PathResolution::Local(local)) => local_leftover(ctx, local),
                Some(_) => first_name(&path).and_then(|name| import_leftover(ctx, &name, range)),
                None => None,
            };
            add(change, &mut open, leftover);
        }
        for name in names_in_macros(ctx.source.syntax(), range) {
            add(change, &mut open, import_leftover(ctx, &name, range));
        }
        for name in methods_in(ctx.source.syntax(), range) {
            let leftover = trait_leftover(ctx, &name);
            add(change, &mut open, leftover);
        }
    }
}

fn add(change: &mut Change, open: &mut Vec<TextRange>, leftover: Option<Leftover>) {
    if let Some(leftover) = leftover
        && !change.leftovers.contains(&leftover)
    {
        open.push(leftover.binding);
        change.leftovers.push(leftover);
    }
}

/// The paths whose first name stands in a range, outside of macro arguments. Their generic arguments
/// may be left standing.
fn paths_in(root: &SyntaxNode, range: TextRange) -> Vec<ast::Path> {
    root.descendants()
        .filter_map(ast::Path::cast)
        .filter(|path| path.qualifier().is_none())
        .filter(|path| {
            let name = path.segment().and_then(|segment| segment.name_ref());
            name.is_some_and(|name| range.contains_range(name.syntax().text_range()))
        })
        .collect()
}

/// The names of the methods that are called in a range: the receiver may be left standing.
fn methods_in(root: &SyntaxNode, range: TextRange) -> Vec<ast::NameRef> {
    root.descendants()
        .filter_map(ast::MethodCallExpr::cast)
        .filter_map(|call| call.name_ref())
        .filter(|name| range.contains_range(name.syntax().text_range()))
        .collect()
}

/// A `let` of a handle or a clone, for the uses of its name in the function.
fn local_leftover(ctx: &FileContext<'_>, local: ra_ap_hir::Local<'_>) -> Option<Leftover> {
    let source = local.primary_source(ctx.db);
    let pattern = source.source.value.left()?;
    let statement = pattern.syntax().parent().and_then(ast::LetStmt::cast)?;
    let plain = statement.ty().is_none()
        && statement.let_else().is_none()
        && statement.attrs().next().is_none()
        && statement
            .initializer()
            .is_some_and(|value| is_cheap(ctx, &value));
    let in_file = ctx.source_range(statement.syntax())?;
    if !plain || has_comment(statement.syntax(), in_file) {
        return None;
    }
    let function = statement
        .syntax()
        .ancestors()
        .find(|node| ast::Fn::can_cast(node.kind()))?;
    let uses = mentions(ctx, local, &function).into_iter();
    Some(Leftover {
        file: ctx.file,
        binding: in_file,
        uses: uses
            .map(|token| token.text_range())
            .filter(|range| !in_file.contains_range(*range))
            .collect(),
    })
}

/// The tokens below a node that refer to a local, or may, in the order of the file.
pub fn mentions(
    ctx: &FileContext<'_>,
    local: ra_ap_hir::Local<'_>,
    node: &SyntaxNode,
) -> Vec<SyntaxToken> {
    let name = local.name(ctx.db);
    tokens(node)
        .filter(|token| may_name(ctx, local, token, name.as_str()))
        .collect()
}

/// Whether a value can be left out: the handle of the runtime, or a clone of something named.
pub fn is_cheap(ctx: &FileContext<'_>, value: &ast::Expr) -> bool {
    super::handle::is_handle_call(ctx, value) || super::handle::cloned(ctx, value).is_some()
}

/// Whether a token refers to a local, or may: in the arguments of a macro and in format strings.
fn may_name(
    ctx: &FileContext<'_>,
    local: ra_ap_hir::Local<'_>,
    token: &SyntaxToken,
    name: &str,
) -> bool {
    match token.kind() {
        SyntaxKind::IDENT if token.text() == name && !is_member(token) => {
            let Some(parent) = token.parent() else {
                return true;
            };
            let binds = ast::Name::can_cast(parent.kind());
            !binds && local_of(ctx, &parent).is_none_or(|it| it == local)
        }
        SyntaxKind::STRING => has_word(token.text(), name),
        _ => false,
    }
}

/// Whether a token names a field, a method, or what stands after `::` in another crate or type.
/// What stands after `super::`, `self::` or `crate::` may be the import of a module around it.
fn is_member(token: &SyntaxToken) -> bool {
    let mut before = std::iter::successors(token.prev_token(), SyntaxToken::prev_token)
        .filter(|token| !token.kind().is_trivia())
        .peekable();
    match before.peek().map(|token| token.text()) {
        Some("." | "fn") => return true,
        Some("::" | ":") => {}
        _ => return false,
    }
    let mut segments = 0;
    loop {
        // In the arguments of a macro a path separator is two tokens.
        match before.next() {
            Some(it) if it.text() == "::" => {}
            Some(it) if it.text() == ":" => {
                if before.next().is_none_or(|it| it.text() != ":") {
                    return segments > 0;
                }
            }
            _ => return segments > 0,
        }
        match before.next() {
            Some(it) if matches!(it.text(), "super" | "self" | "crate") => return false,
            Some(it) if it.kind() == SyntaxKind::IDENT => segments += 1,
            _ => return true,
        }
    }
}

fn tokens(node: &SyntaxNode) -> impl Iterator<Item = SyntaxToken> {
    node.descendants_with_tokens()
        .filter_map(|element| element.into_token())
}

fn first_name(path: &ast::Path) -> Option<String> {
    Some(path.segment()?.name_ref()?.text().to_string())
}

/// The names in a range that begin a path among the arguments of a macro.
fn names_in_macros(root: &SyntaxNode, range: TextRange) -> Vec<String> {
    tokens(root)
        .filter(|token| token.kind() == SyntaxKind::IDENT && !is_member(token))
        .filter(|token| range.contains_range(token.text_range()))
        .filter(|token| {
            token
                .parent()
                .is_some_and(|parent| ast::TokenTree::can_cast(parent.kind()))
        })
        .map(|token| token.text().to_owned())
        .collect()
}

/// The import that a name goes through.
fn import_leftover(ctx: &FileContext<'_>, name: &str, at: TextRange) -> Option<Leftover> {
    let member = import_of(ctx, name, at)?;
    let scope = scope_of(&member)?;
    let uses = uses_of_import(ctx, &member, |token| {
        token.text() == name
            && !is_member(token)
            && !is_local(ctx, token)
            && !is_bound_anew(name, &scope, token)
    });
    leftover_of(ctx, &member, name, uses)
}

/// The import of the trait that a method is called through.
fn trait_leftover(ctx: &FileContext<'_>, method: &ast::NameRef) -> Option<Leftover> {
    use ra_ap_hir::AsAssocItem as _;
    let call = method
        .syntax()
        .parent()
        .and_then(ast::MethodCallExpr::cast)?;
    let callee = ctx.callee(&call.into())?;
    let callee = ctx.in_trait(callee).unwrap_or(callee);
    let trait_ = callee.as_assoc_item(ctx.db)?.container_trait(ctx.db)?;
    let methods: Vec<String> = trait_
        .items(ctx.db)
        .into_iter()
        .filter_map(|item| Some(item.name(ctx.db)?.as_str().to_owned()))
        .collect();
    let mut members = members(ctx).into_iter().filter(|member| {
        let resolved = member.path().and_then(|path| ctx.sema.resolve_path(&path));
        matches!(resolved, Some(PathResolution::Def(ra_ap_hir::ModuleDef::Trait(it))) if it == trait_)
    });
    let member = members.next()?;
    if members.next().is_some() {
        return None;
    }
    let name = bound_name(&member)?;
    let uses = uses_of_import(ctx, &member, |token| {
        token.text() == name
            || methods.iter().any(|method| method == token.text())
                && may_be_called_through(ctx, token, trait_)
    });
    leftover_of(ctx, &member, &name, uses)
}

/// Whether a token is the name of a method that the trait may provide.
fn may_be_called_through(
    ctx: &FileContext<'_>,
    token: &SyntaxToken,
    trait_: ra_ap_hir::Trait,
) -> bool {
    use ra_ap_hir::AsAssocItem as _;
    let before = std::iter::successors(token.prev_token(), SyntaxToken::prev_token)
        .find(|token| !token.kind().is_trivia());
    if before.is_none_or(|before| before.text() != ".") {
        return false;
    }
    let call = token
        .parent()
        .and_then(|name| name.parent())
        .and_then(ast::MethodCallExpr::cast);
    let Some(callee) = call.and_then(|call| ctx.callee(&call.into())) else {
        return true;
    };
    let declared = ctx.in_trait(callee).unwrap_or(callee);
    let item = declared.as_assoc_item(ctx.db);
    item.and_then(|item| item.container_trait(ctx.db)) == Some(trait_)
}

fn leftover_of(
    ctx: &FileContext<'_>,
    member: &ast::UseTree,
    name: &str,
    uses: Vec<TextRange>,
) -> Option<Leftover> {
    let item = member.syntax().ancestors().find_map(ast::Use::cast)?;
    let plain = item.visibility().is_none() && item.attrs().next().is_none();
    let range = item.syntax().text_range();
    if !plain || has_comment(item.syntax(), range) || seen_by_children(ctx, name) {
        return None;
    }
    let binding = member.syntax().text_range();
    Some(Leftover {
        file: ctx.file,
        binding,
        uses,
    })
}

fn uses_of_import(
    ctx: &FileContext<'_>,
    member: &ast::UseTree,
    is_use: impl Fn(&SyntaxToken) -> bool,
) -> Vec<TextRange> {
    let item = member.syntax().ancestors().find_map(ast::Use::cast);
    let own = item.map_or(member.syntax().text_range(), |item| {
        item.syntax().text_range()
    });
    tokens(ctx.source.syntax())
        .filter(|token| token.kind() == SyntaxKind::IDENT)
        .filter(|token| !own.contains_range(token.text_range()) && is_use(token))
        .map(|token| token.text_range())
        .collect()
}

/// Whether a name is proven to be that of a local.
fn is_local(ctx: &FileContext<'_>, token: &SyntaxToken) -> bool {
    let Some(parent) = token.parent() else {
        return false;
    };
    if let Some(name) = ast::Name::cast(parent.clone()) {
        let pattern = name.syntax().parent().and_then(ast::IdentPat::cast);
        return pattern.is_some_and(|pattern| ctx.sema.to_def(&pattern).is_some());
    }
    local_of(ctx, &parent).is_some()
}

/// The local that a name in an expression refers to.
fn local_of<'a>(ctx: &FileContext<'a>, name: &SyntaxNode) -> Option<ra_ap_hir::Local<'a>> {
    let path = name.ancestors().nth(2).and_then(ast::Path::cast)?;
    match ctx.sema.resolve_path(&path)? {
        PathResolution::Local(local) => Some(local),
        _ => None,
    }
}

/// The member of the innermost `use` item that binds a name for the code at a place.
fn import_of(ctx: &FileContext<'_>, name: &str, at: TextRange) -> Option<ast::UseTree> {
    let mut found: Vec<(TextRange, ast::UseTree)> = members(ctx)
        .into_iter()
        .filter(|member| bound_name(member).as_deref() == Some(name))
        .filter_map(|member| Some((scope_of(&member)?.text_range(), member)))
        .filter(|(scope, _)| scope.contains_range(at))
        .collect();
    found.sort_by_key(|(scope, _)| scope.len());
    match found.as_slice() {
        [(_, member)] => Some(member.clone()),
        [(inner, member), (outer, _), ..] if inner != outer => Some(member.clone()),
        _ => None,
    }
}

/// The place of that member.
pub fn import_at(ctx: &FileContext<'_>, name: &str, at: TextRange) -> Option<TextRange> {
    Some(import_of(ctx, name, at)?.syntax().text_range())
}

/// The module or block whose names a `use` item binds.
fn scope_of(member: &ast::UseTree) -> Option<SyntaxNode> {
    let item = member.syntax().ancestors().find_map(ast::Use::cast)?;
    item.syntax().parent()
}

/// Whether a module inside of `scope` binds the name for itself at this token.
fn is_bound_anew(name: &str, scope: &SyntaxNode, token: &SyntaxToken) -> bool {
    token
        .parent_ancestors()
        .take_while(|node| node != scope)
        .filter_map(ast::ItemList::cast)
        .any(|list| {
            list.syntax()
                .children()
                .filter_map(ast::Use::cast)
                .flat_map(|item| {
                    item.syntax()
                        .descendants()
                        .filter_map(ast::UseTree::cast)
                        .collect::<Vec<_>>()
                })
                .any(|tree| {
                    tree.use_tree_list().is_none()
                        && bound_name(&tree).as_deref() == Some(name)
                        && !reaches_up(&tree)
                })
        })
}

/// Whether a `use` tree takes its name from a module around it.
fn reaches_up(tree: &ast::UseTree) -> bool {
    let item = tree.syntax().ancestors().find_map(ast::Use::cast);
    item.is_none_or(|item| {
        let text = item.syntax().text().to_string();
        text.contains("super") || text.contains("self::") || text.contains("crate")
    })
}

fn members(ctx: &FileContext<'_>) -> Vec<ast::UseTree> {
    ctx.source
        .syntax()
        .descendants()
        .filter_map(ast::UseTree::cast)
        .filter(|tree| tree.use_tree_list().is_none() && tree.star_token().is_none())
        .collect()
}

/// The name that a member of a `use` item binds.
fn bound_name(member: &ast::UseTree) -> Option<String> {
    if let Some(rename) = member.rename() {
        return Some(
            rename
                .name()
                .map_or_else(|| "_".to_owned(), |name| name.text().to_string()),
        );
    }
    let last = member.path()?.segment()?;
    if last.self_token().is_some() {
        let list = member.syntax().parent()?;
        let outer = list.parent().and_then(ast::UseTree::cast)?;
        return Some(outer.path()?.segment()?.name_ref()?.text().to_string());
    }
    Some(last.name_ref()?.text().to_string())
}

/// Whether a module in another file may reach a private import of this one.
fn seen_by_children(ctx: &FileContext<'_>, name: &str) -> bool {
    let Some(module) = ctx.sema.file_to_module_def(ctx.file) else {
        return true;
    };
    let mut open: Vec<_> = module.children(ctx.db).collect();
    while let Some(module) = open.pop() {
        let source = module.definition_source(ctx.db);
        let node = match &source.value {
            ra_ap_hir::ModuleSource::SourceFile(file) => file.syntax().clone(),
            _ => continue,
        };
        let text = node.text().to_string();
        if reaches_up_for(&text, name) {
            return true;
        }
        open.extend(module.children(ctx.db));
    }
    false
}

/// Whether a text names something of an outer module by this name, or takes all that is there.
fn reaches_up_for(text: &str, name: &str) -> bool {
    let glob = text.contains("super::*");
    if name == "_" {
        // What has no name is only ever taken with all else.
        return glob || (text.contains("crate::") && text.contains("::*"));
    }
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let up = |path: &str| path.starts_with("super") || path.starts_with("crate");
    let mut named = text.match_indices(name).map(|(at, _)| {
        let (before, behind) = (&text[..at], &text[at + name.len()..]);
        let start = before.rfind(|c| !is_word(c) && c != ':');
        up(&before[start.map_or(0, |at| at + 1)..]) && !behind.starts_with(is_word)
    });
    let in_list = text.contains("super::{") || text.contains("crate::{");
    named.any(|it| it) || ((in_list || glob) && text.contains(name))
}
