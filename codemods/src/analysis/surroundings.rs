//! What stands around a place: who may stop it half way, and which comments speak of it.

use ra_ap_hir::PathResolution;
use ra_ap_syntax::{AstNode, SyntaxKind, SyntaxNode, TextSize, ast, ast::HasAttrs};

use crate::{context::FileContext, knowledge::Role};

/// The names of what may drop the code at `node` half way: `select!`, `timeout` and their like
/// around it, and the `abort` of the task that it stands in. Innermost first.
pub fn cancelled_by(ctx: &FileContext<'_>, node: &SyntaxNode) -> Vec<String> {
    let mut names = Vec::new();
    for outer in ctx.sema.ancestors_with_macros(node.clone()).skip(1) {
        if ast::Fn::can_cast(outer.kind()) {
            break;
        }
        let name = if let Some(mac) = ast::MacroCall::cast(outer.clone()) {
            let resolved = ctx.sema.resolve_macro_call(&mac);
            let api = resolved.and_then(|it| ctx.known.macro_(it));
            api.filter(|api| api.role == Role::Cancels)
                .map(|api| format!("{}!", api.name()))
        } else if let Some(expr) = ast::Expr::cast(outer) {
            let api = ctx.callee(&expr).and_then(|callee| ctx.api(callee));
            match api.map(|api| (&api.role, api.name())) {
                Some((Role::Cancels, name)) => Some(name.to_owned()),
                Some((Role::Spawn { .. }, _)) => aborted(ctx, &expr),
                _ => None,
            }
        } else {
            None
        };
        names.extend(name.filter(|name| !names.contains(name)));
    }
    names
}

/// What ends the task of a spawn half way, if that stands in the same function.
fn aborted(ctx: &FileContext<'_>, spawn: &ast::Expr) -> Option<String> {
    let parent = spawn.syntax().parent()?;
    if let Some(outer) = ast::MethodCallExpr::cast(parent.clone()) {
        return aborts(ctx, &outer.into());
    }
    let pattern = ast::LetStmt::cast(parent)?.pat()?;
    let ast::Pat::IdentPat(name) = pattern else {
        return None;
    };
    let local = ctx.sema.to_def(&name)?;
    uses_of(ctx, local, name.syntax())
        .into_iter()
        .find_map(|path| {
            let of = path.syntax().parent()?;
            let call = ast::MethodCallExpr::cast(of.clone()).map(ast::Expr::from);
            let call = call.or_else(|| of.parent().and_then(ast::Expr::cast))?;
            aborts(ctx, &call)
        })
}

fn aborts(ctx: &FileContext<'_>, call: &ast::Expr) -> Option<String> {
    let api = ctx.callee(call).and_then(|callee| ctx.api(callee))?;
    matches!(api.role, Role::Aborts | Role::Cancels).then(|| api.name().to_owned())
}

/// Whether the future of the async code around a place has to be `Send` for all that can be seen:
/// it is spawned where it stands, or boxed by `#[async_trait]`.
pub fn has_to_be_send(ctx: &FileContext<'_>, node: &SyntaxNode) -> bool {
    ctx.sema.ancestors_with_macros(node.clone()).any(|outer| {
        if let Some(item) = ast::AnyHasAttrs::cast(outer.clone()) {
            let boxed = item.attrs().any(|attr| {
                let text = attr.syntax().text().to_string();
                text.contains("async_trait") && !text.contains("?Send")
            });
            if boxed {
                return true;
            }
        }
        spawns(ctx, outer)
    })
}

/// Whether a place stands in what is spawned, and has to be `Send`.
pub fn is_spawned(ctx: &FileContext<'_>, node: &SyntaxNode) -> bool {
    let mut around = ctx.sema.ancestors_with_macros(node.clone());
    around.any(|outer| spawns(ctx, outer))
}

fn spawns(ctx: &FileContext<'_>, node: SyntaxNode) -> bool {
    let call = ast::Expr::cast(node).and_then(|expr| ctx.callee(&expr));
    let api = call.and_then(|callee| ctx.api(callee));
    api.is_some_and(|api| matches!(api.role, Role::Spawn { .. }) && !api.name().contains("local"))
}

/// The expressions that name a local, in the function around `near`, in the order of the file.
pub fn uses_of(
    ctx: &FileContext<'_>,
    local: ra_ap_hir::Local<'_>,
    near: &SyntaxNode,
) -> Vec<ast::PathExpr> {
    let function = near.ancestors().find(|node| ast::Fn::can_cast(node.kind()));
    let Some(function) = function else {
        return Vec::new();
    };
    function
        .descendants()
        .filter_map(ast::PathExpr::cast)
        .filter(|path| {
            let resolved = path.path().and_then(|path| ctx.sema.resolve_path(&path));
            matches!(resolved, Some(PathResolution::Local(it)) if it == local)
        })
        .collect()
}

/// Whether the name of a local stands among the arguments of a macro or in a string of its
/// function, where no expression can be seen.
pub fn is_hidden_use(near: &SyntaxNode, name: &str) -> bool {
    let function = near.ancestors().find(|node| ast::Fn::can_cast(node.kind()));
    function.is_none_or(|function| {
        function
            .descendants()
            .filter_map(ast::TokenTree::cast)
            .flat_map(|tree| tree.syntax().children_with_tokens().collect::<Vec<_>>())
            .filter_map(|element| element.into_token())
            .any(|token| match token.kind() {
                SyntaxKind::IDENT => token.text() == name,
                SyntaxKind::STRING => token.text().contains(name),
                _ => false,
            })
    })
}

/// What to tell a person about the call named `callee`, if a comment says why it is there: on its
/// line, directly above it or its statement, inside of it before `until`, or, where it names the
/// call and `Send`, anywhere in the function.
pub fn comment_about(
    ctx: &FileContext<'_>,
    node: &SyntaxNode,
    callee: &str,
    until: TextSize,
) -> Option<String> {
    comment_with(ctx, node, callee, &[], until)
}

/// The same, where a comment with one of these words, in small letters, is one about the call too.
pub fn comment_with(
    ctx: &FileContext<'_>,
    node: &SyntaxNode,
    callee: &str,
    words: &[&str],
    until: TextSize,
) -> Option<String> {
    let range = ctx.source_range(node)?;
    let function = ctx
        .sema
        .ancestors_with_macros(node.clone())
        .find(|node| ast::Fn::can_cast(node.kind()))?;
    let statement = node
        .ancestors()
        .take_while(|it| it != &function)
        .find(|it| {
            ast::Stmt::can_cast(it.kind())
                || it
                    .parent()
                    .is_some_and(|parent| ast::StmtList::can_cast(parent.kind()))
        });
    let start = statement
        .and_then(|statement| ctx.source_range(&statement))
        .map_or(range.start(), |range| range.start());
    let near = [above(ctx, start), above(ctx, range.start())];
    let on_line = [line_comment(ctx, start), line_comment(ctx, range.start())];
    let inside = comments(ctx, range.start(), until);
    let close = near
        .into_iter()
        .chain(on_line)
        .flatten()
        .chain(inside)
        .find(|comment| is_about(comment, callee, words));
    let comment = close.or_else(|| {
        // Further away it has to name the call, and to say what about.
        let body = ctx.source_range(&function)?;
        comments(ctx, body.start(), body.end())
            .into_iter()
            .find(|comment| comment.contains(callee) && is_about_send(comment))
    })?;
    Some(format!(
        "a comment says why it is there, and a person has to judge: \"{comment}\""
    ))
}

/// The comments directly above the line of an offset, attributes passed over, as one text.
fn above(ctx: &FileContext<'_>, offset: TextSize) -> Option<String> {
    let before = &ctx.text[..usize::from(offset)];
    let mut lines: Vec<&str> = before
        .lines()
        .rev()
        .skip(usize::from(!before.ends_with('\n')))
        .map(str::trim)
        .take_while(|line| line.starts_with("//") || line.starts_with("#["))
        .filter(|line| line.starts_with("//"))
        .map(|line| line.trim_start_matches('/').trim())
        .collect();
    lines.reverse();
    (!lines.is_empty()).then(|| lines.join(" "))
}

fn line_comment(ctx: &FileContext<'_>, offset: TextSize) -> Option<String> {
    let rest = &ctx.text[usize::from(offset)..];
    let end = rest
        .find('\n')
        .map_or(ctx.text.len(), |at| usize::from(offset) + at);
    let end = TextSize::try_from(end).expect("files are below 4 GiB");
    comments(ctx, offset, end).pop()
}

/// The comments that begin in a part of the file.
fn comments(ctx: &FileContext<'_>, start: TextSize, end: TextSize) -> Vec<String> {
    ctx.source
        .syntax()
        .descendants_with_tokens()
        .filter_map(|element| element.into_token())
        .filter(|token| token.kind() == SyntaxKind::COMMENT)
        .filter(|token| start <= token.text_range().start() && token.text_range().start() < end)
        .map(|token| {
            let text = token.text().trim_start_matches(['/', '*', '!']);
            text.trim_end_matches(['*', '/']).trim().to_owned()
        })
        .collect()
}

/// Whether a comment speaks of an offload or a blocking call itself.
fn is_about(comment: &str, callee: &str, more: &[&str]) -> bool {
    let lower = comment.to_lowercase();
    // It says that the call should not be there.
    if lower.starts_with("todo") || lower.starts_with("fixme") {
        return false;
    }
    let words = [
        "blocking",
        "thread pool",
        "blocking pool",
        "intentional",
        "mandatory",
        "on purpose",
        "starv",
    ];
    comment.contains(callee)
        || words.iter().chain(more).any(|word| lower.contains(word))
        || is_about_send(comment)
}

fn is_about_send(comment: &str) -> bool {
    [
        "!Send",
        "`Send`",
        "not Send",
        "non-Send",
        "isn't Send",
        "be Send",
        "is Send",
    ]
    .iter()
    .any(|words| comment.contains(words))
}

/// Whether a larger expression begins with this one where a block would be a statement, or an arm, of
/// its own.
pub fn begins_statement(expr: &ast::Expr) -> bool {
    let start = expr.syntax().text_range().start();
    let larger = expr
        .syntax()
        .ancestors()
        .take_while(|it| ast::Expr::can_cast(it.kind()) && it.text_range().start() == start)
        .last();
    larger.is_some_and(|larger| {
        larger != *expr.syntax()
            && larger.parent().is_some_and(|parent| {
                ast::ExprStmt::can_cast(parent.kind())
                    || ast::StmtList::can_cast(parent.kind())
                    || ast::MatchArm::can_cast(parent.kind())
            })
    })
}
