//! What can be said about a file from its tree alone.

use ra_ap_ide_db::{FxHashMap, FxHashSet};
use ra_ap_syntax::{
    AstNode, SourceFile, SyntaxNode,
    ast::{self, HasGenericArgs, HasName},
};

use crate::knowledge::{Knowledge, Role, last_segment};

/// The names that the `use` items of a file bind, with the paths that they stand for.
#[derive(Debug, Default)]
pub struct Imports {
    paths: FxHashMap<String, String>,
}

impl Imports {
    /// Reads every `use` item of a file, whatever its scope. Globs bind nothing.
    pub fn of(file: &SourceFile) -> Imports {
        Imports::of_items(file.syntax().descendants().filter_map(ast::Use::cast))
    }

    /// Reads these `use` items.
    pub fn of_items(items: impl Iterator<Item = ast::Use>) -> Imports {
        let mut imports = Imports::default();
        for tree in items.filter_map(|item| item.use_tree()) {
            imports.add(&tree, "");
        }
        imports
    }

    fn add(&mut self, tree: &ast::UseTree, prefix: &str) {
        let path = tree
            .path()
            .map(|path| path.syntax().text().to_string())
            .unwrap_or_default();
        let path = match (prefix, path.as_str()) {
            ("", path) => path.to_owned(),
            (prefix, "" | "self") => prefix.to_owned(),
            (prefix, path) => format!("{prefix}::{path}"),
        };
        if let Some(list) = tree.use_tree_list() {
            for tree in list.use_trees() {
                self.add(&tree, &path);
            }
        } else if tree.star_token().is_none() {
            let path = path.trim_start_matches("::").to_owned();
            let name = match tree.rename().and_then(|rename| rename.name()) {
                Some(name) => name.text().to_string(),
                None => last_segment(&path).to_owned(),
            };
            self.paths.insert(name, path);
        }
    }

    /// The names that the file gives to items with these names.
    pub fn aliases<'a>(&'a self, names: &'a FxHashSet<String>) -> impl Iterator<Item = &'a String> {
        self.paths
            .iter()
            .filter(|(_, path)| names.contains(last_segment(path)))
            .map(|(name, _)| name)
    }

    /// The path that a `use` item of the file binds to a name.
    pub fn path_of(&self, name: &str) -> Option<&str> {
        self.paths.get(name).map(String::as_str)
    }

    /// A path with its first segment replaced by what the file imports under that name, and
    /// without generic arguments.
    pub fn spell_out(&self, path: &ast::Path) -> String {
        let segments: Vec<String> = path
            .segments()
            .filter_map(|segment| Some(segment.name_ref()?.text().to_string()))
            .collect();
        match segments.split_first() {
            Some((first, rest)) => match self.paths.get(first) {
                Some(imported) => std::iter::once(imported)
                    .chain(rest)
                    .cloned()
                    .collect::<Vec<_>>()
                    .join("::"),
                None => segments.join("::"),
            },
            None => String::new(),
        }
    }
}

/// The names by which a file may call functions whose role is asked for.
pub fn names_in(
    imports: &Imports,
    knowledge: &Knowledge,
    wanted: impl Fn(&Role) -> bool,
) -> FxHashSet<String> {
    let mut names: FxHashSet<String> = knowledge.names(wanted).into_iter().collect();
    let aliases: Vec<String> = imports.aliases(&names).cloned().collect();
    names.extend(aliases);
    names
}

/// Whether attributes stand on an expression.
pub fn has_attributes(expr: &ast::Expr) -> bool {
    expr.syntax()
        .children()
        .any(|child| ast::Attr::can_cast(child.kind()))
}

/// Whether a call says which types it is for: `call::<Type>(..)`, but not `call::<_>(..)`.
pub fn names_types(call: &SyntaxNode) -> bool {
    let callee = call
        .children()
        .find_map(ast::PathExpr::cast)
        .and_then(|callee| callee.path()?.segment()?.generic_arg_list());
    let method = call.children().find_map(ast::GenericArgList::cast);
    callee.or(method).is_some_and(|list| {
        let mut arguments = list.generic_args();
        arguments.any(|it| it.syntax().text() != "_")
    })
}

/// Whether one of these nodes is async code: asked of what is around a place, before anything has a type.
pub fn may_be_in_async(around: impl IntoIterator<Item = SyntaxNode>) -> bool {
    around.into_iter().any(|outer| {
        let function = ast::Fn::cast(outer.clone()).and_then(|it| it.async_token());
        let closure = ast::ClosureExpr::cast(outer.clone()).and_then(|it| it.async_token());
        let block = ast::BlockExpr::cast(outer).and_then(|it| it.modifier());
        function.or(closure).is_some() || matches!(block, Some(ast::BlockModifier::Async(_)))
    })
}

/// Whether a node stands in a loop of a body, or in a closure that may be called more than once.
pub fn is_repeated(node: &SyntaxNode, body: &SyntaxNode) -> bool {
    let around = node.ancestors().skip(1).take_while(|it| it != body);
    let mut around = around.filter_map(ast::Expr::cast);
    around.any(|it| match it {
        ast::Expr::LoopExpr(_) | ast::Expr::WhileExpr(_) | ast::Expr::ClosureExpr(_) => true,
        ast::Expr::ForExpr(it) => {
            let body = it
                .syntax()
                .children()
                .filter_map(ast::BlockExpr::cast)
                .last();
            body.is_some_and(|body| {
                let range = body.syntax().text_range();
                range.contains_range(node.text_range())
            })
        }
        _ => false,
    })
}
