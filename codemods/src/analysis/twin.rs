//! A public function that keeps its name and signature, and drives an async one that is put beside
//! it: its twin.

mod names;

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_ide_db::{FileId, FxHashSet};
use ra_ap_syntax::{
    AstNode, AstToken, TextRange, TextSize,
    ast::{self, HasAttrs, HasDocComments, HasGenericParams, HasName},
};

use super::{
    bridges::{Bridge, Drivers},
    contract::{attribute_path, header},
    elided,
    functions::{Definition, FunctionKey, Shape, key_of},
    reach::{Graph, Node},
    sites::Site,
};
use crate::{
    change::{Change, Edit},
    context::FileContext,
    refusal::{Refusal, RefusalKind},
    text::{has_comment, spliced},
    workspace::WorkspaceContext,
};
pub use names::{Home, named};

/// Attributes that the twin needs too.
const SHARED: [&str; 8] = [
    "allow",
    "cfg",
    "deny",
    "forbid",
    "instrument",
    "must_use",
    "target_feature",
    "warn",
];

/// The twins of the functions that are to keep their signatures.
#[derive(Debug, Default)]
pub struct Twins {
    of: BTreeMap<FunctionKey, Result<Twin, Refusal>>,
    /// What lets a call name a twin, by the place of the name in the call.
    renamed: BTreeMap<(FileId, TextSize), Change>,
}

/// The async function beside a function that stays.
#[derive(Debug)]
pub struct Twin {
    /// Its name.
    pub name: String,
    file: FileId,
    /// Where its body starts, which is that of the function today.
    body: TextSize,
    /// The call of it, in the function that stays.
    call: String,
    /// What could drive it there, for each of the drivers.
    bridges: Vec<Option<Bridge>>,
    /// What stands before and behind the driven call.
    open: String,
    close: String,
    /// The `mut` of parameters, which only the twin needs.
    muts: Vec<TextRange>,
    /// What makes it public where the function is.
    exports: Vec<Edit>,
}

impl Twins {
    /// The twins of all functions that other crates can see, if those are to keep their signatures.
    pub fn beside(ws: &WorkspaceContext<'_>, graph: &Graph, drivers: &Drivers) -> Twins {
        let public = |node: &&Node| node.parts.iter().any(|it| it.public);
        let kept: Vec<&Node> = match ws.settings.keep_sync_api {
            true => graph.nodes.values().filter(public).collect(),
            false => return Twins::default(),
        };
        let keys: BTreeSet<FunctionKey> = kept.iter().map(|node| node.parts[0].unit).collect();
        let files: BTreeSet<FileId> = keys.iter().map(|key| key.file).collect();
        let files: Vec<FileId> = files.into_iter().collect();
        let (looked, _) = ws.look(&files, |ctx| {
            let functions = ctx.source.syntax().descendants().filter_map(ast::Fn::cast);
            let twins = functions.filter_map(|node| {
                let function = ctx.sema.to_fn_def(&node)?;
                let key = key_of(ctx, function).filter(|key| keys.contains(key))?;
                let definition = &graph.nodes[&key].parts[0];
                Some((
                    key,
                    twin(ctx, &node, definition, drivers),
                    Home::of(ctx, function),
                ))
            });
            twins.collect::<Vec<_>>()
        });
        let mut twins = Twins::default();
        let mut homes: BTreeMap<FunctionKey, Vec<Home>> = BTreeMap::new();
        for (key, twin, home) in looked.into_iter().flat_map(|(_, twins)| twins) {
            twins.of.insert(key, twin);
            homes.entry(key).or_default().push(home);
        }
        for node in &kept {
            let unit = node.parts[0].unit;
            twins.of.entry(unit).or_insert_with(|| {
                let message = format!("`{}` stands in no file that can be read", node.name());
                Err(Refusal::new(RefusalKind::F13, message))
            });
        }
        for (key, home, edit) in names::exports(ws, &kept) {
            if let Some(Ok(twin)) = twins.of.get_mut(&key) {
                twin.exports.push(edit);
                homes.entry(key).or_default().push(home);
            }
        }
        twins.refuse_names_in_use(ws, &homes);
        twins.renamed = names::renamed(ws, &kept, &homes);
        twins
    }

    /// A name that stands anywhere in the workspace may be something else already.
    fn refuse_names_in_use(
        &mut self,
        ws: &WorkspaceContext<'_>,
        homes: &BTreeMap<FunctionKey, Vec<Home>>,
    ) {
        let used = in_use(ws, homes.values().flatten().map(Home::twin).collect());
        for (key, homes) in homes {
            if let Some(message) = homes.iter().find_map(|home| used.get(&home.twin())) {
                let refusal = Refusal::new(RefusalKind::F13, message);
                self.of.insert(*key, Err(refusal));
            }
        }
    }

    /// The twin of a function, if the function is to keep its signature.
    pub fn get(&self, key: FunctionKey) -> Option<&Result<Twin, Refusal>> {
        self.of.get(&key)
    }

    /// What lets a call name the twin of what it calls.
    pub fn renamed(&self, site: &Site) -> Option<&Change> {
        self.renamed.get(&(site.file, site.name.start()))
    }

    /// Puts the twin of a function beside it.
    pub fn write(&self, key: FunctionKey, bridge: &Bridge, change: &mut Change) {
        let Some(Ok(twin)) = self.of.get(&key) else {
            return;
        };
        let Bridge { before, after, .. } = bridge;
        let text = format!("{}{before}{}{after}{}", twin.open, twin.call, twin.close);
        change.insert(twin.file, twin.body, text);
        twin.muts
            .iter()
            .for_each(|&range| change.delete(twin.file, range));
        change.edits.extend(twin.exports.iter().cloned());
    }
}

impl Twin {
    /// What drives it in the function that stays.
    pub fn bridge(&self, driver: Option<usize>) -> Option<&Bridge> {
        self.bridges.get(driver?)?.as_ref()
    }
}

/// The name of a twin.
pub fn twin_name(name: &str) -> String {
    format!("{name}_async")
}

/// Those of the names that stand somewhere in the workspace, each with that in words.
pub fn in_use(ws: &WorkspaceContext<'_>, names: FxHashSet<String>) -> BTreeMap<String, String> {
    let mut used = BTreeMap::new();
    for member in ws.members.mentioning(&names) {
        let text = ws.members.text(member.file);
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        for word in words.filter(|&word| names.contains(word)) {
            used.entry(word.to_owned()).or_insert_with(|| {
                let place = ws.members.place(member.file, 0);
                let path = place.rsplit_once(':').map_or(&*place, |(path, _)| path);
                format!("the name `{word}` stands in {path} already")
            });
        }
    }
    used
}

/// The twin of a function of this file.
fn twin(
    ctx: &FileContext<'_>,
    node: &ast::Fn,
    definition: &Definition,
    drivers: &Drivers,
) -> Result<Twin, Refusal> {
    let own = &definition.name;
    let refuse = |what: &str| {
        let message = format!("`{own}` can't keep its signature over an async function: {what}");
        Refusal::new(RefusalKind::F13, message)
    };
    if definition.in_trait.is_some() {
        return Err(refuse("it belongs to a trait"));
    }
    let body = node.body().ok_or_else(|| refuse("it has no body"))?;
    let start = first_after_attributes(node);
    let signature = TextRange::new(start, body.syntax().text_range().start());
    if node.unsafe_token().is_some() {
        return Err(refuse("it is unsafe"));
    }
    if has_comment(node.syntax(), signature) {
        return Err(refuse("a comment stands in its signature"));
    }
    let attributes = attributes(node).map_err(|name| refuse(&format!("`#[{name}]` is for one")))?;
    let Parameters { names, muts } =
        parameters(node).ok_or_else(|| refuse("a parameter has no name to hand on"))?;
    let name = twin_name(own);
    let receiver = match definition.shape {
        Shape::Free => "",
        Shape::Associated => "Self::",
        Shape::Method => "self.",
    };
    let call = format!("{receiver}{name}{}({})", turbofish(node), names.join(", "));
    let outer = ctx.indent_at(node.syntax().text_range().start());
    let inner = format!("{outer}{}", ctx.indent_unit());
    let head = head(ctx, node, &attributes, &[]);
    let close = format!("\n{outer}}}\n\n{outer}{head}");
    Ok(Twin {
        name,
        file: ctx.file,
        body: signature.end(),
        call,
        bridges: drivers.in_function(ctx, body.syntax()),
        open: format!("{{\n{inner}"),
        close,
        muts,
        exports: Vec::new(),
    })
}

/// What stands before the body of the twin of a function, with more changes to its signature.
pub fn head(
    ctx: &FileContext<'_>,
    node: &ast::Fn,
    attributes: &[String],
    changes: &[(TextRange, String)],
) -> String {
    let outer = ctx.indent_at(node.syntax().text_range().start());
    let (Some(name), Some(body)) = (node.name(), node.body()) else {
        return String::new();
    };
    let mut head = String::new();
    if is_documented(node) {
        head += &format!("/// What `{}` does, for async code.\n{outer}", name.text());
    }
    for attribute in attributes {
        head += &format!("{attribute}\n{outer}");
    }
    let twin = twin_name(name.text());
    let own = [
        (TextRange::empty(header(node)), "async "),
        (name.syntax().text_range(), &*twin),
    ];
    let body = body.syntax().text_range().start();
    let signature = TextRange::new(first_after_attributes(node), body);
    let elided = elided::shown(ctx, node).into_iter();
    let elided: Vec<_> = elided
        .map(|(range, text)| (TextRange::empty(range.end()), text))
        .collect();
    let changes = changes.iter().chain(&elided);
    let changes = changes.map(|(range, text)| (*range, text.as_str()));
    head + &spliced(ctx.text, signature, own.into_iter().chain(changes))
}

/// Where a function starts, behind its documentation and attributes.
fn first_after_attributes(node: &ast::Fn) -> TextSize {
    let end_of = |node: &ast::Attr| node.syntax().text_range().end();
    let docs = node.doc_comments().map(|it| it.syntax().text_range().end());
    let after = node.attrs().map(|attr| end_of(&attr)).chain(docs).max();
    let tokens = node.syntax().descendants_with_tokens();
    tokens
        .filter_map(|element| element.into_token())
        .filter(|token| !token.kind().is_trivia())
        .map(|token| token.text_range().start())
        .find(|&start| after.is_none_or(|after| start >= after))
        .unwrap_or_else(|| node.syntax().text_range().start())
}

fn is_documented(node: &ast::Fn) -> bool {
    let by_attribute = |attr: ast::Attr| attribute_path(&attr).as_deref() == Some("doc");
    node.doc_comments().next().is_some() || node.attrs().any(by_attribute)
}

/// The attributes that both need. The error names one of which nobody can tell which of both it is
/// for.
pub fn attributes(node: &ast::Fn) -> Result<Vec<String>, String> {
    let mut shared = Vec::new();
    for attr in node.attrs() {
        let path = attribute_path(&attr).unwrap_or_default();
        let last = path.rsplit("::").next().unwrap_or_default();
        if last == "expect" {
            return Err(path);
        }
        let hidden = last == "doc" && attr.syntax().text().to_string().contains("hidden");
        if SHARED.contains(&last) || hidden {
            shared.push(attr.syntax().text().to_string());
        }
    }
    Ok(shared)
}

/// What a function hands on.
struct Parameters {
    names: Vec<String>,
    muts: Vec<TextRange>,
}

fn parameters(node: &ast::Fn) -> Option<Parameters> {
    let list = node.param_list()?;
    let mut names = Vec::new();
    let mut muts = Vec::new();
    let mut without = |token: Option<ra_ap_syntax::SyntaxToken>, until: TextSize| {
        muts.extend(token.map(|it| TextRange::new(it.text_range().start(), until)));
    };
    if let Some(own) = list.self_param() {
        let name = own.name()?.syntax().text_range().start();
        without(own.mut_token().filter(|_| own.amp_token().is_none()), name);
    }
    for parameter in list.params() {
        let Some(ast::Pat::IdentPat(pattern)) = parameter.pat() else {
            return None;
        };
        let plain = pattern.ref_token().is_none() && pattern.at_token().is_none();
        if !plain || parameter.attrs().next().is_some() {
            return None;
        }
        let name = pattern.name()?;
        without(pattern.mut_token(), name.syntax().text_range().start());
        names.push(name.text().to_string());
    }
    Some(Parameters { names, muts })
}

/// The generic arguments to name: not all of them can be told from the arguments.
fn turbofish(node: &ast::Fn) -> String {
    let parameters = node.generic_param_list().into_iter();
    let names: Vec<String> = parameters
        .flat_map(|list| list.type_or_const_params())
        .filter_map(|parameter| match parameter {
            ast::TypeOrConstParam::Type(it) => it.name(),
            ast::TypeOrConstParam::Const(it) => it.name(),
        })
        .map(|name| name.text().to_string())
        .collect();
    match names.is_empty() {
        true => String::new(),
        false => format!("::<{}>", names.join(", ")),
    }
}
