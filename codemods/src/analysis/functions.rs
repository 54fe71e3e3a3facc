//! A function of the workspace as plain data: where it stands, how it may be named, and whether it
//! may become async.

use ra_ap_hir::{AsAssocItem, AssocItemContainer, Function, HasVisibility, Visibility};
use ra_ap_ide_db::FileId;
use ra_ap_syntax::{
    AstNode, TextRange, TextSize,
    ast::{self, HasName},
};

use super::{
    contract, elided,
    handed_runtime::{self, RuntimeParameter},
    traits::InTrait,
};
use crate::{context::FileContext, facts::TargetKind, refusal::Refusal};

/// A function by where its name stands: the same one in every crate that includes its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionKey {
    /// The file.
    pub file: FileId,
    /// Where its name starts.
    pub at: TextSize,
}

/// How a function may be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// By its name, or by a path.
    Free,
    /// Behind its type, by a path.
    Associated,
    /// Behind its type, or behind a dot.
    Method,
}

/// A function of the workspace.
#[derive(Debug, Clone)]
pub struct Definition {
    /// What tells it from all others.
    pub key: FunctionKey,
    /// What it becomes async with goes by this key: see [`unit_of`].
    pub unit: FunctionKey,
    /// Its name.
    pub name: String,
    /// Its path, from the name of its crate on.
    pub path: String,
    /// Where the name stands.
    pub place: TextRange,
    /// How it may be named.
    pub shape: Shape,
    /// How many arguments a call by its path has: the receiver counts.
    pub parameters: usize,
    /// The only package that can name it.
    pub only_in: Option<String>,
    /// Its part in a trait of the workspace.
    pub in_trait: Option<InTrait>,
    /// Where `async` would stand.
    pub header: TextSize,
    /// The lifetimes that its signature would have to show, each behind what it stands.
    pub elided: Vec<(TextRange, String)>,
    /// Why it can't become async, by itself.
    pub frontier: Option<Refusal>,
    /// Why its future would not be `Send`, whatever it awaits.
    pub not_send: Option<Refusal>,
    /// Nobody in the workspace calls it by its name: `main`, tests, impls of foreign traits.
    pub uncalled: bool,
    /// Other crates may see its signature.
    pub public: bool,
    /// The runtime that it is given to drive futures with.
    pub runtime: Option<RuntimeParameter>,
    /// It asks for the place of its caller, which an async function can't give.
    pub tracks_caller: bool,
    /// The name of its package.
    pub package: String,
}

/// Where a function is defined, if that is in a file and not in what a macro makes.
pub fn key_of(ctx: &FileContext<'_>, function: Function) -> Option<FunctionKey> {
    let source = ctx.sema.source(function)?;
    if source.file_id.is_macro() {
        return None;
    }
    let name = source.value.name()?;
    let mapped = ctx.sema.original_range_opt(name.syntax())?;
    Some(FunctionKey {
        file: mapped.file_id.file_id(ctx.db),
        at: mapped.range.start(),
    })
}

/// The key of what a function becomes async with: for one that implements a trait of the workspace
/// that of the trait's declaration, for every other its own.
pub fn unit_of(ctx: &FileContext<'_>, function: Function) -> Option<FunctionKey> {
    let declared = ctx.in_trait(function).filter(|it| ctx.is_local(*it));
    key_of(ctx, declared.unwrap_or(function))
}

/// A function of this file. `None` for what a macro makes.
pub fn definition(ctx: &FileContext<'_>, node: &ast::Fn) -> Option<Definition> {
    if ctx.sema.hir_file_for(node.syntax()).is_macro() {
        return None;
    }
    let function = ctx.sema.to_fn_def(node)?;
    let name = node.name()?;
    let place = name.syntax().text_range();
    let item = function.as_assoc_item(ctx.db);
    let container = item.map(|item| item.container(ctx.db));
    let in_trait = InTrait::of(ctx, node, function);
    let implements = in_trait.as_ref().is_some_and(|it| !it.declares);
    let declared = ctx.in_trait(function).unwrap_or(function);
    let public = declared.visibility(ctx.db) == Visibility::Public;
    // Of several crates that include the file, one may be a library.
    let crates = ctx.sema.file_to_module_defs(ctx.file).count();
    let library = ctx.target == TargetKind::Lib || crates > 1;
    let implements_foreign = !implements
        && matches!(container, Some(AssocItemContainer::Impl(it)) if it.trait_(ctx.db).is_some());
    let contract = contract::of(ctx, node, function);
    let key = FunctionKey {
        file: ctx.file,
        at: place.start(),
    };
    Some(Definition {
        key,
        unit: unit_of(ctx, function).unwrap_or(key),
        name: name.text().trim_start_matches("r#").to_owned(),
        path: path_of(ctx, function),
        place,
        shape: match container {
            None => Shape::Free,
            Some(_) if function.has_self_param(ctx.db) => Shape::Method,
            Some(_) => Shape::Associated,
        },
        parameters: function.assoc_fn_params(ctx.db).len(),
        // Where the trait can be seen is where it is declared.
        only_in: (!public || !(library || implements)).then(|| ctx.package.name.clone()),
        header: contract::header(node),
        elided: elided::shown(ctx, node),
        uncalled: implements_foreign || function.is_main(ctx.db) || contract::is_test(node),
        frontier: contract.frontier,
        not_send: contract.not_send,
        public: public && library && ctx.package.publish && !implements,
        in_trait,
        runtime: handed_runtime::parameter(ctx, node),
        tracks_caller: contract.tracks_caller,
        package: ctx.package.name.clone(),
    })
}

/// The path of a function, with the type or trait that it belongs to.
fn path_of(ctx: &FileContext<'_>, function: Function) -> String {
    let module = function.module(ctx.db);
    let krate = module.krate(ctx.db).display_name(ctx.db);
    let mut segments: Vec<String> = krate
        .map(|it| it.crate_name().to_string())
        .into_iter()
        .collect();
    let modules = module.path_to_root(ctx.db).into_iter().rev();
    let modules = modules.filter_map(|it| it.name(ctx.db));
    segments.extend(modules.map(|name| name.as_str().to_owned()));
    let owner = match function
        .as_assoc_item(ctx.db)
        .map(|it| it.container(ctx.db))
    {
        Some(AssocItemContainer::Trait(it)) => Some(it.name(ctx.db)),
        Some(AssocItemContainer::Impl(it)) => it.self_ty(ctx.db).as_adt().map(|it| it.name(ctx.db)),
        None => None,
    };
    segments.extend(owner.map(|name| name.as_str().to_owned()));
    segments.push(function.name(ctx.db).as_str().to_owned());
    segments.join("::")
}

/// Whether a function of this path is meant by `wanted`, which may leave out the first segments.
pub fn ends_with_path(path: &str, wanted: &str) -> bool {
    let mut path = path.rsplit("::");
    wanted
        .rsplit("::")
        .all(|segment| path.next() == Some(segment.trim_start_matches("r#")))
}
