//! The census: every place in the workspace where the name of a function stands, and what it is
//! there. "All callers" is only known when each of these places is accounted for.

mod names;
mod prose;
mod resolve;
mod rules;
mod scope;

use ra_ap_ide_db::{FileId, FxHashMap, FxHashSet};
use ra_ap_syntax::{AstNode, SourceFile, SyntaxNode, SyntaxToken, TextRange};

use self::{
    names::{is_no_reference, is_test_function, sought_at, takes_others},
    resolve::Census,
    rules::{MacroKey, without_others},
};
use super::{
    bridges::Drivers,
    functions::{Definition, FunctionKey, Shape},
    own_combinators::OwnCombinators,
    sites::Site,
};
use crate::{
    refusal::{Refusal, RefusalKind},
    workspace::{MemberFile, WorkspaceContext},
};

/// A place where a function that is looked for is named, or may be.
#[derive(Debug, Clone)]
pub struct Occurrence {
    /// The function; of a trait, its declaration.
    pub of: FunctionKey,
    /// The file.
    pub file: FileId,
    /// The name there.
    pub range: TextRange,
    /// What it is.
    pub what: What,
    /// The macro whose rules it stands in: each use of that tells what it is.
    in_rules: Option<MacroKey>,
}

/// What a name is where it stands.
#[derive(Debug, Clone)]
pub enum What {
    /// A call.
    Call(Box<Site>),
    /// An import, with the other name that it gives.
    Import(Option<String>),
    /// Its declaration in a trait of the workspace, or one that implements that.
    Part(Box<Definition>),
    /// The function is used as a value, or nobody knows what it is used as.
    Stuck(Refusal),
}

/// What is asked about the places that name a function.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What may drive its future where a call can't be awaited, if the function is to become async.
    pub drivers: Option<&'a Drivers>,
    /// The functions that call a closure there and then, if a call in it may be awaited.
    pub own: &'a OwnCombinators,
    /// Tests, benches and examples matter too.
    tests: bool,
}

impl<'a> Question<'a> {
    /// All that has to change together with a function that becomes async.
    pub fn of_change(drivers: &'a Drivers, own: &'a OwnCombinators) -> Question<'a> {
        Question {
            drivers: Some(drivers),
            own,
            tests: true,
        }
    }

    /// Who calls a function. What would be held at its calls is not asked.
    pub fn who_calls(tests: bool) -> Question<'static> {
        Question {
            drivers: None,
            own: OwnCombinators::none(),
            tests,
        }
    }
}

/// A function by one of its names.
#[derive(Debug, Clone)]
struct Sought {
    name: String,
    key: FunctionKey,
    shape: Shape,
    parameters: usize,
    in_trait: bool,
    /// The type that it belongs to, or its module.
    owner: String,
    only_in: Option<String>,
}

impl Sought {
    /// A function by the name that it has, or by one that an import gave it.
    fn new(definition: &Definition, alias: Option<&str>) -> Sought {
        Sought {
            name: alias.unwrap_or(&definition.name).to_owned(),
            key: definition.unit,
            shape: definition.shape,
            parameters: definition.parameters,
            in_trait: definition.in_trait.is_some(),
            owner: definition
                .path
                .rsplit("::")
                .nth(1)
                .unwrap_or_default()
                .to_owned(),
            only_in: definition.only_in.clone(),
        }
    }
}

/// The functions that are looked for, by name.
type ByName<'a> = FxHashMap<&'a str, Vec<&'a Sought>>;

/// Every place where one of these functions is named or may be, by its own name or by one that an
/// import gives it, in every file of the members.
pub fn census_of(
    ws: &WorkspaceContext<'_>,
    definitions: &[&Definition],
    question: &Question<'_>,
) -> Vec<Occurrence> {
    let of: FxHashMap<FunctionKey, &Definition> =
        definitions.iter().map(|it| (it.unit, *it)).collect();
    let own = definitions.iter().map(|it| Sought::new(it, None));
    let mut sought: Vec<Sought> = own.collect();
    let mut known: FxHashSet<(FunctionKey, String)> = FxHashSet::default();
    let mut found = Vec::new();
    while !sought.is_empty() {
        let part = census(ws, &sought, question);
        sought.clear();
        for it in &part {
            if let What::Import(Some(alias)) = &it.what
                && alias != "_"
                && known.insert((it.of, alias.clone()))
            {
                sought.push(Sought::new(of[&it.of], Some(alias)));
            }
        }
        found.extend(part);
    }
    found
}

/// Every place where one of these names stands, in every file of the members.
fn census(
    ws: &WorkspaceContext<'_>,
    sought: &[Sought],
    question: &Question<'_>,
) -> Vec<Occurrence> {
    let names: FxHashSet<String> = sought.iter().map(|it| it.name.clone()).collect();
    let members = ws.members.mentioning(&names);
    let of: FxHashMap<FileId, &MemberFile> = members.iter().map(|it| (it.file, it)).collect();
    let files: Vec<FileId> = members.iter().map(|it| it.file).collect();
    let (seen, blind) = ws.look(&files, |ctx| {
        let by_name = by_name(sought, of[&ctx.file]);
        let census = Census {
            ctx,
            question,
            crates: of[&ctx.file].crates,
        };
        census.of_file(&by_name)
    });
    let mut found: Vec<Occurrence> = seen.into_iter().flat_map(|(_, found)| found).collect();
    for file in blind {
        let text = ws.members.text(file);
        found.extend(untyped(file, &text, &by_name(sought, of[&file])));
    }
    without_others(ws, found, sought, question)
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
            let other =
                is_no_reference(&token) || is_test_function(&token) || takes_others(&token, it);
            if !other {
                found.push(Occurrence {
                    of: it.key,
                    file,
                    range: token.text_range(),
                    what: What::Stuck(Refusal::new(
                        RefusalKind::F12,
                        format!(
                            "`{}` stands in a file that no crate of this configuration includes",
                            it.name
                        ),
                    )),
                    in_rules: None,
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
