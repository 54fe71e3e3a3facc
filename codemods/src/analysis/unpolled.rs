//! Calls of async functions whose future nobody polls: what no edit may leave behind.
//!
//! A call counts as polled where it is awaited on the spot, or handed to something that the tables say
//! drives it. Whatever else becomes of its future is reported: the caller of this engine has made the
//! function async, and every call of it was one of a sync function before.

use ra_ap_hir::Function;
use ra_ap_ide_db::FxHashSet;
use ra_ap_syntax::{
    AstNode, Direction, NodeOrToken, SyntaxKind, SyntaxNode, SyntaxToken, TextRange, ast,
};

use crate::{
    context::FileContext,
    knowledge::{Argument, Definition, Role},
};

/// Macros that poll the futures which are their arguments.
const DRIVERS: &[&str] = &[
    "tokio::join",
    "tokio::try_join",
    "tokio::select",
    "futures::join",
    "futures::try_join",
    "futures::select",
    "futures::select_biased",
];

/// Functions that only wrap a future: it is polled if what they give is.
const WRAPPERS: &[&str] = &[
    "alloc::boxed::Box::pin",
    "core::future::IntoFuture::into_future",
];

/// A use of an async function that nobody polls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpolled {
    /// The function's own name.
    pub function: String,
    /// The call, the path that hands the function over, or the call of the macro in which it stands.
    pub range: TextRange,
}

/// The uses of `functions` in a file that are not polled, in the order of the file. In a macro that
/// can't be looked into, every token that has such a name counts as a use.
pub fn unpolled(ctx: &FileContext<'_>, functions: &FxHashSet<Function>) -> Vec<Unpolled> {
    let mut search = Search {
        ctx,
        functions,
        names: functions
            .iter()
            .map(|function| function.name(ctx.db).as_str().to_owned())
            .collect(),
        found: Vec::new(),
    };
    search.read(ctx.source.syntax());
    let mut found = search.found;
    found.sort_by_key(|it| (it.range.start(), it.range.end()));
    found.dedup();
    found
}

struct Search<'a, 'b> {
    ctx: &'b FileContext<'a>,
    functions: &'b FxHashSet<Function>,
    names: FxHashSet<String>,
    found: Vec<Unpolled>,
}

impl Search<'_, '_> {
    fn read(&mut self, root: &SyntaxNode) {
        for node in root.descendants() {
            if let Some(mac) = ast::MacroCall::cast(node.clone()) {
                self.read_macro(&mac);
                continue;
            }
            match ast::Expr::cast(node) {
                Some(expr @ ast::Expr::MethodCallExpr(_)) => {
                    if let Some(name) = self.name_of(self.ctx.callee(&expr)) {
                        self.called(&expr, name);
                    }
                }
                Some(path @ ast::Expr::PathExpr(_)) => {
                    if let Some(name) = self.name_of(self.ctx.callee_of_path(&path)) {
                        match called(&path) {
                            Some(call) => self.called(&call, name),
                            None => self.report(path.syntax(), name),
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn read_macro(&mut self, mac: &ast::MacroCall) {
        let Some(tokens) = mac.token_tree() else {
            return;
        };
        if !self.mentions(tokens.syntax()) {
            return;
        }
        match self.ctx.sema.expand_macro_call(mac) {
            Some(expansion) => self.read(&expansion.value),
            None => self.read_tokens(mac, &tokens),
        }
    }

    fn mentions(&self, node: &SyntaxNode) -> bool {
        node.descendants_with_tokens()
            .filter_map(NodeOrToken::into_token)
            .any(|token| self.is_name(&token))
    }

    fn is_name(&self, token: &SyntaxToken) -> bool {
        token.kind() == SyntaxKind::IDENT && self.names.contains(token.text())
    }

    /// The arguments of a macro that can't be expanded.
    fn read_tokens(&mut self, mac: &ast::MacroCall, tokens: &ast::TokenTree) {
        let drives = self.drives(mac);
        let names: Vec<SyntaxToken> = tokens
            .syntax()
            .descendants_with_tokens()
            .filter_map(NodeOrToken::into_token)
            .filter(|token| self.is_name(token))
            .collect();
        for name in names {
            let call = NodeOrToken::Token(name.clone());
            let arguments = next(&call).filter(|it| it.kind() == SyntaxKind::TOKEN_TREE);
            let after = arguments.as_ref().and_then(next);
            let awaited = after.as_ref().is_some_and(|dot| {
                dot.kind() == SyntaxKind::DOT
                    && next(dot).is_some_and(|it| it.kind() == SyntaxKind::AWAIT_KW)
            });
            let is_argument = drives
                && name.parent().as_ref() == Some(tokens.syntax())
                && arguments.is_some()
                && after.as_ref().is_none_or(ends_argument);
            if !awaited && !is_argument {
                self.report(mac.syntax(), name.text().to_owned());
            }
        }
    }

    /// Whether a macro polls the futures that are its arguments.
    fn drives(&self, mac: &ast::MacroCall) -> bool {
        let Some(resolved) = self.ctx.sema.resolve_macro_call(mac) else {
            return false;
        };
        let resolved = Definition::Macro(resolved);
        DRIVERS.iter().any(|path| {
            self.ctx
                .known
                .definitions(self.ctx.db, path)
                .contains(&resolved)
        })
    }

    /// The name of a function that is one of those, or that an impl of the trait's may be.
    fn name_of(&self, function: Option<Function>) -> Option<String> {
        let function = function?;
        let declared = self.ctx.in_trait(function);
        let is_one = self.functions.contains(&function)
            || declared.is_some_and(|it| self.functions.contains(&it));
        is_one.then(|| function.name(self.ctx.db).as_str().to_owned())
    }

    fn called(&mut self, call: &ast::Expr, name: String) {
        if !self.is_polled(call) {
            self.report(call.syntax(), name);
        }
    }

    fn report(&mut self, node: &SyntaxNode, function: String) {
        // What a macro makes is reported where the macro is called.
        let range = self.ctx.source_range(node).or_else(|| {
            let mut around = self.ctx.sema.ancestors_with_macros(node.clone());
            around.find_map(|it| self.ctx.source_range(&it))
        });
        if let Some(range) = range {
            self.found.push(Unpolled { function, range });
        }
    }

    /// Whether what an expression gives is polled.
    fn is_polled(&self, expr: &ast::Expr) -> bool {
        let Some(parent) = expr.syntax().parent() else {
            return self.is_argument_of_macro(expr);
        };
        if let Some(outer) = ast::ParenExpr::cast(parent.clone()) {
            return self.is_polled(&outer.into());
        }
        if ast::AwaitExpr::can_cast(parent.kind()) || self.is_argument_of_macro(expr) {
            return true;
        }
        let (outer, at) = match ast::ArgList::cast(parent.clone()) {
            Some(list) => {
                let Some(outer) = list.syntax().parent().and_then(ast::Expr::cast) else {
                    return false;
                };
                let index = list.args().position(|argument| argument == *expr);
                (outer, index.map(Argument::At))
            }
            None => match ast::MethodCallExpr::cast(parent) {
                Some(outer) => (outer.into(), Some(Argument::Receiver)),
                None => return false,
            },
        };
        let Some(function) = self.ctx.callee(&outer) else {
            return false;
        };
        let wraps = WRAPPERS.iter().any(|path| {
            let wrapper = self.ctx.known.definitions(self.ctx.db, path);
            let declared = self.ctx.in_trait(function).unwrap_or(function);
            wrapper.contains(&Definition::Function(declared))
        });
        if wraps {
            return self.is_polled(&outer);
        }
        let at = match (&outer, at) {
            // The first argument of a method that is called by its path is its receiver.
            (ast::Expr::CallExpr(_), Some(Argument::At(index)))
                if function.has_self_param(self.ctx.db) =>
            {
                Some(match index.checked_sub(1) {
                    Some(index) => Argument::At(index),
                    None => Argument::Receiver,
                })
            }
            (_, at) => at,
        };
        match self.ctx.api(function).map(|api| &api.role) {
            Some(Role::BlockOn { future, .. } | Role::Spawn { future, .. }) => Some(*future) == at,
            // `timeout` and its like are futures themselves.
            Some(Role::Cancels) => self.is_polled(&outer),
            _ => false,
        }
    }

    /// Whether a call in the expansion of a macro that polls its arguments is one of those.
    fn is_argument_of_macro(&self, expr: &ast::Expr) -> bool {
        let Some(range) = self.ctx.source_range(expr.syntax()) else {
            return false;
        };
        let around = self.ctx.sema.ancestors_with_macros(expr.syntax().clone());
        let mac = around
            .filter_map(ast::MacroCall::cast)
            .find(|mac| self.drives(mac));
        let Some(tokens) = mac.and_then(|mac| mac.token_tree()) else {
            return false;
        };
        let mut inside = tokens.syntax().children_with_tokens();
        let first = inside.find(|it| it.text_range().start() == range.start());
        let last = tokens
            .syntax()
            .children_with_tokens()
            .find(|it| it.text_range().end() == range.end());
        let (Some(first), Some(last)) = (first, last) else {
            return false;
        };
        let begins = beside(&first, Direction::Prev).is_none_or(|it| {
            let kind = it.kind();
            kind == SyntaxKind::EQ
                || kind == SyntaxKind::COMMA
                || kind == SyntaxKind::L_PAREN
                || kind == SyntaxKind::L_CURLY
        });
        begins && next(&last).is_none_or(|it| ends_argument(&it))
    }
}

/// The call of which a path is the callee.
fn called(path: &ast::Expr) -> Option<ast::Expr> {
    let call = path.syntax().parent().and_then(ast::CallExpr::cast)?;
    (call.expr().as_ref() == Some(path)).then(|| call.into())
}

type Element = NodeOrToken<SyntaxNode, SyntaxToken>;

/// What follows in the same token tree.
fn next(element: &Element) -> Option<Element> {
    beside(element, Direction::Next)
}

fn beside(element: &Element, direction: Direction) -> Option<Element> {
    let step = |it: &Element| match direction {
        Direction::Next => it.next_sibling_or_token(),
        Direction::Prev => it.prev_sibling_or_token(),
    };
    std::iter::successors(step(element), step).find(|it| !it.kind().is_trivia())
}

fn ends_argument(after: &Element) -> bool {
    matches!(
        after.kind(),
        SyntaxKind::COMMA
            | SyntaxKind::R_PAREN
            | SyntaxKind::R_CURLY
            | SyntaxKind::R_BRACK
            // The first token of `=>`.
            | SyntaxKind::EQ
            | SyntaxKind::FAT_ARROW
    )
}
