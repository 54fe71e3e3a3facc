//! What a function has promised to be, and an async function can't be.

use ra_ap_hir::{AsAssocItem, AssocItemContainer, Function, HasCrate, Trait};
use ra_ap_ide_db::{base_db::SourceDatabase, span::Edition};
use ra_ap_syntax::{
    AstNode, SourceFile, SyntaxNode, TextSize,
    ast::{self, HasAttrs, HasName},
};

use super::send::is_not_send;
use crate::{
    context::FileContext,
    refusal::{Refusal, RefusalKind},
};

/// What stands in the way of a function, by itself.
#[derive(Debug, Default)]
pub struct Contract {
    /// Why it can't become async.
    pub frontier: Option<Refusal>,
    /// Why its future would not be `Send`.
    pub not_send: Option<Refusal>,
    /// It has an attribute that does nothing on an async function.
    pub tracks_caller: bool,
}

/// Attributes that do not care what their function is.
const INERT: [&str; 22] = [
    "allow",
    "automatically_derived",
    "cfg",
    "cold",
    "deny",
    "deprecated",
    "doc",
    "expect",
    "forbid",
    "inline",
    "instrument",
    "macro_use",
    "must_use",
    "non_exhaustive",
    "path",
    "target_feature",
    "track_caller",
    "warn",
    "async_trait",
    "ignore",
    "should_panic",
    "no_implicit_prelude",
];

/// Namespaces of attributes for tools, which change no code.
const TOOLS: [&str; 3] = ["clippy", "rustfmt", "diagnostic"];

/// Attributes of functions that are called from outside of Rust, or by a macro's glue.
const GLUE: [&str; 13] = [
    "export_name",
    "link_section",
    "napi",
    "no_mangle",
    "panic_handler",
    "proc_macro",
    "proc_macro_attribute",
    "proc_macro_derive",
    "pyfunction",
    "pymethods",
    "wasm_bindgen",
    "global_allocator",
    "alloc_error_handler",
];

/// Judges a function of this file.
pub fn of(ctx: &FileContext<'_>, node: &ast::Fn, function: Function) -> Contract {
    let names: Vec<String> = node.attrs().filter_map(|attr| attribute(&attr)).collect();
    Contract {
        tracks_caller: names.iter().any(|name| name == "track_caller"),
        frontier: frontier(ctx, node, function),
        not_send: not_send(ctx, node, function),
    }
}

/// Where `async` stands in the header of a function.
pub fn header(node: &ast::Fn) -> TextSize {
    let qualifier = node.unsafe_token().or_else(|| node.safe_token());
    let abi = || node.abi().map(|abi| abi.syntax().text_range().start());
    let first = qualifier
        .map(|token| token.text_range().start())
        .or_else(abi);
    let keyword = || node.fn_token().map(|token| token.text_range().start());
    first
        .or_else(keyword)
        .unwrap_or_else(|| node.syntax().text_range().start())
}

/// Whether a test harness calls this function.
pub fn is_test(node: &ast::Fn) -> bool {
    const HARNESS: [&str; 7] = [
        "bench",
        "proptest",
        "quickcheck",
        "rstest",
        "test",
        "test_case",
        "divan",
    ];
    node.attrs()
        .filter_map(|attr| attribute(&attr))
        .any(|name| HARNESS.contains(&name.as_str()))
}

fn frontier(ctx: &FileContext<'_>, node: &ast::Fn, function: Function) -> Option<Refusal> {
    let name = node.name()?.text().to_string();
    let refuse = |kind, message: String| Some(Refusal::new(kind, message));
    if function.is_main(ctx.db) {
        return refuse(
            RefusalKind::F1,
            "`main` is where the program starts".to_owned(),
        );
    }
    if is_test(node) {
        return refuse(RefusalKind::F2, format!("the test harness calls `{name}`"));
    }
    if let Some(refusal) = of_container(ctx, &name, function) {
        return Some(refusal);
    }
    if node.const_token().is_some() {
        return refuse(RefusalKind::F8, format!("`{name}` is a `const fn`"));
    }
    if node.abi().is_some() {
        return refuse(
            RefusalKind::F9,
            format!("`{name}` has the ABI of another language"),
        );
    }
    let declares = node.body().is_none() && is_in_trait(ctx, function);
    if function.is_varargs(ctx.db) || (node.body().is_none() && !declares) {
        return refuse(
            RefusalKind::F14,
            format!("`{name}` has no body that could wait"),
        );
    }
    if let Some(refusal) = of_attributes(&name, node) {
        return Some(refusal);
    }
    if ctx.package.edition == Edition::Edition2015 {
        let message = format!(
            "`{}` is of edition 2015, which has no async functions",
            ctx.package.name
        );
        return refuse(RefusalKind::F22, message);
    }
    if is_no_std(ctx, function) {
        return refuse(
            RefusalKind::F20,
            format!("the crate of `{name}` is `no_std`"),
        );
    }
    of_signature(ctx, &name, function)
}

fn of_container(ctx: &FileContext<'_>, name: &str, function: Function) -> Option<Refusal> {
    let AssocItemContainer::Impl(it) = function.as_assoc_item(ctx.db)?.container(ctx.db) else {
        return None;
    };
    let trait_ = it.trait_(ctx.db)?;
    let trait_name = trait_.name(ctx.db).as_str().to_owned();
    let (kind, message) = if trait_.krate(ctx.db).origin(ctx.db).is_local() {
        return None;
    } else if ctx.trait_at("core::ops::Drop") == Some(trait_) {
        (RefusalKind::F3, "`drop` can't be async".to_owned())
    } else if is_operator(ctx, trait_) {
        let message = format!("`{name}` is what an operator calls");
        (RefusalKind::F18, message)
    } else {
        let message = format!("`{name}` implements `{trait_name}`, which another crate declares");
        (RefusalKind::F4, message)
    };
    Some(Refusal::new(kind, message))
}

fn is_in_trait(ctx: &FileContext<'_>, function: Function) -> bool {
    let container = function
        .as_assoc_item(ctx.db)
        .map(|it| it.container(ctx.db));
    matches!(container, Some(AssocItemContainer::Trait(_)))
}

fn is_operator(ctx: &FileContext<'_>, trait_: Trait) -> bool {
    let module = trait_.module(ctx.db);
    let in_core = module
        .krate(ctx.db)
        .display_name(ctx.db)
        .is_some_and(|name| name.crate_name().as_str() == "core");
    in_core
        && module.path_to_root(ctx.db).into_iter().any(|module| {
            module
                .name(ctx.db)
                .is_some_and(|name| name.as_str() == "ops")
        })
}

fn of_attributes(name: &str, node: &ast::Fn) -> Option<Refusal> {
    let around = node
        .syntax()
        .ancestors()
        .skip(1)
        .filter_map(ast::Item::cast);
    let attributes = node
        .attrs()
        .chain(around.flat_map(|item| item.attrs().collect::<Vec<_>>()));
    for attr in attributes {
        let Some(path) = attribute_path(&attr) else {
            continue;
        };
        let last = path.rsplit("::").next().unwrap_or_default();
        if GLUE.contains(&last) {
            let message = format!("`#[{path}]` makes `{name}` something that others call");
            return Some(Refusal::new(RefusalKind::F9, message));
        }
        let tool = path
            .split_once("::")
            .is_some_and(|(first, _)| TOOLS.contains(&first));
        if !tool && !INERT.contains(&last) {
            let message = format!("the attribute `#[{path}]` may not take an async function");
            return Some(Refusal::new(RefusalKind::F11, message));
        }
    }
    None
}

/// Whether an attribute may make something else of a function than what is written.
pub fn is_changed_by_attribute(node: &ast::Fn) -> bool {
    of_attributes("", node).is_some()
}

/// The last segment of an attribute's path.
fn attribute(attr: &ast::Attr) -> Option<String> {
    let path = attribute_path(attr)?;
    Some(path.rsplit("::").next().unwrap_or_default().to_owned())
}

/// The path of an attribute, inside of `unsafe(..)` too.
pub fn attribute_path(attr: &ast::Attr) -> Option<String> {
    let text = attr.meta()?.syntax().text().to_string();
    let inner = text.strip_prefix("unsafe").map_or(text.as_str(), |rest| {
        rest.trim_start().trim_start_matches('(').trim_start()
    });
    let end = inner
        .find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':')
        .unwrap_or(inner.len());
    Some(inner[..end].to_owned())
}

fn is_no_std(ctx: &FileContext<'_>, function: Function) -> bool {
    let root = function.krate(ctx.db).root_file(ctx.db);
    let text: &str = ctx.db.file_text(root).text(ctx.db);
    if !text.contains("no_std") {
        return false;
    }
    let tree = SourceFile::parse(text, ctx.package.edition).tree();
    tree.attrs()
        .any(|attr| attribute_path(&attr).as_deref() == Some("no_std"))
}

fn of_signature(ctx: &FileContext<'_>, name: &str, function: Function) -> Option<Refusal> {
    let future = ctx.trait_at("core::future::Future");
    let returned = function.ret_type(ctx.db);
    if future.is_some_and(|future| returned.impls_trait(ctx.db, future, &[])) {
        let message =
            format!("`{name}` gives back a future already, and would give one in another");
        return Some(Refusal::new(RefusalKind::R5, message));
    }
    None
}

fn not_send(ctx: &FileContext<'_>, node: &ast::Fn, function: Function) -> Option<Refusal> {
    let name = node.name()?.text().to_string();
    let held = function
        .assoc_fn_params(ctx.db)
        .into_iter()
        .find(|parameter| {
            let ty = parameter.ty();
            ty.as_adt().is_some() && is_not_send(ctx, ty)
        })?;
    let held = held.name(ctx.db).map_or_else(
        || "a parameter".to_owned(),
        |name| format!("`{}`", name.as_str()),
    );
    let message = format!("{held}, which is not `Send`, would be held while `{name}` waits");
    Some(Refusal::new(RefusalKind::F15, message))
}

/// The attribute that a token stands in.
pub fn enclosing_attribute(node: &SyntaxNode) -> Option<ast::Attr> {
    node.ancestors().find_map(ast::Attr::cast)
}
