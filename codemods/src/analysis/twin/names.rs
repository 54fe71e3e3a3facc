//! How calls name a twin: with the path that they have, or with one that leads there.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_hir::{Function, Module, ModuleDef, PathResolution};
use ra_ap_ide_db::FileId;
use ra_ap_syntax::{
    AstNode, SyntaxToken, TextRange, TextSize,
    ast::{self, HasName, HasVisibility},
};

use super::twin_name;
use crate::{
    analysis::{
        functions::{FunctionKey, Shape, key_of},
        leftovers,
        reach::Node,
    },
    change::{Change, Edit},
    context::FileContext,
    workspace::WorkspaceContext,
};

/// A module that has a function, by its own name or by another, and will have its twin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The root file of its crate.
    krate: FileId,
    /// The names of the modules from there.
    modules: Vec<String>,
    /// The function's name there.
    name: String,
}

impl Home {
    /// Where a function is defined.
    pub fn of(ctx: &FileContext<'_>, function: Function) -> Home {
        let name = function.name(ctx.db).as_str().to_owned();
        Home::in_module(ctx, function.module(ctx.db), name)
    }

    fn in_module(ctx: &FileContext<'_>, module: Module, name: String) -> Home {
        let modules = module.path_to_root(ctx.db).into_iter().rev();
        let modules = modules.filter_map(|it| Some(it.name(ctx.db)?.as_str().to_owned()));
        Home {
            krate: module.krate(ctx.db).root_file(ctx.db),
            modules: modules.collect(),
            name,
        }
    }

    /// The name that the twin has there.
    pub fn twin(&self) -> String {
        twin_name(&self.name)
    }

    /// The path of the module for code at a place, if that may name it and finds the function in it.
    fn path(&self, ctx: &FileContext<'_>, place: &ast::Path, of: FunctionKey) -> Option<String> {
        let here = ctx.sema.scope(place.syntax())?.module();
        let krate = here.krate(ctx.db);
        let mut path = match krate.root_file(ctx.db) == self.krate {
            true => "crate".to_owned(),
            false => {
                let mut dependencies = krate.dependencies(ctx.db).into_iter();
                let it = dependencies.find(|it| it.krate.root_file(ctx.db) == self.krate)?;
                it.name.as_str().to_owned()
            }
        };
        for module in &self.modules {
            path += &format!("::{module}");
            ctx.module_in_scope(place.syntax(), &path)
                .filter(|module| ctx.is_visible(*module, here))?;
        }
        let function = format!("{path}::{}", self.name);
        let function = ctx.function_in_scope(place.syntax(), &function)?;
        (key_of(ctx, function) == Some(of)).then_some(path)
    }
}

/// The public re-exports of functions, each with the edit that adds the twin.
pub fn exports(ws: &WorkspaceContext<'_>, kept: &[&Node]) -> Vec<(FunctionKey, Home, Edit)> {
    let mut imports: BTreeMap<FileId, Vec<(FunctionKey, TextRange)>> = BTreeMap::new();
    for node in kept {
        for &(file, name) in &node.imports {
            imports
                .entry(file)
                .or_default()
                .push((node.parts[0].unit, name));
        }
    }
    let files: Vec<FileId> = imports.keys().copied().collect();
    let (looked, _) = ws.look(&files, |ctx| {
        let exports = imports[&ctx.file].iter().filter_map(|&(key, name)| {
            let (home, edit) = export(ctx, name)?;
            Some((key, home, edit))
        });
        exports.collect::<Vec<_>>()
    });
    looked
        .into_iter()
        .flat_map(|(_, exports)| exports)
        .collect()
}

fn export(ctx: &FileContext<'_>, name: TextRange) -> Option<(Home, Edit)> {
    let token = token_at(ctx, name)?;
    let tree = token.parent_ancestors().find_map(ast::UseTree::cast)?;
    let item = tree.syntax().ancestors().find_map(ast::Use::cast)?;
    item.visibility()
        .filter(|it| it.visibility_inner().is_none())?;
    let module = ctx.sema.scope(item.syntax())?.module();
    let alias = tree.rename().and_then(|rename| rename.name());
    let alias = alias.map(|name| name.text().to_string());
    let own = token.text();
    let twin = match &alias {
        Some(alias) => format!("{} as {}", twin_name(own), twin_name(alias)),
        None => twin_name(own),
    };
    let range = tree.syntax().text_range();
    let in_list = tree
        .syntax()
        .parent()
        .is_some_and(|it| ast::UseTreeList::can_cast(it.kind()));
    let (range, text) = match in_list {
        true => {
            let before = ctx.slice(TextRange::new(range.start(), name.start()));
            (TextRange::empty(range.end()), format!(", {before}{twin}"))
        }
        false => {
            let leaf = TextRange::new(name.start(), range.end());
            (leaf, format!("{{{}, {twin}}}", ctx.slice(leaf)))
        }
    };
    let edit = Edit {
        file: ctx.file,
        range,
        text,
    };
    let name = alias.unwrap_or_else(|| own.to_owned());
    Some((Home::in_module(ctx, module, name), edit))
}

/// What lets the calls of functions name the twins, by the places of the names in them.
pub fn renamed(
    ws: &WorkspaceContext<'_>,
    kept: &[&Node],
    homes: &BTreeMap<FunctionKey, Vec<Home>>,
) -> BTreeMap<(FileId, TextSize), Change> {
    let sites = || {
        kept.iter()
            .flat_map(|node| node.sites.iter().map(move |site| (node, site)))
    };
    let files: BTreeSet<FileId> = sites().map(|(_, site)| site.file).collect();
    let files: Vec<FileId> = files.into_iter().collect();
    let (looked, _) = ws.look(&files, |ctx| {
        let here = sites().filter(|(_, site)| site.file == ctx.file);
        let edits = here.filter_map(|(node, site)| {
            let homes = homes.get(&node.parts[0].unit)?;
            Some((
                (site.file, site.name.start()),
                rename(ctx, site.name, node, homes)?,
            ))
        });
        edits.collect::<Vec<_>>()
    });
    looked.into_iter().flat_map(|(_, edits)| edits).collect()
}

fn rename(ctx: &FileContext<'_>, name: TextRange, node: &Node, homes: &[Home]) -> Option<Change> {
    let function = &node.parts[0];
    let (range, text) = named(ctx, name, (function.unit, function.shape), homes)?;
    let mut change = Change::default();
    let by_path = text.contains("::");
    change.replace(ctx.file, range, text);
    if by_path {
        leftovers::note(ctx, &mut change, &[range]);
    }
    Some(change)
}

/// What names the twin of a function in the place of its name in a call: another name, or a path in
/// the place of the whole one.
pub fn named(
    ctx: &FileContext<'_>,
    name: TextRange,
    (of, shape): (FunctionKey, Shape),
    homes: &[Home],
) -> Option<(TextRange, String)> {
    let path = path_of_call(ctx, name)?;
    let Some(path) = path.filter(|_| shape == Shape::Free) else {
        return Some((name, twin_name(ctx.slice(name))));
    };
    let module = match path.qualifier() {
        None => ctx.sema.scope(path.syntax())?.module(),
        Some(qualifier) => match ctx.sema.resolve_path(&qualifier)? {
            PathResolution::Def(ModuleDef::Module(module)) => module,
            _ => return None,
        },
    };
    let written = path.segment()?.name_ref()?.text().to_string();
    let as_written = Home::in_module(ctx, module, written);
    if homes.contains(&as_written) {
        return Some((name, as_written.twin()));
    }
    let mut paths = homes.iter().filter_map(|home| {
        let path = home.path(ctx, &path, of)?;
        Some(format!("{path}::{}", home.twin()))
    });
    let whole = TextRange::new(ctx.source_range(path.syntax())?.start(), name.end());
    Some((whole, paths.next()?))
}

fn token_at(ctx: &FileContext<'_>, name: TextRange) -> Option<SyntaxToken> {
    let mut tokens = ctx.source.syntax().token_at_offset(name.start());
    tokens.find(|token| token.text_range() == name)
}

/// The path of the callee in a call, by the place of its name; `Some(None)` for a method call.
fn path_of_call(ctx: &FileContext<'_>, name: TextRange) -> Option<Option<ast::Path>> {
    let token = token_at(ctx, name)?;
    let token = match ast::TokenTree::can_cast(token.parent()?.kind()) {
        false => token,
        true => {
            let made = ctx.sema.descend_into_macros(token.clone()).into_iter();
            let mut made = made.filter(|it| it.text() == token.text());
            made.find(|it| {
                it.parent()
                    .is_some_and(|it| !ast::TokenTree::can_cast(it.kind()))
            })?
        }
    };
    let outer = token.parent()?.parent()?;
    match ast::PathSegment::cast(outer) {
        Some(segment) => Some(Some(segment.parent_path())),
        None => Some(None),
    }
}
