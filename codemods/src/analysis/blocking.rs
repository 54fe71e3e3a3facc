//! Whether a future stops the thread that polls it.
//!
//! Bodies in the workspace are read, and the calls in them followed; what other crates do is told
//! by the tables. What neither tells is unknown, and named.

use ra_ap_hir::{Adt, AsAssocItem, Function, HasCrate, ModuleDef, PathResolution};
use ra_ap_ide_db::{FileId, FxHashSet};
use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode, TextRange, WalkEvent,
    ast::{self, HasArgList},
};

use super::{
    asks::{Asks, Told},
    recursion::implementing,
};
use crate::{
    codemod::Note,
    context::FileContext,
    knowledge::{Argument, Definition, Role, resolve},
};

/// How many calls deep a body is followed.
const DEPTH: usize = 24;

/// What polling a future does to its thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stops {
    /// It gives the thread back soon.
    No,
    /// It stops the thread.
    Yes(Place),
    /// It calls something that nothing is known of.
    Unknown(Place),
}

/// A call, as the verdict names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What is called.
    pub callee: String,
    /// Where, if it stands in a file as it is.
    pub place: Option<(FileId, TextRange)>,
}

impl Place {
    /// The place as a note.
    pub fn note(&self, says: &str) -> Note {
        Note::at(self.place, format!("`{}` {says}", self.callee))
    }
}

impl Stops {
    /// What doing both comes to.
    fn and(self, other: Stops) -> Stops {
        match (&self, &other) {
            (Stops::Yes(_), _) | (Stops::Unknown(_), Stops::No | Stops::Unknown(_)) => self,
            _ => other,
        }
    }
}

/// Whether this expression, and the future that it makes, stop the thread.
pub fn stops(ctx: &FileContext<'_>, future: &ast::Expr) -> Stops {
    let mut reader = Reader::new(ctx, Asks::Stops);
    match future {
        ast::Expr::PathExpr(path) => reader.awaited_path(path),
        _ => reader.read(future.syntax()),
    }
}

/// Whether calling this function, and awaiting what it gives, stops the thread.
pub fn function_stops(ctx: &FileContext<'_>, function: Function) -> Stops {
    let mut reader = Reader::new(ctx, Asks::Stops);
    reader.function(function, None)
}

/// Whether this code waits for anything, where what only computes does not, and a call in it that the
/// tables know to compute for long.
pub fn computes(ctx: &FileContext<'_>, code: &SyntaxNode) -> (Stops, Option<Place>) {
    let mut reader = Reader::new(ctx, Asks::StopsOrComputes);
    let stops = reader.read(code);
    (stops, reader.computed)
}

/// Whether evaluating this code, and awaiting the futures that it makes, leaves something behind.
pub(super) fn effects_of(ctx: &FileContext<'_>, code: &SyntaxNode) -> Stops {
    Reader::new(ctx, Asks::Effects).read(code)
}

struct Reader<'a, 'b> {
    ctx: &'b FileContext<'a>,
    /// The functions that are being read, outermost first.
    open: Vec<Function>,
    /// The outermost of them that was met again, and taken not to stop the thread meanwhile.
    cut_at: Option<usize>,
    /// Inside of the expansion of a harmless macro: the names that were handed to it.
    written: Option<FxHashSet<String>>,
    asks: Asks,
    /// What computes for long, and does not count.
    computed: Option<Place>,
}

impl<'a, 'b> Reader<'a, 'b> {
    fn new(ctx: &'b FileContext<'a>, asks: Asks) -> Reader<'a, 'b> {
        Reader {
            ctx,
            open: Vec::new(),
            cut_at: None,
            written: None,
            asks,
            computed: None,
        }
    }

    fn read(&mut self, root: &SyntaxNode) -> Stops {
        let mut all = Stops::No;
        let mut walk = root.preorder();
        let mut skipped = FxHashSet::default();
        while let Some(event) = walk.next() {
            let WalkEvent::Enter(node) = event else {
                continue;
            };
            // Items inside of a body only run where they are called.
            let item = ast::Item::can_cast(node.kind()) && !ast::MacroCall::can_cast(node.kind());
            if skipped.contains(&node) || (item && node != *root) {
                walk.skip_subtree();
                continue;
            }
            let found = if let Some(mac) = ast::MacroCall::cast(node.clone()) {
                walk.skip_subtree();
                self.macro_(&mac)
            } else {
                match ast::Expr::cast(node) {
                    Some(expr) => {
                        skipped.extend(self.runs_elsewhere(&expr).map(|it| it.syntax().clone()));
                        self.expr(&expr)
                    }
                    None => Stops::No,
                }
            };
            all = all.and(found);
            if matches!(all, Stops::Yes(_)) {
                break;
            }
        }
        all
    }

    /// The argument of a call that runs on another thread or in another task.
    fn runs_elsewhere(&self, expr: &ast::Expr) -> Option<ast::Expr> {
        if self.asks == Asks::Effects {
            return None;
        }
        let function = self.ctx.callee(expr)?;
        let argument = match self.ctx.api(function).map(|api| &api.role) {
            Some(Role::Offload {
                closure, returns, ..
            }) if *returns != crate::knowledge::Returns::Value => *closure,
            Some(Role::Spawn { future, .. }) => *future,
            Some(_) => return None,
            None => {
                let thread = Definition::Function(function);
                let starts = resolve(self.ctx.db, "std::thread::spawn").contains(&thread);
                starts.then_some(Argument::At(0))?
            }
        };
        let mut arguments: Vec<ast::Expr> = match expr {
            ast::Expr::MethodCallExpr(call) => call.arg_list()?.args().collect(),
            ast::Expr::CallExpr(call) => call.arg_list()?.args().collect(),
            _ => return None,
        };
        if matches!(expr, ast::Expr::CallExpr(_)) && function.has_self_param(self.ctx.db) {
            arguments.remove(0);
        }
        match argument {
            Argument::At(index) => arguments.into_iter().nth(index),
            Argument::Receiver => None,
        }
    }

    fn expr(&mut self, expr: &ast::Expr) -> Stops {
        match expr {
            ast::Expr::MethodCallExpr(call) => match self.ctx.callee(expr) {
                Some(function) => self.function(function, Some(expr)),
                None => {
                    let name = call.name_ref().map(|name| name.text().to_string());
                    self.unknown(name.unwrap_or_default(), expr.syntax())
                }
            },
            ast::Expr::CallExpr(call) => match call.expr() {
                // The path is looked at by itself.
                Some(ast::Expr::PathExpr(_)) | None => Stops::No,
                Some(other) => self.unknown(other.syntax().text().to_string(), expr.syntax()),
            },
            ast::Expr::PathExpr(path) => self.path(path),
            ast::Expr::AwaitExpr(awaited) => match awaited.expr() {
                Some(ast::Expr::PathExpr(path)) => self.awaited_path(&path),
                Some(ast::Expr::FieldExpr(field)) => {
                    self.unknown(field.syntax().text().to_string(), expr.syntax())
                }
                Some(made) if self.is_polled_unread(&made) => {
                    self.unknown(made.syntax().text().to_string(), expr.syntax())
                }
                _ => Stops::No,
            },
            ast::Expr::FieldExpr(_) if self.decides(expr) => {
                self.unknown(expr.syntax().text().to_string(), expr.syntax())
            }
            ast::Expr::BlockExpr(block)
                if self.asks == Asks::Effects && block.unsafe_token().is_some() =>
            {
                self.unknown("unsafe".to_owned(), expr.syntax())
            }
            _ => Stops::No,
        }
    }

    /// Whether polling a future runs code of the workspace that no call leads to: a `poll` written out.
    fn is_polled_unread(&self, made: &ast::Expr) -> bool {
        let callee = self.ctx.callee(made);
        let is_told = callee
            .is_some_and(|it| matches!(self.asks.told(self.ctx, it), Told::No | Told::Stated));
        let adt = self.ctx.type_of(made).and_then(|ty| ty.as_adt());
        let is_local = |adt: Adt| adt.krate(self.ctx.db).origin(self.ctx.db).is_local();
        self.asks == Asks::Effects && !is_told && adt.is_some_and(is_local)
    }

    /// Whether a value decides what a later call does.
    fn decides(&self, value: &ast::Expr) -> bool {
        self.asks == Asks::Effects
            && self.ctx.type_of(value).is_some_and(|ty| {
                let adt = ty.strip_references().as_adt();
                adt.is_some_and(|adt| self.ctx.known.decides(self.ctx.db, adt))
            })
    }

    /// A path that names a function counts as a call of it, for it is handed to someone who calls.
    fn path(&mut self, path: &ast::PathExpr) -> Stops {
        let expr = ast::Expr::PathExpr(path.clone());
        let Some(inner) = path.path() else {
            return Stops::No;
        };
        let called = path
            .syntax()
            .parent()
            .and_then(ast::CallExpr::cast)
            .is_some_and(|call| call.expr().as_ref() == Some(&expr));
        match self.ctx.sema.resolve_path(&inner) {
            Some(PathResolution::Def(ModuleDef::Function(function))) => {
                let at = path.syntax().parent().and_then(ast::Expr::cast);
                self.function(function, Some(&at.unwrap_or(expr)))
            }
            Some(PathResolution::Local(_)) if called => {
                let closure = self.ctx.initializer(path);
                match closure {
                    // It is read where it stands.
                    Some(ast::Expr::ClosureExpr(_)) => Stops::No,
                    _ => self.unknown(inner.syntax().text().to_string(), expr.syntax()),
                }
            }
            None if called => self.unknown(inner.syntax().text().to_string(), expr.syntax()),
            Some(PathResolution::Local(_)) if self.decides(&expr) => {
                match self.ctx.initializer(path) {
                    Some(value) => self.read(value.syntax()),
                    None => self.unknown(inner.syntax().text().to_string(), expr.syntax()),
                }
            }
            _ => Stops::No,
        }
    }

    /// A future that has a name: the value that it was made with, or its type.
    fn awaited_path(&mut self, path: &ast::PathExpr) -> Stops {
        if let Some(value) = self.ctx.initializer(path) {
            return match &value {
                ast::Expr::PathExpr(path) => self.awaited_path(path),
                value => self.read(value.syntax()),
            };
        }
        let expr = ast::Expr::PathExpr(path.clone());
        let adt = self
            .ctx
            .type_of(&expr)
            .and_then(|ty| ty.strip_references().as_adt());
        if adt.is_some_and(|adt| self.asks.is_harmless(self.ctx, adt.krate(self.ctx.db))) {
            Stops::No
        } else {
            self.unknown(path.syntax().text().to_string(), path.syntax())
        }
    }

    fn function(&mut self, function: Function, at: Option<&ast::Expr>) -> Stops {
        let name = || function.name(self.ctx.db).as_str().to_owned();
        let at = at.map(AstNode::syntax);
        match self.asks.told(self.ctx, function) {
            Told::Yes(path) => return Stops::Yes(self.place(path, at)),
            Told::Computes(path) => {
                self.computed.get_or_insert(self.place(path, at));
                return Stops::No;
            }
            Told::Stated => return Stops::No,
            // The workspace's own code is read, whatever its crate is called.
            _ if self.ctx.is_local(function) => {}
            Told::No => return Stops::No,
            Told::Nothing if self.is_made_by_macro(&name()) => return Stops::No,
            Told::Nothing => return Stops::Unknown(self.place(name(), at)),
        }
        if let Some(known) = self.memo(function) {
            return known;
        }
        if let Some(index) = self.open.iter().position(|open| *open == function) {
            self.cut_at = Some(self.cut_at.map_or(index, |cut| cut.min(index)));
            return Stops::No;
        }
        let body = self
            .ctx
            .sema
            .source(function)
            .and_then(|source| source.value.body());
        let overridable = {
            let item = function.as_assoc_item(self.ctx.db);
            item.and_then(|item| item.container_trait(self.ctx.db))
                .is_some()
        };
        if body.is_none() && !overridable || self.open.len() >= DEPTH {
            return Stops::Unknown(self.place(name(), at));
        }
        let depth = self.open.len();
        let written = self.written.take();
        self.open.push(function);
        let found = match body {
            Some(body) if !overridable => self.read(body.syntax()),
            body => self.overridable(function, body.as_ref(), self.place(name(), at)),
        };
        self.open.pop();
        self.written = written;
        // What was found on the assumption that an outer function is harmless is not kept.
        match self.cut_at {
            Some(cut) if cut < depth => return found,
            _ => self.cut_at = None,
        }
        self.remember(function, &found);
        found
    }

    /// A function that a trait declares: what implements it may stop the thread, and what does in other
    /// crates is not known.
    fn overridable(
        &mut self,
        function: Function,
        body: Option<&ast::BlockExpr>,
        unknown: Place,
    ) -> Stops {
        if self.asks == Asks::Effects {
            return Stops::Unknown(unknown);
        }
        let mut found = body.map_or(Stops::No, |body| self.read(body.syntax()));
        for function in implementing(self.ctx, function) {
            found = found.and(self.function(function, None));
        }
        Stops::Unknown(unknown).and(found)
    }

    /// What computes is had again each time: the call that does is asked for as well.
    fn memo(&self, function: Function) -> Option<Stops> {
        let bodies = self.ctx.known.bodies.lock().expect("no panic while held");
        let known = bodies.get(&(self.asks, function)).cloned();
        known.filter(|_| self.asks != Asks::StopsOrComputes)
    }

    fn remember(&self, function: Function, found: &Stops) {
        let mut bodies = self.ctx.known.bodies.lock().expect("no panic while held");
        bodies.insert((self.asks, function), found.clone());
    }

    /// Of a macro that is known, what is handed to it counts; of another, what it makes.
    fn macro_(&mut self, mac: &ast::MacroCall) -> Stops {
        let resolved = self.ctx.sema.resolve_macro_call(mac);
        let harmless = resolved.is_some_and(|it| {
            let waits = self.ctx.known.macro_(it);
            waits.is_some_and(|row| row.role == Role::Waits)
                || self
                    .asks
                    .is_harmless(self.ctx, it.module(self.ctx.db).krate(self.ctx.db))
        });
        let written = names_in(mac);
        let found = match self.ctx.sema.expand_macro_call(mac) {
            Some(expansion) if harmless && self.written.is_none() => {
                self.written = Some(written);
                let found = self.read(&expansion.value);
                self.written = None;
                found
            }
            Some(expansion) => self.read(&expansion.value),
            None if harmless && written.is_empty() => Stops::No,
            None => self.unknown(name_of(mac), mac.syntax()),
        };
        match found {
            // What it makes has no place of its own, and a name that nobody wrote.
            Stops::Yes(Place { place: None, .. }) if self.asks == Asks::Effects => {
                Stops::Yes(self.place(name_of(mac), Some(mac.syntax())))
            }
            found => found,
        }
    }

    fn unknown(&self, callee: String, at: &SyntaxNode) -> Stops {
        if self.is_made_by_macro(&callee) {
            return Stops::No;
        }
        Stops::Unknown(self.place(callee, Some(at)))
    }

    /// Whether a name stands in an expansion only because a harmless macro put it there.
    fn is_made_by_macro(&self, name: &str) -> bool {
        let written = |words: &FxHashSet<String>| {
            name.split(|c: char| !c.is_alphanumeric() && c != '_')
                .any(|word| words.contains(word))
        };
        self.written.as_ref().is_some_and(|words| !written(words))
    }

    fn place(&self, callee: String, at: Option<&SyntaxNode>) -> Place {
        let place = at
            .and_then(|node| self.ctx.sema.original_range_opt(node))
            .map(|mapped| (mapped.file_id.file_id(self.ctx.db), mapped.range));
        Place { callee, place }
    }
}

fn name_of(mac: &ast::MacroCall) -> String {
    let path = mac.path().map(|path| path.syntax().text().to_string());
    format!("{}!", path.unwrap_or_default())
}

/// The identifiers among the arguments of a macro.
fn names_in(mac: &ast::MacroCall) -> FxHashSet<String> {
    let Some(tokens) = mac.token_tree() else {
        return FxHashSet::default();
    };
    tokens
        .syntax()
        .descendants_with_tokens()
        .filter_map(|element| element.into_token())
        .filter(|token| token.kind() == SyntaxKind::IDENT)
        .map(|token| token.text().to_owned())
        .collect()
}
