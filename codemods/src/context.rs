//! What a codemod may ask about a file, in the words of the domain.

use ra_ap_hir::{
    Adt, AsAssocItem, Crate, DisplayTarget, Function, HasCrate, HasVisibility, HirDisplay, Macro,
    Module, ModuleDef, PathResolution, Semantics, Trait, Type, TypeInfo,
};
use ra_ap_ide_db::{FileId, FxHashSet, RootDatabase, span::Edition};
use ra_ap_syntax::{
    AstNode, SyntaxKind, SyntaxNode, TextRange, TextSize,
    ast::{self, HasArgList, HasAttrs, HasName},
};

use crate::{
    analysis::manifest::Manifest,
    cfg::{conditions, inactive_cfg, is_test_code, needs_feature},
    facts::{Dependency, PackageFacts, TargetKind},
    knowledge::{Api, Argument, Combinator, Resolved, Role, is_named},
    settings::Settings,
    syntax::{Imports, names_in},
};

/// One file, with types. Lives inside one closure on one thread.
pub struct FileContext<'a> {
    /// The database, attached to this thread.
    pub db: &'a RootDatabase,
    /// Answers about syntax nodes of this file.
    pub sema: &'a Semantics<'a, RootDatabase>,
    /// The file.
    pub file: FileId,
    /// Its text in this round.
    pub text: &'a str,
    /// Its tree.
    pub source: ast::SourceFile,
    /// The package that it belongs to.
    pub package: &'a PackageFacts,
    /// What its crate is for.
    pub target: TargetKind,
    /// The manifest of its package, if that may be edited.
    pub manifest: Option<Manifest<'a>>,
    /// The tables.
    pub known: &'a Resolved<'a>,
    /// What the user chose.
    pub settings: &'a Settings,
}

/// A call whose callee has a row in the tables.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// The call itself: a `CallExpr` or a `MethodCallExpr`.
    pub expr: ast::Expr,
    /// Its place in the file, also where it stands in a macro's arguments.
    pub range: TextRange,
    /// The row of the callee.
    pub api: &'a Api,
    /// The receiver of a method, or of a method called by its path.
    pub receiver: Option<ast::Expr>,
    /// The arguments without the receiver.
    pub arguments: Vec<ast::Expr>,
}

impl Call<'_> {
    /// The argument that a row speaks of.
    pub fn argument(&self, argument: Argument) -> Option<&ast::Expr> {
        match argument {
            Argument::At(index) => self.arguments.get(index),
            Argument::Receiver => self.receiver.as_ref(),
        }
    }
}

/// What a future, or a task, gives at its end.
#[derive(Debug, Clone)]
pub enum Output<'a> {
    /// A `Result` with this error.
    Result(Type<'a>),
    /// Something that is no error, `()` included.
    Other(Type<'a>),
    /// Not known.
    Unknown,
}

/// The innermost thing that decides how code runs.
#[derive(Debug, Clone)]
pub enum Enclosing {
    /// A function that is async.
    AsyncFn(ast::Fn),
    /// An async block.
    AsyncBlock(ast::BlockExpr),
    /// An async closure.
    AsyncClosure(ast::ClosureExpr),
    /// A closure that is not async.
    Closure(ast::ClosureExpr),
    /// A function that is not async.
    SyncFn(ast::Fn),
    /// A constant, a static or a const block.
    Const,
}

impl Enclosing {
    /// Whether `.await` may stand here.
    pub fn is_async(&self) -> bool {
        matches!(
            self,
            Enclosing::AsyncFn(_) | Enclosing::AsyncBlock(_) | Enclosing::AsyncClosure(_)
        )
    }

    /// Its node; a constant has none.
    pub fn body(&self) -> Option<SyntaxNode> {
        match self {
            Enclosing::AsyncFn(it) | Enclosing::SyncFn(it) => Some(it.syntax().clone()),
            Enclosing::AsyncBlock(it) => Some(it.syntax().clone()),
            Enclosing::AsyncClosure(it) | Enclosing::Closure(it) => Some(it.syntax().clone()),
            Enclosing::Const => None,
        }
    }
}

impl<'a> FileContext<'a> {
    /// The calls of functions whose role is asked for, in the order of the file. Calls in macro
    /// arguments count where each of their tokens stands in the file as it is.
    pub fn calls(&self, wanted: impl Fn(&Role) -> bool) -> Vec<Call<'a>> {
        let imports = Imports::of(&self.source);
        let names = names_in(&imports, self.known.knowledge, &wanted);
        let mut seen = FxHashSet::default();
        let mut calls: Vec<Call<'a>> = self
            .calls_of(&names)
            .iter()
            .filter_map(|expr| self.call(expr))
            .filter(|call| wanted(&call.api.role) && seen.insert(call.range))
            .collect();
        calls.sort_by_key(|call| (call.range.start(), call.range.end()));
        calls
    }

    /// The calls of what has one of these names, those in macro arguments too.
    pub fn calls_of(&self, names: &FxHashSet<String>) -> Vec<ast::Expr> {
        self.calls_in(self.source.syntax(), names)
    }

    /// The calls below a node of what has one of these names, those in macro arguments too.
    pub fn calls_in(&self, root: &SyntaxNode, names: &FxHashSet<String>) -> Vec<ast::Expr> {
        let mut found = Vec::new();
        self.collect_calls(root, &mut found, names);
        found
    }

    fn collect_calls(
        &self,
        root: &SyntaxNode,
        found: &mut Vec<ast::Expr>,
        names: &FxHashSet<String>,
    ) {
        for node in root.descendants() {
            if let Some(mac) = ast::MacroCall::cast(node.clone()) {
                if mac
                    .token_tree()
                    .is_some_and(|tokens| mentions(tokens.syntax(), names))
                    && let Some(expansion) = self.sema.expand_macro_call(&mac)
                {
                    self.collect_calls(&expansion.value, found, names);
                }
            } else if let Some(expr) = ast::Expr::cast(node)
                // The name first: resolving a call infers the whole body that it stands in.
                && called_name(&expr).is_some_and(|name| names.contains(&name))
            {
                found.push(expr);
            }
        }
    }

    /// This expression as a call of something in the tables.
    pub fn call(&self, expr: &ast::Expr) -> Option<Call<'a>> {
        let function = self.callee(expr)?;
        let api = self.api(function)?;
        if inactive_cfg(self.sema, self.file, expr.syntax()).is_some() {
            // Names still resolve there, but nothing has a type.
            return None;
        }
        let range = self.source_range(expr.syntax())?;
        let (receiver, arguments) = self.receiver_and_arguments(expr, function)?;
        Some(Call {
            expr: expr.clone(),
            range,
            api,
            receiver,
            arguments,
        })
    }

    fn receiver_and_arguments(
        &self,
        expr: &ast::Expr,
        function: Function,
    ) -> Option<(Option<ast::Expr>, Vec<ast::Expr>)> {
        match expr {
            ast::Expr::MethodCallExpr(call) => {
                Some((call.receiver(), call.arg_list()?.args().collect()))
            }
            ast::Expr::CallExpr(call) => {
                let mut arguments: Vec<ast::Expr> = call.arg_list()?.args().collect();
                let receiver = (function.has_self_param(self.db) && !arguments.is_empty())
                    .then(|| arguments.remove(0));
                Some((receiver, arguments))
            }
            _ => None,
        }
    }

    /// The function that a call or method call goes to.
    pub fn callee(&self, expr: &ast::Expr) -> Option<Function> {
        match expr {
            ast::Expr::CallExpr(call) => match call.expr()? {
                ast::Expr::PathExpr(path) => self.function_of_path(&path.path()?),
                _ => None,
            },
            ast::Expr::MethodCallExpr(call) => {
                let method = self.sema.resolve_method_call(call);
                method.or_else(|| self.method_of_unread_future(call))
            }
            _ => None,
        }
    }

    /// The method of an extension trait on a future whose type nobody knows: that of an async method of
    /// a trait object, which `#[async_trait]` gives it once it is expanded. Futures have few methods of
    /// their own, so that the one trait in scope with a method of this name decides.
    fn method_of_unread_future(&self, call: &ast::MethodCallExpr) -> Option<Function> {
        let name = call.name_ref()?;
        let takes_future = |api: &&Api| match api.role {
            Role::BlockOn { future, .. } => future == Argument::Receiver,
            _ => false,
        };
        // The name first: types cost more.
        let mut drives = self.known.knowledge.apis.iter().filter(takes_future);
        if !drives.any(|api| name.text() == api.name()) {
            return None;
        }
        let receiver = call.receiver()?;
        let is_unread = self
            .type_of(&receiver)
            .is_none_or(|ty| ty.contains_unknown());
        if !(is_unread && self.is_known_future(&receiver)) {
            return None;
        }
        let visible = self.sema.scope(call.syntax())?.visible_traits().0;
        let mut methods = visible.into_iter().filter_map(|id| {
            let items = Trait::from(id).items(self.db).into_iter();
            items
                .filter_map(|item| item.as_function())
                .find(|it| it.has_self_param(self.db) && it.name(self.db).as_str() == name.text())
        });
        let method = methods.next().filter(|_| methods.next().is_none())?;
        self.known.function(method).filter(takes_future)?;
        Some(method)
    }

    /// Whether an expression is known to make a future, and of what: by its type, or as the call of an
    /// async function.
    pub fn is_known_future(&self, expr: &ast::Expr) -> bool {
        let by_type = self.type_of(expr).is_some_and(|ty| !ty.contains_unknown());
        by_type
            || self
                .callee(expr)
                .and_then(|callee| callee.async_ret_type(self.db))
                .is_some_and(|output| !output.contains_unknown())
    }

    /// The function that a path names.
    pub fn function_of_path(&self, path: &ast::Path) -> Option<Function> {
        match self.sema.resolve_path(path)? {
            PathResolution::Def(ModuleDef::Function(function)) => Some(function),
            _ => None,
        }
    }

    /// The function that an expression names.
    pub fn callee_of_path(&self, expr: &ast::Expr) -> Option<Function> {
        match expr {
            ast::Expr::PathExpr(path) => self.function_of_path(&path.path()?),
            _ => None,
        }
    }

    /// The function that a path would name at a place.
    pub fn function_in_scope(&self, place: &SyntaxNode, path: &str) -> Option<Function> {
        match self.in_scope(place, path)? {
            PathResolution::Def(ModuleDef::Function(function)) => Some(function),
            _ => None,
        }
    }

    /// The type that a path would name at a place.
    pub fn type_in_scope(&self, place: &SyntaxNode, path: &str) -> Option<Adt> {
        match self.in_scope(place, path)? {
            PathResolution::Def(ModuleDef::Adt(adt)) => Some(adt),
            _ => None,
        }
    }

    /// The trait that a path would name at a place.
    pub fn trait_in_scope(&self, place: &SyntaxNode, path: &str) -> Option<Trait> {
        match self.in_scope(place, path)? {
            PathResolution::Def(ModuleDef::Trait(trait_)) => Some(trait_),
            _ => None,
        }
    }

    /// The module that a path would name at a place.
    pub fn module_in_scope(&self, place: &SyntaxNode, path: &str) -> Option<Module> {
        match self.in_scope(place, path)? {
            PathResolution::Def(ModuleDef::Module(module)) => Some(module),
            _ => None,
        }
    }

    /// The macro that a path would name at a place.
    pub fn macro_in_scope(&self, place: &SyntaxNode, path: &str) -> Option<Macro> {
        let parsed = ast::SourceFile::parse(&format!("{path}!();"), Edition::CURRENT).tree();
        let mut nodes = parsed.syntax().descendants();
        let path = nodes.find_map(ast::MacroCall::cast)?.path()?;
        match self.sema.scope(place)?.speculative_resolve(&path)? {
            PathResolution::Def(ModuleDef::Macro(mac)) => Some(mac),
            _ => None,
        }
    }

    /// Whether code in another module may name a module.
    pub fn is_visible(&self, module: Module, from: Module) -> bool {
        let visibility = module.visibility(self.db);
        visibility.is_visible_from(self.db, from.into())
    }

    /// Whether a name can be bound at a place: in a pattern, that of a constant binds nothing.
    pub fn can_be_bound(&self, place: &SyntaxNode, name: &str) -> bool {
        !matches!(
            self.in_scope(place, name),
            Some(PathResolution::Def(
                ModuleDef::Const(_) | ModuleDef::Static(_) | ModuleDef::Adt(Adt::Struct(_))
            ))
        )
    }

    /// Whether a name at a place is the type at this path, or a variant of it: nothing nearby hides it.
    pub fn names_std(&self, place: &SyntaxNode, name: &str, path: &str) -> bool {
        let ty = match self.in_scope(place, name) {
            Some(PathResolution::Def(ModuleDef::EnumVariant(variant))) => {
                variant.parent_enum(self.db).ty(self.db)
            }
            Some(PathResolution::Def(ModuleDef::Adt(adt))) => adt.ty(self.db),
            _ => return false,
        };
        self.is_adt(&ty, path)
    }

    fn in_scope(&self, place: &SyntaxNode, path: &str) -> Option<PathResolution<'a>> {
        let text = format!("const _: () = {path};");
        let parsed = ast::SourceFile::parse(&text, Edition::CURRENT).tree();
        let path = parsed.syntax().descendants().find_map(ast::Path::cast)?;
        self.sema.scope(place)?.speculative_resolve(&path)
    }

    /// The row of a function, or of the trait's function that it implements.
    pub fn api(&self, function: Function) -> Option<&'a Api> {
        self.known
            .function(function)
            .or_else(|| self.known.function(self.in_trait(function)?))
    }

    /// The row of a function that calls its closure there and then.
    pub fn combinator(&self, function: Function) -> Option<&'static Combinator> {
        let declared = || self.known.combinator(self.db, self.in_trait(function)?);
        self.known.combinator(self.db, function).or_else(declared)
    }

    /// The declaration in its trait of a function in an impl.
    pub fn in_trait(&self, function: Function) -> Option<Function> {
        let trait_ = function
            .as_assoc_item(self.db)?
            .implemented_trait(self.db)?;
        trait_.function(self.db, function.name(self.db))
    }

    /// Whether the value of this expression is the handle of the runtime that it runs on.
    pub fn is_current_handle(&self, expr: &ast::Expr) -> bool {
        match expr {
            ast::Expr::ParenExpr(inner) => inner
                .expr()
                .is_some_and(|inner| self.is_current_handle(&inner)),
            ast::Expr::RefExpr(inner) => inner
                .expr()
                .is_some_and(|inner| self.is_current_handle(&inner)),
            ast::Expr::MethodCallExpr(call)
                if call.name_ref().is_some_and(|name| name.text() == "clone") =>
            {
                call.receiver()
                    .is_some_and(|inner| self.is_current_handle(&inner))
            }
            ast::Expr::CallExpr(_) => self
                .call(expr)
                .is_some_and(|call| call.api.role == Role::CurrentHandle),
            ast::Expr::PathExpr(path) => self
                .initializer(path)
                .is_some_and(|value| self.is_current_handle(&value)),
            _ => false,
        }
    }

    /// The value that an immutable `let` gave to the local that this path names.
    pub fn initializer(&self, path: &ast::PathExpr) -> Option<ast::Expr> {
        let PathResolution::Local(local) = self.sema.resolve_path(&path.path()?)? else {
            return None;
        };
        if local.is_mut(self.db) {
            return None;
        }
        let source = local.primary_source(self.db);
        let name = source.source.value.left()?;
        let statement = name.syntax().parent().and_then(ast::LetStmt::cast)?;
        statement.initializer()
    }

    /// What a future gives at its end.
    pub fn output_of_future(&self, future: &ast::Expr) -> Output<'a> {
        let Some(ty) = self.type_of(future) else {
            return Output::Unknown;
        };
        match ty.into_future_output(self.db) {
            Some(output) => self.classify(output),
            None => Output::Unknown,
        }
    }

    /// Sorts a type by whether an error can be in it.
    pub fn classify(&self, output: Type<'a>) -> Output<'a> {
        if output.is_unknown() {
            return Output::Unknown;
        }
        let result = || {
            let (adt, arguments) = output.as_adt_with_args()?;
            let name = adt.name(self.db);
            let core = adt.krate(self.db);
            (is_named(&name, "Result") && self.is_core(core)).then_some(arguments)
        };
        match result() {
            None => Output::Other(output),
            Some(arguments) => match arguments.into_iter().nth(1).flatten() {
                Some(error) if !error.contains_unknown() => Output::Result(error),
                _ => Output::Unknown,
            },
        }
    }

    /// The type of an expression, before coercion.
    pub fn type_of(&self, expr: &ast::Expr) -> Option<Type<'a>> {
        self.sema
            .type_of_expr(expr)
            .map(TypeInfo::original)
            .filter(|ty| !ty.is_unknown())
    }

    fn is_core(&self, krate: Crate) -> bool {
        krate
            .display_name(self.db)
            .is_some_and(|name| name.crate_name().as_str() == "core")
    }

    /// Whether a type implements the trait at this path: by an impl, or by a derive in the tables.
    pub fn implements(&self, ty: &Type<'a>, path: &str) -> bool {
        let Some(trait_) = self.trait_at(path) else {
            return false;
        };
        ty.impls_trait(self.db, trait_, &[]) || self.derives(ty, path)
    }

    /// The trait at a public path.
    pub fn trait_at(&self, path: &str) -> Option<Trait> {
        self.known
            .definitions(self.db, path)
            .into_iter()
            .find_map(|definition| match definition {
                crate::knowledge::Definition::Trait(trait_) => Some(trait_),
                _ => None,
            })
    }

    fn derives(&self, ty: &Type<'a>, path: &str) -> bool {
        let Some(adt) = ty.as_adt() else { return false };
        let Some(source) = self.sema.source(adt) else {
            return false;
        };
        source
            .value
            .attrs()
            .filter_map(|attr| attr.meta())
            .filter_map(|meta| self.sema.resolve_derive_macro(&meta))
            .flatten()
            .flatten()
            .any(|derive| {
                let krate = derive.module(self.db).krate(self.db).display_name(self.db);
                let krate = krate.as_ref().map(|name| name.crate_name().as_str());
                self.known.knowledge.derives.iter().any(|row| {
                    Some(row.krate.as_str()) == krate
                        && is_named(&derive.name(self.db), &row.name)
                        && row.implements.iter().any(|implemented| implemented == path)
                })
            })
    }

    /// Whether a type is the one at this path.
    pub fn is_adt(&self, ty: &Type<'a>, path: &str) -> bool {
        let Some(adt) = ty.as_adt() else { return false };
        self.known
            .definitions(self.db, path)
            .into_iter()
            .any(|definition| definition == crate::knowledge::Definition::Adt(adt))
    }

    /// The innermost function, closure, async block or constant around a node.
    pub fn enclosing(&self, node: &SyntaxNode) -> Option<Enclosing> {
        self.sema
            .ancestors_with_macros(node.clone())
            .skip(1)
            .find_map(|node| {
                if let Some(function) = ast::Fn::cast(node.clone()) {
                    return Some(match function.async_token() {
                        Some(_) => Enclosing::AsyncFn(function),
                        None => Enclosing::SyncFn(function),
                    });
                }
                if let Some(closure) = ast::ClosureExpr::cast(node.clone()) {
                    return Some(match closure.async_token() {
                        Some(_) => Enclosing::AsyncClosure(closure),
                        None => Enclosing::Closure(closure),
                    });
                }
                if let Some(block) = ast::BlockExpr::cast(node.clone()) {
                    return match block.modifier()? {
                        ast::BlockModifier::Async(_) => Some(Enclosing::AsyncBlock(block)),
                        ast::BlockModifier::Const(_) => Some(Enclosing::Const),
                        _ => None,
                    };
                }
                let constant = matches!(node.kind(), SyntaxKind::CONST | SyntaxKind::STATIC);
                constant.then_some(Enclosing::Const)
            })
    }

    /// The name of the function around a node.
    pub fn enclosing_function_name(&self, node: &SyntaxNode) -> Option<String> {
        self.sema
            .ancestors_with_macros(node.clone())
            .find_map(ast::Fn::cast)
            .and_then(|function| Some(function.name()?.text().to_string()))
    }

    /// Whether a node stands in code that only tests, benches or examples run.
    pub fn is_test_code(&self, node: &SyntaxNode) -> bool {
        is_test_code(self.sema, self.file, self.target, node)
    }

    /// Where a node stands in the file: itself there, or in a macro's arguments with each of its
    /// tokens as it is. `None` for what a macro made.
    pub fn source_range(&self, node: &SyntaxNode) -> Option<TextRange> {
        let mapped = self.sema.original_range_opt(node)?;
        if mapped.file_id.file_id(self.db) != self.file {
            return None;
        }
        if self.sema.hir_file_for(node).macro_file().is_none() {
            return Some(mapped.range);
        }
        let same = without_trivia(self.slice(mapped.range)) == tokens_of(node);
        same.then_some(mapped.range)
    }

    /// The text of a node as it stands in the file.
    pub fn source_text(&self, node: &SyntaxNode) -> Option<&'a str> {
        self.source_range(node).map(|range| self.slice(range))
    }

    /// A range of the file's text.
    pub fn slice(&self, range: TextRange) -> &'a str {
        &self.text[usize::from(range.start())..usize::from(range.end())]
    }

    /// The white space that starts the line of an offset.
    pub fn indent_at(&self, offset: TextSize) -> &'a str {
        let before = &self.text[..usize::from(offset)];
        let line = before.rfind('\n').map_or(0, |newline| newline + 1);
        let rest = &self.text[line..];
        let width = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        &rest[..width]
    }

    /// One more level of indentation, as the file has it.
    pub fn indent_unit(&self) -> &'static str {
        if self.text.contains("\n\t") {
            "\t"
        } else {
            "    "
        }
    }

    /// The name of the method that lets a task run on without this handle, if its type has one.
    pub fn detach_of(&self, handle: &ast::Expr) -> Option<String> {
        let adt = self.type_of(handle)?.as_adt()?;
        self.known
            .functions(|role| *role == Role::Detaches)
            .find(|function| {
                let owner = function
                    .as_assoc_item(self.db)
                    .and_then(|item| item.implementing_ty(self.db));
                owner.and_then(|owner| owner.as_adt()) == Some(adt)
            })
            .map(|function| function.name(self.db).as_str().to_owned())
    }

    /// A type as it is written in code, and the crate that it comes from, if it is another.
    pub fn display(&self, ty: &Type<'a>) -> String {
        let Some(module) = self.sema.file_to_module_def(self.file) else {
            return "`_`".to_owned();
        };
        let target = DisplayTarget::from_crate(self.db, module.krate(self.db).into());
        let name = ty.display(self.db, target);
        let foreign = ty.as_adt().map(|adt| adt.krate(self.db));
        match foreign.filter(|krate| !krate.origin(self.db).is_local()) {
            Some(krate) => match krate.display_name(self.db) {
                Some(krate) => format!("`{name}` of `{}`", krate.crate_name()),
                None => format!("`{name}`"),
            },
            None => format!("`{name}`"),
        }
    }

    /// Whether code at this place is only compiled where an optional dependency is on.
    pub fn comes_with(&self, place: &SyntaxNode, dependency: &Dependency) -> bool {
        let turns_on = |feature: &str| self.package.turns_on(feature, dependency);
        conditions(self.sema, self.file, place)
            .iter()
            .any(|condition| needs_feature(condition, &turns_on))
    }

    /// Whether a function is one of the workspace's own.
    pub fn is_local(&self, function: Function) -> bool {
        function.krate(self.db).origin(self.db).is_local()
    }
}

/// The last name of what a call calls.
pub fn name_of_call(call: &ast::Expr) -> Option<ast::NameRef> {
    match call {
        ast::Expr::CallExpr(call) => match call.expr()? {
            ast::Expr::PathExpr(path) => path.path()?.segment()?.name_ref(),
            _ => None,
        },
        ast::Expr::MethodCallExpr(call) => call.name_ref(),
        _ => None,
    }
}

fn called_name(call: &ast::Expr) -> Option<String> {
    Some(name_of_call(call)?.text().to_string())
}

fn mentions(node: &SyntaxNode, names: &FxHashSet<String>) -> bool {
    node.descendants_with_tokens()
        .filter_map(|element| element.into_token())
        .any(|token| token.kind() == SyntaxKind::IDENT && names.contains(token.text()))
}

/// The tokens of a node, without white space and comments.
pub fn tokens_of(node: &SyntaxNode) -> String {
    node.descendants_with_tokens()
        .filter_map(|element| element.into_token())
        .filter(|token| !token.kind().is_trivia())
        .map(|token| token.text().to_owned())
        .collect()
}

fn without_trivia(text: &str) -> String {
    let lexed = ra_ap_ide_db::syntax_helpers::LexedStr::new(Edition::CURRENT, text);
    (0..lexed.len())
        .filter(|&index| !lexed.kind(index).is_trivia())
        .map(|index| lexed.text(index))
        .collect()
}
