//! The census: every place in the workspace where the name of a function stands, and what it is
//! there. "All callers" is only known when each of these places is accounted for.

use ra_ap_hir::{Function, ModuleDef, PathResolution};
use ra_ap_ide_db::{FileId, FxHashMap, FxHashSet};
use ra_ap_syntax::{
    AstNode, SourceFile, SyntaxKind, SyntaxNode, SyntaxToken, TextRange,
    ast::{self, HasName},
};

use super::{
    contract,
    functions::{Definition, FunctionKey, Shape, key_of},
    sites::{Drivers, Site, site},
};
use crate::{
    context::{FileContext, inactive_cfg},
    refusal::{Refusal, RefusalKind},
    workspace::{MemberFile, WorkspaceContext},
};

/// A place where a function that is looked for is named, or may be.
#[derive(Debug, Clone)]
pub struct Occurrence {
    /// The function.
    pub of: FunctionKey,
    /// The file.
    pub file: FileId,
    /// The name there.
    pub range: TextRange,
    /// What it is.
    pub what: What,
}

/// What a name is where it stands.
#[derive(Debug, Clone)]
pub enum What {
    /// A call.
    Call(Box<Site>),
    /// An import, with the other name that it gives.
    Import(Option<String>),
    /// The function is used as a value, or nobody knows what it is used as.
    Stuck(Refusal),
}

/// A function by one of its names.
#[derive(Debug, Clone)]
pub struct Sought {
    name: String,
    key: FunctionKey,
    also: Vec<FunctionKey>,
    shape: Shape,
    only_in: Option<String>,
}

impl Sought {
    /// A function by the name that it has, or by one that an import gave it.
    pub fn new(definition: &Definition, alias: Option<&str>) -> Sought {
        Sought {
            name: alias.unwrap_or(&definition.name).to_owned(),
            key: definition.key,
            also: definition.also.clone(),
            shape: definition.shape,
            only_in: definition.only_in.clone(),
        }
    }

    fn is(&self, key: FunctionKey) -> bool {
        self.key == key || self.also.contains(&key)
    }
}

/// The functions that are looked for, by name.
type ByName<'a> = FxHashMap<&'a str, Vec<&'a Sought>>;

/// Every place where one of these functions is named or may be, in every file of the members.
pub fn census(ws: &WorkspaceContext<'_>, sought: &[Sought], drivers: &Drivers) -> Vec<Occurrence> {
    let names: FxHashSet<String> = sought.iter().map(|it| it.name.clone()).collect();
    let members = ws.members.mentioning(&names);
    let of: FxHashMap<FileId, &MemberFile> = members.iter().map(|it| (it.file, it)).collect();
    let files: Vec<FileId> = members.iter().map(|it| it.file).collect();
    let (seen, blind) = ws.look(&files, |ctx| {
        let by_name = by_name(sought, of[&ctx.file]);
        let census = Census {
            ctx,
            drivers,
            crates: of[&ctx.file].crates,
        };
        census.of_file(&by_name)
    });
    let mut found: Vec<Occurrence> = seen.into_iter().flat_map(|(_, found)| found).collect();
    for file in blind {
        let text = ws.members.text(file);
        found.extend(untyped(file, &text, &by_name(sought, of[&file])));
    }
    found
}

/// The functions that code of a package can name.
fn by_name<'a>(sought: &'a [Sought], file: &MemberFile) -> ByName<'a> {
    let mut by_name = ByName::default();
    for it in sought {
        let visible = it.only_in.as_ref().is_none_or(|only| *only == file.package);
        if visible {
            by_name.entry(&it.name).or_default().push(it);
        }
    }
    by_name
}

/// What a file says that no crate includes, or that could not be analysed.
fn untyped(file: FileId, text: &str, by_name: &ByName<'_>) -> Vec<Occurrence> {
    let tree = SourceFile::parse(text, ra_ap_ide_db::span::Edition::CURRENT).tree();
    let mut found = Vec::new();
    for token in tokens(tree.syntax()) {
        for it in sought_at(&token, by_name) {
            if !is_no_reference(&token) && !is_test_function(&token) {
                found.push(Occurrence {
                    of: it.key,
                    file,
                    range: token.text_range(),
                    what: What::Stuck(Refusal::new(
                        RefusalKind::R4,
                        format!(
                            "`{}` stands in a file that no crate of this configuration includes",
                            it.name
                        ),
                    )),
                });
            }
        }
    }
    found
}

fn tokens(node: &SyntaxNode) -> impl Iterator<Item = SyntaxToken> {
    node.descendants_with_tokens()
        .filter_map(|element| element.into_token())
}

/// The functions that an identifier may name, by how it is written there.
fn sought_at<'a>(token: &SyntaxToken, by_name: &ByName<'a>) -> Vec<&'a Sought> {
    if token.kind() != SyntaxKind::IDENT {
        return Vec::new();
    }
    let Some(sought) = by_name.get(token.text().trim_start_matches("r#")) else {
        return Vec::new();
    };
    let before = before(token);
    let defines = before.as_deref() == Some("fn");
    let in_impl = || {
        token
            .parent_ancestors()
            .nth(2)
            .is_some_and(|list| ast::AssocItemList::can_cast(list.kind()))
    };
    sought
        .iter()
        .filter(|it| match (it.shape, before.as_deref()) {
            (Shape::Free, _) if defines => !in_impl(),
            (_, _) if defines => in_impl(),
            (Shape::Free | Shape::Associated, Some(".")) => false,
            (Shape::Free, _) => true,
            (Shape::Associated | Shape::Method, Some("::" | ":")) => true,
            (Shape::Associated, _) => false,
            (Shape::Method, before) => before == Some("."),
        })
        .copied()
        .collect()
}

fn before(token: &SyntaxToken) -> Option<String> {
    std::iter::successors(token.prev_token(), SyntaxToken::prev_token)
        .find(|token| !token.kind().is_trivia())
        .map(|token| token.text().to_owned())
}

/// Whether a name stands where neither a function nor a method can be meant.
fn is_no_reference(token: &SyntaxToken) -> bool {
    let Some(parent) = token.parent() else {
        return false;
    };
    let Some(outer) = parent.parent() else {
        return false;
    };
    if ast::Name::can_cast(parent.kind()) {
        // Another function of this name may be ours under another condition.
        return !ast::Fn::can_cast(outer.kind());
    }
    if !ast::NameRef::can_cast(parent.kind()) {
        return false;
    }
    match outer.kind() {
        SyntaxKind::FIELD_EXPR | SyntaxKind::RECORD_PAT_FIELD | SyntaxKind::RECORD_EXPR_FIELD => {
            true
        }
        SyntaxKind::PATH_SEGMENT => {
            let path = ast::PathSegment::cast(outer).map(|segment| segment.parent_path());
            path.is_some_and(|path| is_no_value(&path))
        }
        _ => false,
    }
}

/// Whether a path stands where no function can be named: in a type, a pattern, the name of a
/// macro, or before `::`.
fn is_no_value(path: &ast::Path) -> bool {
    path.syntax().parent().is_some_and(|parent| {
        matches!(
            parent.kind(),
            SyntaxKind::PATH
                | SyntaxKind::PATH_TYPE
                | SyntaxKind::MACRO_CALL
                | SyntaxKind::PATH_META
                | SyntaxKind::VISIBILITY
                | SyntaxKind::VISIBILITY_INNER
                | SyntaxKind::RECORD_EXPR
                | SyntaxKind::RECORD_PAT
                | SyntaxKind::TUPLE_STRUCT_PAT
                | SyntaxKind::PATH_PAT
        )
    })
}

fn is_test_function(token: &SyntaxToken) -> bool {
    let function = token.parent_ancestors().nth(1).and_then(ast::Fn::cast);
    function.is_some_and(|function| contract::is_test(&function))
}

/// One file with types.
struct Census<'a, 'b> {
    ctx: &'b FileContext<'a>,
    drivers: &'b Drivers,
    /// How many crates include the file.
    crates: usize,
}

/// What one name resolves to.
enum Resolved {
    /// A function that is looked for.
    Ours(What),
    /// Something else, for certain.
    Other,
    /// Nobody knows.
    Unknown(Refusal),
}

impl Census<'_, '_> {
    fn of_file(&self, by_name: &ByName<'_>) -> Vec<Occurrence> {
        let mut found = Vec::new();
        let mut fence = Fence::Blank;
        for token in tokens(self.ctx.source.syntax()) {
            match token.kind() {
                SyntaxKind::COMMENT => {
                    let words = doctest_words(&token, &mut fence);
                    self.words(
                        &token,
                        &words,
                        by_name,
                        "an example in a doc comment",
                        &mut found,
                    );
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
                        if !is_prose && !speaks_of_code(&path) {
                            let words = words_of(token.text());
                            let place = format!("a string in the attribute `#[{path}]`");
                            self.words(&token, &words, by_name, &place, &mut found);
                        }
                    }
                }
                _ => {
                    fence = Fence::Blank;
                    for it in sought_at(&token, by_name) {
                        let what = match self.resolve(&token, it) {
                            Resolved::Ours(what) => what,
                            Resolved::Other => continue,
                            Resolved::Unknown(refusal) => What::Stuck(refusal),
                        };
                        found.push(self.occurrence(&token, it, what));
                    }
                }
            }
        }
        found
    }

    fn occurrence(&self, token: &SyntaxToken, of: &Sought, what: What) -> Occurrence {
        Occurrence {
            of: of.key,
            file: self.ctx.file,
            range: token.text_range(),
            what,
        }
    }

    /// Names in a text that is code, and that nothing resolves.
    fn words(
        &self,
        token: &SyntaxToken,
        words: &[&str],
        by_name: &ByName<'_>,
        place: &str,
        found: &mut Vec<Occurrence>,
    ) {
        for word in words {
            for it in by_name.get(word).into_iter().flatten() {
                let refusal = unknown(it, &format!("stands in {place}"));
                found.push(self.occurrence(token, it, What::Stuck(refusal)));
            }
        }
    }

    fn resolve(&self, token: &SyntaxToken, it: &Sought) -> Resolved {
        let Some(parent) = token.parent() else {
            return Resolved::Other;
        };
        if let Some(attr) = contract::enclosing_attribute(&parent) {
            let path = contract::attribute_path(&attr).unwrap_or_default();
            return match speaks_of_code(&path) {
                true => Resolved::Other,
                false => {
                    Resolved::Unknown(unknown(it, &format!("stands in the attribute `#[{path}]`")))
                }
            };
        }
        if let Some(condition) = inactive_cfg(self.ctx.sema, self.ctx.file, &parent) {
            if is_no_reference(token) || is_test_function(token) {
                return Resolved::Other;
            }
            let mut message = format!("stands in code under cfg({condition})");
            if condition == "test" {
                message += ", which --include-tests reads";
            }
            return Resolved::Unknown(unknown(it, &message));
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
            let message = "stands in the rules of a macro";
            return Resolved::Unknown(Refusal {
                kind: RefusalKind::F11,
                ..unknown(it, message)
            });
        };
        let made: Vec<SyntaxToken> = self
            .ctx
            .sema
            .descend_into_macros(token.clone())
            .into_iter()
            .filter(|made| {
                made.parent()
                    .is_some_and(|parent| !ast::TokenTree::can_cast(parent.kind()))
            })
            .filter(|made| made.text() == token.text())
            .collect();
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
    fn resolve_node(&self, token: &SyntaxToken, it: &Sought) -> Resolved {
        if is_no_reference(token) {
            return Resolved::Other;
        }
        let Some(outer) = token.parent().and_then(|name| name.parent()) else {
            return Resolved::Other;
        };
        if ast::Fn::can_cast(outer.kind()) {
            // The function itself, or another of its name.
            return Resolved::Other;
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

    fn resolve_path(&self, path: &ast::Path, it: &Sought) -> Resolved {
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
            _ => Resolved::Ours(What::Stuck(as_value(&expr, it))),
        }
    }

    /// What a path names; a function before a module or a macro of the same name.
    fn resolution(&self, path: &ast::Path) -> Option<PathResolution<'_>> {
        let namespaces = self.ctx.sema.resolve_path_per_ns(path);
        let value = namespaces.and_then(|namespaces| namespaces.value_ns);
        value.or_else(|| self.ctx.sema.resolve_path(path))
    }

    fn is_sought(&self, function: Function, it: &Sought) -> bool {
        key_of(self.ctx, function).is_some_and(|key| it.is(key))
    }

    fn call(&self, function: Function, call: &ast::Expr, it: &Sought) -> Resolved {
        if !self.is_sought(function, it) {
            return Resolved::Other;
        }
        // In each crate that includes the file the path could lead elsewhere.
        if self.crates > 1 && it.key.file != self.ctx.file {
            return Resolved::Unknown(unknown(it, "is called in a file of several crates"));
        }
        match site(self.ctx, call, it.key, self.drivers) {
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

/// The refusal of a function that is used as a value.
fn as_value(expr: &ast::PathExpr, it: &Sought) -> Refusal {
    let argument = expr
        .syntax()
        .parent()
        .is_some_and(|parent| ast::ArgList::can_cast(parent.kind()));
    match argument {
        true => Refusal::new(
            RefusalKind::F7,
            format!(
                "`{}` is handed over as a function that is not async",
                it.name
            ),
        ),
        false => Refusal::new(
            RefusalKind::F16,
            format!("`{}` is stored or compared as a function", it.name),
        ),
    }
}

/// Attributes whose words are no functions of the user's.
fn speaks_of_code(path: &str) -> bool {
    matches!(
        path,
        "allow"
            | "cfg"
            | "deny"
            | "deprecated"
            | "derive"
            | "expect"
            | "forbid"
            | "inline"
            | "must_use"
            | "path"
            | "repr"
            | "warn"
            | "error"
            | "feature"
            | "should_panic"
            | "ignore"
    )
}

/// What a line of doc comments stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fence {
    /// Prose.
    Out,
    /// After an empty line, where an indented example may begin.
    Blank,
    /// An example that is indented.
    Indented,
    /// An example that is compiled.
    Code,
    /// A block of another language.
    Text,
}

/// The words of a doc comment's line, if it is part of an example that is compiled. Examples go
/// on over lines, each of which is a comment of its own.
fn doctest_words<'t>(token: &'t SyntaxToken, fence: &mut Fence) -> Vec<&'t str> {
    let text = token.text();
    let is_doc = ["///", "//!", "/**", "/*!"]
        .iter()
        .any(|start| text.starts_with(start));
    if !is_doc {
        return Vec::new();
    }
    let mut words = Vec::new();
    for line in text.lines() {
        let text = line.trim_start().trim_start_matches(['/', '!', '*']);
        let line = text.trim_start();
        // One space more than Markdown asks for stands behind the marker.
        let is_indented = text.len() - line.len() > 4 || text.starts_with('\t');
        match (line.strip_prefix("```"), *fence) {
            (Some(language), Fence::Out | Fence::Blank | Fence::Indented) => {
                let foreign = [
                    "text", "ignore", "console", "sh", "bash", "toml", "json", "plain",
                ];
                let is_foreign = foreign
                    .iter()
                    .any(|it| language.trim_start().starts_with(it));
                *fence = match is_foreign {
                    true => Fence::Text,
                    false => Fence::Code,
                };
            }
            (Some(_), _) => *fence = Fence::Out,
            (None, Fence::Code) => words.extend(words_of(line)),
            (None, Fence::Text) => {}
            (None, Fence::Indented) if line.is_empty() => {}
            (None, Fence::Blank | Fence::Indented) if is_indented => {
                *fence = Fence::Indented;
                words.extend(words_of(line));
            }
            (None, _) if line.is_empty() => *fence = Fence::Blank,
            (None, _) => *fence = Fence::Out,
        }
    }
    words
}

fn words_of(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .collect()
}
