//! Conditional compilation: under which `cfg` a place is compiled.

use ra_ap_hir::{CfgAtom, CfgExpr, HasAttrs as _, Module, Semantics};
use ra_ap_ide_db::{FileId, RootDatabase};
use ra_ap_syntax::{
    AstNode, SyntaxNode,
    ast::{self, HasAttrs as _},
};

use crate::facts::TargetKind;

/// The condition under which a node would be compiled, if this configuration leaves it out.
pub fn inactive_cfg(
    sema: &Semantics<'_, RootDatabase>,
    file: FileId,
    node: &SyntaxNode,
) -> Option<String> {
    let module = sema.file_to_module_def(file)?;
    let options = module.krate(sema.db).cfg(sema.db);
    predicates(sema, node)
        .into_iter()
        .find(|cfg| options.check(&CfgExpr::parse_from_ast(cfg.clone())) == Some(false))
        .map(|cfg| {
            let text = cfg.syntax().text().to_string();
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        })
}

/// Whether a node stands in code that only tests, benches or examples run.
pub fn is_test_code(
    sema: &Semantics<'_, RootDatabase>,
    file: FileId,
    target: TargetKind,
    node: &SyntaxNode,
) -> bool {
    let mut items = sema
        .ancestors_with_macros(node.clone())
        .filter_map(ast::AnyHasAttrs::cast);
    target == TargetKind::Test
        || items.any(|item| item.attrs().any(|attr| is_test_attribute(&attr)))
        || module_is_test(sema, file)
}

fn module_is_test(sema: &Semantics<'_, RootDatabase>, file: FileId) -> bool {
    let Some(module) = sema.file_to_module_def(file) else {
        return false;
    };
    module
        .path_to_root(sema.db)
        .into_iter()
        .filter_map(|module| module.declaration_source(sema.db))
        .any(|declaration| {
            let mut attrs = declaration.value.attrs();
            attrs.any(|attr| is_test_attribute(&attr))
        })
}

/// Whether an attribute says that its item is for tests: `#[test]`, `#[tokio::test]`,
/// `#[cfg(test)]`, `#[bench]`, but not `#[cfg(not(test))]`.
pub fn is_test_attribute(attr: &ast::Attr) -> bool {
    if let Some(ast::Meta::CfgMeta(cfg)) = attr.meta() {
        return cfg
            .cfg_predicate()
            .is_some_and(|cfg| only_in_tests(&CfgExpr::parse_from_ast(cfg)));
    }
    let name = attr
        .path()
        .and_then(|path| path.segment()?.name_ref())
        .map(|name| name.text().to_string());
    matches!(
        name.as_deref(),
        Some("test" | "bench" | "rstest" | "test_case" | "proptest" | "quickcheck")
    )
}

/// Whether a condition can't hold without `test`.
fn only_in_tests(cfg: &CfgExpr) -> bool {
    match cfg {
        CfgExpr::Atom(CfgAtom::Flag(flag)) => flag.as_str() == "test",
        CfgExpr::All(all) => all.iter().any(only_in_tests),
        CfgExpr::Any(any) => !any.is_empty() && any.iter().all(only_in_tests),
        CfgExpr::Atom(_) | CfgExpr::Not(_) | CfgExpr::Invalid => false,
    }
}

/// The conditions that have to hold for a place to be compiled: those of its file, and of the
/// modules, in each of which it stands, up to the crate's root. None if the file is several modules.
pub fn conditions(
    sema: &Semantics<'_, RootDatabase>,
    file: FileId,
    node: &SyntaxNode,
) -> Vec<CfgExpr> {
    let mut modules = sema.file_to_module_defs(file);
    let (Some(module), None) = (modules.next(), modules.next()) else {
        return Vec::new();
    };
    let of_module = |module: Module| module.attrs(sema.db).cfgs(sema.db).cloned();
    let around = module
        .path_to_root(sema.db)
        .into_iter()
        .filter_map(of_module);
    let inside = predicates(sema, node)
        .into_iter()
        .map(CfgExpr::parse_from_ast);
    around.chain(inside).collect()
}

/// Whether a condition can't hold without a feature of this kind.
pub fn needs_feature(condition: &CfgExpr, is_it: &dyn Fn(&str) -> bool) -> bool {
    match condition {
        CfgExpr::Atom(CfgAtom::KeyValue { key, value }) => {
            key.as_str() == "feature" && is_it(value.as_str())
        }
        CfgExpr::All(all) => all.iter().any(|it| needs_feature(it, is_it)),
        CfgExpr::Any(any) => !any.is_empty() && any.iter().all(|it| needs_feature(it, is_it)),
        CfgExpr::Atom(_) | CfgExpr::Not(_) | CfgExpr::Invalid => false,
    }
}

/// What the `cfg` attributes around a node ask for, in its own file.
fn predicates(sema: &Semantics<'_, RootDatabase>, node: &SyntaxNode) -> Vec<ast::CfgPredicate> {
    sema.ancestors_with_macros(node.clone())
        .filter_map(ast::AnyHasAttrs::cast)
        .flat_map(|item| item.attrs().collect::<Vec<_>>())
        .filter_map(|attr| match attr.meta()? {
            ast::Meta::CfgMeta(cfg) => cfg.cfg_predicate(),
            _ => None,
        })
        .collect()
}

/// Whether part of a body is only compiled under a condition.
pub fn is_conditional(body: &SyntaxNode) -> bool {
    let items = body.descendants().filter_map(ast::AnyHasAttrs::cast);
    items
        .flat_map(|it| it.attrs().collect::<Vec<_>>())
        .any(|attr| {
            let text = attr.syntax().text().to_string();
            text.contains("cfg")
        })
}
