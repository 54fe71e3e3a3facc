//! What the names in one file are, with types.

use ra_ap_hir::{Function, ModuleDef, PathResolution};
use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxToken,
    ast::{self, HasAttrs, HasName},
};

use super::{
    ByName, Occurrence, Question, Sought, What,
    names::{
        hidden_at, is_defined, is_named, is_no_reference, is_test_function, sought_at, takes_others,
    },
    prose::{Fence, doctest_words, names_tests, speaks_of_code, words_of},
    rules::macro_around,
    tokens,
};
use crate::{
    analysis::{
        contract,
        functions::{definition, key_of, unit_of},
        handed_over::handed_over,
        sites::site,
    },
    cfg::inactive_cfg,
    context::FileContext,
    facts::TargetKind,
    refusal::{Refusal, RefusalKind},
};

/// One file with types.
pub(super) struct Census<'a, 'b> {
    pub(super) ctx: &'b FileContext<'a>,
    pub(super) question: &'b Question<'b>,
    /// How many crates include the file.
    pub(super) crates: usize,
}

/// What one name resolves to.
pub(super) enum Resolved {
    /// A function that is looked for.
    Ours(What),
    /// Something else, for certain.
    Other,
    /// Nobody knows.
    Unknown(Refusal),
}

impl Census<'_, '_> {
    pub(super) fn of_file(&self, by_name: &ByName<'_>) -> Vec<Occurrence> {
        let mut found = Vec::new();
        if !self.question.tests && self.ctx.target == TargetKind::Test {
            return found;
        }
        let mut fence = Fence::Blank;
        for token in tokens(self.ctx.source.syntax()) {
            match token.kind() {
                SyntaxKind::COMMENT => {
                    let place = (RefusalKind::F12, "an example in a doc comment");
                    for word in doctest_words(&token, &mut fence) {
                        let sought = by_name.get(word.text).into_iter().flatten();
                        let named = sought.filter(|it| word.may_name(it.shape)).copied();
                        found.extend(self.in_text(&token, named, place));
                    }
                }
                SyntaxKind::WHITESPACE => {}
                SyntaxKind::STRING => {
                    fence = Fence::Blank;
                    let attr = token
                        .parent()
                        .and_then(|it| contract::enclosing_attribute(&it));
                    if let Some(attr) = attr {
                        let path = contract::attribute_path(&attr).unwrap_or_default();
                        let is_prose = path == "doc" && !token.text().contains("```");
                        let is_data = || {
                            speaks_of_code(&path) || names_tests(&path) || self.is_of_clap(&attr)
                        };
                        if !is_prose && !is_data() {
                            let place = format!("a string in the attribute `#[{path}]`");
                            for word in words_of(token.text()) {
                                let named = by_name.get(word.text).into_iter().flatten().copied();
                                found.extend(self.in_text(
                                    &token,
                                    named,
                                    (RefusalKind::F11, &place),
                                ));
                            }
                        }
                    }
                }
                _ => {
                    fence = Fence::Blank;
                    if !self.is_asked(&token, by_name) {
                        continue;
                    }
                    for it in sought_at(&token, by_name) {
                        let what = match self.resolve(&token, it) {
                            Resolved::Ours(what) => what,
                            Resolved::Other => continue,
                            Resolved::Unknown(refusal) => What::Stuck(refusal),
                        };
                        found.push(self.occurrence(&token, it, what));
                    }
                    for it in hidden_at(&token, by_name) {
                        if let Some(what) = self.resolve_hidden(&token, it) {
                            found.push(self.occurrence(&token, it, what));
                        }
                    }
                }
            }
        }
        found
    }

    /// Whether a token may name a function, in code that matters.
    fn is_asked(&self, token: &SyntaxToken, by_name: &ByName<'_>) -> bool {
        let in_tests = || {
            let parent = token.parent();
            parent.is_some_and(|parent| self.ctx.is_test_code(&parent))
        };
        is_named(token, by_name) && (self.question.tests || !in_tests())
    }

    /// What a macro makes of a name that stands among its arguments as something else.
    fn resolve_hidden(&self, token: &SyntaxToken, it: &Sought) -> Option<What> {
        // In the rules of a macro, and in attributes, it would be written as what it is.
        token.parent_ancestors().find_map(ast::MacroCall::cast)?;
        // A macro that can't be read may implement what it names by calling it.
        if self.made_of(token).is_empty() && !is_defined(token) {
            return None;
        }
        match self.resolve(token, it) {
            Resolved::Ours(what) => Some(what),
            Resolved::Other => None,
            Resolved::Unknown(refusal) => Some(What::Stuck(refusal)),
        }
    }

    /// The tokens that a macro makes of one of its arguments.
    fn made_of(&self, token: &SyntaxToken) -> Vec<SyntaxToken> {
        let made = self.ctx.sema.descend_into_macros(token.clone());
        made.into_iter()
            .filter(|made| {
                made.parent()
                    .is_some_and(|parent| !ast::TokenTree::can_cast(parent.kind()))
            })
            .filter(|made| made.text() == token.text())
            .collect()
    }

    fn occurrence(&self, token: &SyntaxToken, of: &Sought, what: What) -> Occurrence {
        Occurrence {
            of: of.key,
            file: self.ctx.file,
            range: token.text_range(),
            in_rules: macro_around(self.ctx, token).filter(|_| matches!(what, What::Stuck(_))),
            what,
        }
    }

    /// Names in a text that is code, and that nothing resolves.
    fn in_text<'s>(
        &self,
        token: &SyntaxToken,
        named: impl Iterator<Item = &'s Sought>,
        (kind, place): (RefusalKind, &str),
    ) -> Vec<Occurrence> {
        named
            .map(|it| {
                let refusal = Refusal {
                    kind,
                    ..unknown(it, &format!("stands in {place}"))
                };
                self.occurrence(token, it, What::Stuck(refusal))
            })
            .collect()
    }

    /// Whether an attribute speaks to clap's derives: its strings are the names of arguments, and
    /// what is shown.
    fn is_of_clap(&self, attr: &ast::Attr) -> bool {
        let item = attr.syntax().ancestors().find_map(ast::Adt::cast);
        let derives = item.iter().flat_map(HasAttrs::attrs);
        derives
            .filter_map(|attr| self.ctx.sema.resolve_derive_macro(&attr.meta()?))
            .flatten()
            .flatten()
            .any(|derive| {
                let krate = derive.module(self.ctx.db).krate(self.ctx.db);
                let name = krate.display_name(self.ctx.db);
                name.is_some_and(|name| name.crate_name().as_str() == "clap_derive")
            })
    }

    fn resolve(&self, token: &SyntaxToken, it: &Sought) -> Resolved {
        let Some(parent) = token.parent() else {
            return Resolved::Other;
        };
        if let Some(attr) = contract::enclosing_attribute(&parent) {
            let path = contract::attribute_path(&attr).unwrap_or_default();
            return match speaks_of_code(&path) {
                true => Resolved::Other,
                false => Resolved::Unknown(Refusal {
                    kind: RefusalKind::F11,
                    ..unknown(it, &format!("stands in the attribute `#[{path}]`"))
                }),
            };
        }
        if let Some(condition) = inactive_cfg(self.ctx.sema, self.ctx.file, &parent) {
            if is_no_reference(token) || is_test_function(token) || takes_others(token, it) {
                return Resolved::Other;
            }
            let message = format!("stands in code under cfg({condition})");
            return Resolved::Unknown(Refusal {
                kind: RefusalKind::F12,
                ..unknown(it, &message)
            });
        }
        if !ast::TokenTree::can_cast(parent.kind()) {
            return self.resolve_node(token, it);
        }
        self.resolve_in_macro(token, it)
    }

    /// A token among the arguments of a macro, by all that the macro makes of it.
    fn resolve_in_macro(&self, token: &SyntaxToken, it: &Sought) -> Resolved {
        let mac = token.parent_ancestors().find_map(ast::MacroCall::cast);
        let Some(mac) = mac else {
            if takes_others(token, it) {
                return Resolved::Other;
            }
            let message = "stands in the rules of a macro";
            return Resolved::Unknown(Refusal {
                kind: RefusalKind::F11,
                ..unknown(it, message)
            });
        };
        let made = self.made_of(token);
        let name = mac.path().map(|path| path.syntax().text().to_string());
        let name = name.unwrap_or_default();
        let mut all: Vec<Resolved> = made
            .iter()
            .map(|made| self.resolve_node(made, it))
            .collect();
        let ours = all
            .iter()
            .filter(|it| matches!(it, Resolved::Ours(_)))
            .count();
        match all.pop() {
            Some(last) if all.is_empty() => last,
            Some(_) if ours == 0 && all.iter().all(|it| matches!(it, Resolved::Other)) => {
                Resolved::Other
            }
            Some(_) => {
                Resolved::Unknown(unknown(it, &format!("is used more than once by `{name}!`")))
            }
            None => Resolved::Unknown(unknown(
                it,
                &format!("stands among the arguments of `{name}!`, which can't be read"),
            )),
        }
    }

    /// A token of the tree, or of what a macro makes.
    pub(super) fn resolve_node(&self, token: &SyntaxToken, it: &Sought) -> Resolved {
        if is_no_reference(token) || takes_others(token, it) {
            return Resolved::Other;
        }
        let Some(outer) = token.parent().and_then(|name| name.parent()) else {
            return Resolved::Other;
        };
        if let Some(function) = ast::Fn::cast(outer.clone()) {
            return match it.in_trait {
                true => self.part(&function, it),
                // The function itself, or another of its name.
                false => Resolved::Other,
            };
        }
        if let Some(call) = ast::MethodCallExpr::cast(outer.clone()) {
            return match self.ctx.sema.resolve_method_call(&call) {
                Some(function) => self.call(function, &call.into(), it),
                None => {
                    Resolved::Unknown(unknown(it, "is called on a value whose type is not known"))
                }
            };
        }
        match ast::PathSegment::cast(outer) {
            Some(segment) => self.resolve_path(&segment.parent_path(), it),
            None => Resolved::Unknown(unknown(it, "stands where nobody knows what it is")),
        }
    }

    /// A function that may be one of the trait's.
    fn part(&self, function: &ast::Fn, it: &Sought) -> Resolved {
        let made = |message| {
            let kind = RefusalKind::F11;
            Resolved::Unknown(Refusal {
                kind,
                ..unknown(it, message)
            })
        };
        match self.ctx.sema.to_fn_def(function) {
            Some(found) if !self.is_sought(found, it) => Resolved::Other,
            Some(_) => match definition(self.ctx, function) {
                Some(part) => Resolved::Ours(What::Part(Box::new(part))),
                None => made("is implemented in what a macro makes"),
            },
            None => Resolved::Unknown(unknown(it, "is the name of a function that is not known")),
        }
    }

    fn resolve_path(&self, path: &ast::Path, it: &Sought) -> Resolved {
        if self.leads_elsewhere(path, it) {
            return Resolved::Other;
        }
        let function = match self.resolution(path) {
            Some(PathResolution::Def(ModuleDef::Function(function))) => function,
            Some(_) => return Resolved::Other,
            None => return Resolved::Unknown(unknown(it, "names nothing that is known")),
        };
        let parent = path.syntax().parent();
        if let Some(tree) = parent.clone().and_then(ast::UseTree::cast) {
            if !self.is_sought(function, it) {
                return Resolved::Other;
            }
            let alias = tree.rename().and_then(|rename| rename.name());
            return Resolved::Ours(What::Import(alias.map(|name| name.text().to_string())));
        }
        let Some(expr) = parent.and_then(ast::PathExpr::cast) else {
            return match self.is_sought(function, it) {
                true => Resolved::Unknown(unknown(it, "stands where nobody knows what it is")),
                false => Resolved::Other,
            };
        };
        let call = expr.syntax().parent().and_then(ast::CallExpr::cast);
        match call {
            Some(call)
                if call
                    .expr()
                    .is_some_and(|callee| callee.syntax() == expr.syntax()) =>
            {
                self.call(function, &call.into(), it)
            }
            _ if !self.is_sought(function, it) => Resolved::Other,
            _ => {
                let callee = key_of(self.ctx, function).unwrap_or(it.key);
                let of = (it.key, callee);
                let called = site(self.ctx, &expr.clone().into(), of, self.question);
                let site = match called {
                    Some(site) => Ok(site),
                    None => handed_over(self.ctx, &expr, function, of, self.question.drivers),
                };
                Resolved::Ours(match site {
                    Ok(_) if self.crates > 1 && it.key.file != self.ctx.file => {
                        What::Stuck(unknown(it, "is named in a file of several crates"))
                    }
                    Ok(site) => What::Call(Box::new(site)),
                    Err(refusal) => What::Stuck(refusal),
                })
            }
        }
    }

    /// What a path names; a function before a module or a macro of the same name.
    fn resolution(&self, path: &ast::Path) -> Option<PathResolution<'_>> {
        let namespaces = self.ctx.sema.resolve_path_per_ns(path);
        let value = namespaces.and_then(|namespaces| namespaces.value_ns);
        value.or_else(|| self.ctx.sema.resolve_path(path))
    }

    pub(super) fn is_sought(&self, function: Function, it: &Sought) -> bool {
        unit_of(self.ctx, function) == Some(it.key)
    }

    fn call(&self, function: Function, call: &ast::Expr, it: &Sought) -> Resolved {
        if !self.is_sought(function, it) {
            return Resolved::Other;
        }
        // In each crate that includes the file the path could lead elsewhere.
        if self.crates > 1 && it.key.file != self.ctx.file {
            return Resolved::Unknown(unknown(it, "is called in a file of several crates"));
        }
        let callee = key_of(self.ctx, function).unwrap_or(it.key);
        match site(self.ctx, call, (it.key, callee), self.question) {
            Some(site) => Resolved::Ours(What::Call(Box::new(site))),
            None => Resolved::Unknown(Refusal {
                kind: RefusalKind::F11,
                ..unknown(it, "is called in what a macro makes")
            }),
        }
    }
}

fn unknown(it: &Sought, message: &str) -> Refusal {
    Refusal::new(RefusalKind::R4, format!("`{}` {message}", it.name))
}
