//! Where a trait is used as a type of values, or is named where nobody can tell what becomes of it.

use std::collections::BTreeMap;

use ra_ap_hir::{PathResolution, Trait};
use ra_ap_ide_db::{FileId, FxHashSet, span::Edition};
use ra_ap_syntax::{AstNode, NodeOrToken, SyntaxKind, SyntaxNode, SyntaxToken, T, TextRange, ast};

use super::{
    contract::enclosing_attribute,
    functions::{FunctionKey, key_of},
};
use crate::{context::FileContext, workspace::WorkspaceContext};

/// A trait, by one of its functions.
#[derive(Debug, Clone)]
pub struct OfTrait {
    /// The declaration of the function.
    pub function: FunctionKey,
    /// The function's name.
    pub function_name: String,
    /// The trait's name.
    pub name: String,
}

/// How a trait is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// In an attribute: a macro may implement it.
    InAttribute,
    /// As `dyn`.
    Dyn,
}

/// A place of it.
pub type Place = (FileId, TextRange);

/// For each trait the first place of each kind, in every file of the members.
pub fn trait_objects(
    ws: &WorkspaceContext<'_>,
    traits: &[OfTrait],
) -> BTreeMap<(FunctionKey, Named), Place> {
    // What stands behind `dyn` may have the trait as its supertrait.
    let mut words: FxHashSet<String> = traits.iter().map(|it| it.name.clone()).collect();
    words.insert("dyn".to_owned());
    let members = ws.members.mentioning(&words);
    let files: Vec<FileId> = members.iter().map(|it| it.file).collect();
    let (seen, _) = ws.look(&files, |ctx| Search { ctx, traits }.in_file());
    let mut first = BTreeMap::new();
    for (file, found) in seen {
        for (key, named, range) in found {
            first.entry((key, named)).or_insert((file, range));
        }
    }
    first
}

struct Search<'a, 'b> {
    ctx: &'b FileContext<'a>,
    traits: &'b [OfTrait],
}

type Found = Vec<(FunctionKey, Named, TextRange)>;

impl Search<'_, '_> {
    fn in_file(&self) -> Found {
        let mut found = Found::new();
        let tokens = self.ctx.source.syntax().descendants_with_tokens();
        for token in tokens.filter_map(NodeOrToken::into_token) {
            let range = token.text_range();
            let mut note = |keys: Vec<FunctionKey>, named| {
                found.extend(keys.into_iter().map(|key| (key, named, range)));
            };
            match token.kind() {
                T![dyn] => note(self.behind_dyn(&token), Named::Dyn),
                SyntaxKind::IDENT => {
                    let Some(parent) = token.parent() else {
                        continue;
                    };
                    if enclosing_attribute(&parent).is_some() {
                        note(self.named(token.text()), Named::InAttribute);
                    } else if self.ctx.package.edition < Edition::Edition2021 {
                        note(self.bare(&parent), Named::Dyn);
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// The traits of this name.
    fn named(&self, name: &str) -> Vec<FunctionKey> {
        let same = self.traits.iter().filter(|it| it.name == name);
        same.map(|it| it.function).collect()
    }

    /// The traits that a trait is, or has above it.
    fn above(&self, trait_: Trait) -> Vec<FunctionKey> {
        let all = trait_.all_supertraits(self.ctx.db);
        let is = |it: &&OfTrait| {
            all.iter().any(|trait_| {
                let items = trait_.items(self.ctx.db).into_iter();
                let functions = items.filter_map(|item| match item {
                    ra_ap_hir::AssocItem::Function(function) => Some(function),
                    _ => None,
                });
                functions
                    .filter(|function| function.name(self.ctx.db).as_str() == it.function_name)
                    .any(|function| key_of(self.ctx, function) == Some(it.function))
            })
        };
        self.traits
            .iter()
            .filter(is)
            .map(|it| it.function)
            .collect()
    }

    fn of_path(&self, path: &ast::Path) -> Vec<FunctionKey> {
        match self.ctx.sema.resolve_path(path) {
            Some(PathResolution::Def(ra_ap_hir::ModuleDef::Trait(trait_))) => self.above(trait_),
            Some(_) => Vec::new(),
            None => {
                let name = path.segment().and_then(|it| it.name_ref());
                name.map_or_else(Vec::new, |name| self.named(name.text()))
            }
        }
    }

    fn behind_dyn(&self, token: &SyntaxToken) -> Vec<FunctionKey> {
        let Some(parent) = token.parent() else {
            return Vec::new();
        };
        if let Some(object) = ast::DynTraitType::cast(parent.clone()) {
            return self.of_object(&object);
        }
        let made = self.ctx.sema.descend_into_macros(token.clone());
        let made: Vec<ast::DynTraitType> = made
            .iter()
            .filter_map(|it| ast::DynTraitType::cast(it.parent()?))
            .collect();
        if !made.is_empty() {
            return made.iter().flat_map(|it| self.of_object(it)).collect();
        }
        // Nobody can tell how far the type reaches.
        let names = parent.descendants_with_tokens();
        names
            .filter_map(NodeOrToken::into_token)
            .filter(|it| it.kind() == SyntaxKind::IDENT)
            .flat_map(|it| self.named(it.text()))
            .collect()
    }

    fn of_object(&self, object: &ast::DynTraitType) -> Vec<FunctionKey> {
        let Some(bounds) = object.type_bound_list() else {
            return Vec::new();
        };
        bounds
            .bounds()
            .filter_map(|bound| match bound.ty()? {
                ast::Type::PathType(path) => path.path(),
                _ => None,
            })
            .flat_map(|path| self.of_path(&path))
            .collect()
    }

    /// Before edition 2021, the name of a trait alone was such a type.
    fn bare(&self, name: &SyntaxNode) -> Vec<FunctionKey> {
        let path = name.ancestors().nth(2).and_then(ast::Path::cast);
        let Some(path) = path else {
            return Vec::new();
        };
        let is_type = path.syntax().parent().is_some_and(|ty| {
            let around = ty.parent().map(|it| it.kind());
            ast::PathType::can_cast(ty.kind())
                && around != Some(SyntaxKind::TYPE_BOUND)
                && around != Some(SyntaxKind::IMPL)
        });
        let is_trait = || match self.ctx.sema.resolve_path(&path) {
            Some(PathResolution::Def(ra_ap_hir::ModuleDef::Trait(_))) => true,
            Some(_) => false,
            None => true,
        };
        match is_type && is_trait() {
            true => self.of_path(&path),
            false => Vec::new(),
        }
    }
}
