//! Whether a function gives its value at once, and whether its owner meant it to say otherwise.

use ra_ap_hir::{AsAssocItem, AssocItemContainer, Function};
use ra_ap_ide_db::{base_db::SourceDatabase, span::Edition};
use ra_ap_syntax::{
    AstNode, SourceFile, SyntaxKind, SyntaxNode,
    ast::{self, HasAttrs, HasGenericParams, HasName},
};

use super::{
    CODEMOD,
    body::{self, Body},
};
use crate::{
    analysis::{
        blocking::{Stops, function_stops},
        blocking_calls::blocking_calls_in,
        ceasing::without_keyword,
        contract,
        functions::{Definition, definition},
        ready::{self, Unwrapped},
    },
    cfg::{inactive_cfg, is_conditional},
    change::Change,
    codemod::{Candidate, Finding, IN_TESTS, Note, Safety, Verdict},
    context::FileContext,
    knowledge::BlockingFilter,
    refusal::{Refusal, RefusalKind},
    runtime_in_async,
};

const IN_TRAIT: &str = "functions of traits that await nothing";
const ATTRIBUTE: &str =
    "functions that await nothing, and are async for an attribute or a caller of another language";
const ALLOWED: &str = "functions that await nothing, and say that clippy::unused_async is allowed";
const CONDITIONAL: &str = "functions that await nothing under this cfg";
const MAKES_FUTURE: &str = "async functions that await nothing, but make a future or start a task";
const BLOCKS: &str = "functions that give futures, await nothing, and block";
const OWNS_RUNTIME: &str = "async functions that await nothing, and make or own a runtime";

/// A function that awaits nothing.
pub struct Fake {
    /// The function.
    pub definition: Definition,
    /// What is said of it, and what becomes of it by itself.
    pub finding: Finding,
}

/// What a function comes to.
pub enum Judged {
    /// It is left as it is.
    Quiet(&'static str),
    /// Its callers decide, if its own verdict is to rewrite it.
    Found(Box<Fake>),
}

/// The functions of a file that await nothing.
pub fn functions(ctx: &FileContext<'_>) -> Vec<Judged> {
    let nodes = ctx.source.syntax().descendants();
    nodes
        .filter_map(ast::Fn::cast)
        .filter_map(|node| {
            let form = Form::of(&node)?;
            judge(ctx, &node, form)
        })
        .collect()
}

/// How a function says that it gives a future.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// It is async.
    Async,
    /// Its return type says so.
    Returns,
}

impl Form {
    /// What stands in the file, for all that the tree shows.
    fn of(node: &ast::Fn) -> Option<Form> {
        let body = node.body()?;
        if node.async_token().is_none() {
            return ready::may_be(node).then_some(Form::Returns);
        }
        let is_one = !body::speaks_of_async(body.syntax()) && !body::is_stub(&body);
        is_one.then_some(Form::Async)
    }
}

/// A function that may be one of these, on the tree alone.
pub fn candidate(node: &ast::Fn) -> Option<Candidate> {
    Form::of(node)?;
    Some(Candidate {
        range: node.name()?.syntax().text_range(),
        path: None,
    })
}

fn judge(ctx: &FileContext<'_>, node: &ast::Fn, form: Form) -> Option<Judged> {
    let function = ctx.sema.to_fn_def(node)?;
    let body = node.body()?;
    if inactive_cfg(ctx.sema, ctx.file, node.syntax()).is_some() {
        return None;
    }
    let unwrapped = match form {
        Form::Async => Ok(Unwrapped {
            change: without_keyword(ctx, node),
            futures: Vec::new(),
        }),
        Form::Returns => ready::unwrapped(ctx, node)?,
    };
    if let Some(reason) = quiet(ctx, node, function, &body) {
        return Some(Judged::Quiet(reason));
    }
    let futures = unwrapped.as_ref().map_or(&[][..], |it| &it.futures);
    let read = body::read(ctx, body.syntax(), futures);
    let filter = BlockingFilter {
        kinds: |_| true,
        anywhere: |_| true,
    };
    let waits = || {
        let filter = BlockingFilter {
            kinds: |kind| kind.work().is_none(),
            ..filter
        };
        !blocking_calls_in(ctx, body.syntax(), filter).is_empty()
    };
    let blocks = || {
        !blocking_calls_in(ctx, body.syntax(), filter).is_empty()
            || matches!(function_stops(ctx, function), Stops::Yes(_))
    };
    let unreadable = match read {
        Body::Waits => return None,
        Body::MakesFuture => return Some(Judged::Quiet(MAKES_FUTURE)),
        _ if form == Form::Async && blocks() || form == Form::Returns && waits() => {
            return Some(Judged::Quiet(BLOCKS));
        }
        // It is dropped there, which is wrong for as long as async code comes to it.
        _ if !runtime_in_async::found_in(ctx, node.syntax())
            .items
            .is_empty() =>
        {
            return Some(Judged::Quiet(OWNS_RUNTIME));
        }
        Body::Unreadable(name) => {
            let message = format!("`{name}!` in it can't be read, and may await");
            Some(Refusal::new(RefusalKind::R2, message))
        }
        Body::Plain => None,
    };
    let definition = definition(ctx, node)?;
    let verdict = match (unreadable, unwrapped) {
        (Some(refusal), _) | (None, Err(refusal)) => Verdict::Refused(refusal),
        _ if form == Form::Returns && blocks() => Verdict::Manual(
            "it stops its thread before it gives the future back: make it an `async fn`, which \
             `cpu-bound-in-async`, `blocking-in-async` or `block-on-in-async` can mend"
                .to_owned(),
        ),
        (None, Ok(mut it)) => {
            // It may have awaited before.
            it.change.uses(ctx.file, node.syntax().text_range());
            of_owner(ctx, node, form, &definition, it.change)
        }
    };
    let name = &definition.name;
    let message = match form {
        Form::Async => format!("`{name}` is async, and awaits nothing"),
        Form::Returns => format!("`{name}` gives a future that is ready, and waits for nothing"),
    };
    let mut why = Vec::new();
    if definition.public {
        why.push(Note::new(
            "other crates can see it, so this is breaking (F13)",
        ));
    }
    Some(Judged::Found(Box::new(Fake {
        finding: Finding {
            codemod: CODEMOD.name,
            file: ctx.file,
            range: definition.place,
            message,
            why,
            conversion: None,
            verdict,
        },
        definition,
    })))
}

/// Why a function is left as it is, without a word.
fn quiet(
    ctx: &FileContext<'_>,
    node: &ast::Fn,
    function: Function,
    body: &ast::BlockExpr,
) -> Option<&'static str> {
    if ctx.is_test_code(node.syntax()) && !ctx.settings.include_tests {
        return Some(IN_TESTS);
    }
    let item = function.as_assoc_item(ctx.db);
    let in_trait = item.is_some_and(|item| match item.container(ctx.db) {
        AssocItemContainer::Trait(_) => true,
        AssocItemContainer::Impl(it) => it.trait_(ctx.db).is_some(),
    });
    if in_trait {
        return Some(IN_TRAIT);
    }
    let is_entry = function.is_main(ctx.db)
        || contract::is_test(node)
        || contract::is_changed_by_attribute(node)
        || node.abi().is_some();
    if is_entry {
        return Some(ATTRIBUTE);
    }
    if is_allowed(ctx, node, function) {
        return Some(ALLOWED);
    }
    is_conditional(body.syntax()).then_some(CONDITIONAL)
}

/// Whether clippy's lint of the same is allowed or expected, around it or in the crate.
fn is_allowed(ctx: &FileContext<'_>, node: &ast::Fn, function: Function) -> bool {
    let around = node.syntax().ancestors().filter_map(ast::AnyHasAttrs::cast);
    let mut around = around.flat_map(|it| it.attrs().collect::<Vec<_>>());
    if around.any(|attr| allows(&attr)) {
        return true;
    }
    let root = function.module(ctx.db).krate(ctx.db).root_file(ctx.db);
    let text: &str = ctx.db.file_text(root).text(ctx.db);
    text.contains("unused_async")
        && SourceFile::parse(text, ctx.package.edition)
            .tree()
            .attrs()
            .any(|attr| allows(&attr))
}

fn allows(attr: &ast::Attr) -> bool {
    let text = attr.syntax().text().to_string();
    let allows = text.contains("allow") || text.contains("expect");
    allows && text.contains("unused_async")
}

/// What the owner of a function has said of it, and what a signature says.
fn of_owner(
    ctx: &FileContext<'_>,
    node: &ast::Fn,
    form: Form,
    definition: &Definition,
    change: Change,
) -> Verdict {
    if let Some(comment) = comment_about(node) {
        return Verdict::Manual(format!(
            "a comment says why it is async, and a person has to judge: \"{comment}\""
        ));
    }
    if definition.public && ctx.settings.keep_sync_api {
        let message = "other crates can see its signature, which is to stay (--keep-sync-api)";
        return Verdict::Refused(Refusal::new(RefusalKind::F13, message));
    }
    let is_older = ctx.package.edition < Edition::Edition2024;
    if form == Form::Async && is_older && borrows_by_being_async(node) {
        let message = "it gives an `impl` type back, which borrows less before edition 2024 where \
                       the function is not async";
        return Verdict::Refused(Refusal::new(RefusalKind::R9, message));
    }
    Verdict::Rewrite {
        safety: Safety::Unsafe,
        change,
        effects: Vec::new(),
    }
}

/// A comment that speaks of the function's being async.
fn comment_about(node: &ast::Fn) -> Option<String> {
    const WORDS: [&str; 12] = [
        "is async",
        "be async",
        "async because",
        "async so",
        "async for",
        "async on purpose",
        "keep async",
        "kept async",
        "keep it async",
        "async api",
        "stays async",
        "remains async",
    ];
    let comments = node
        .syntax()
        .descendants_with_tokens()
        .filter_map(|element| element.into_token())
        .filter(|token| token.kind() == SyntaxKind::COMMENT);
    let mut texts = comments.map(|token| {
        let text = token.text().trim_start_matches(['/', '*', '!']);
        text.trim_end_matches(['*', '/']).trim().replace('`', "")
    });
    texts.find(|text| {
        let lower = text.to_lowercase();
        WORDS.iter().any(|word| lower.contains(word))
    })
}

/// Whether a function gives back an `impl` type while something that it borrows has a lifetime. Of an
/// async function, such a type captures all of them.
fn borrows_by_being_async(node: &ast::Fn) -> bool {
    let has = |node: Option<SyntaxNode>, kinds: &[SyntaxKind]| {
        node.is_some_and(|it| {
            let mut inside = it.descendants_with_tokens();
            inside.any(|it| kinds.contains(&it.kind()))
        })
    };
    const BORROWS: [SyntaxKind; 4] = [
        SyntaxKind::REF_TYPE,
        SyntaxKind::LIFETIME,
        SyntaxKind::SELF_PARAM,
        SyntaxKind::LIFETIME_PARAM,
    ];
    let around = node.syntax().ancestors().find_map(ast::Impl::cast);
    let generics = around.and_then(|it| it.generic_param_list());
    let of = |it: Option<ast::GenericParamList>| it.map(|it| it.syntax().clone());
    has(
        node.ret_type().map(|it| it.syntax().clone()),
        &[SyntaxKind::IMPL_TRAIT_TYPE],
    ) && (has(node.param_list().map(|it| it.syntax().clone()), &BORROWS)
        || has(of(node.generic_param_list()), &BORROWS)
        || has(of(generics), &BORROWS))
}
