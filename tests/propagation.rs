//! What becomes async, over many call graphs: exactly what a model of the contracts says, and no call of
//! it is left without anyone who polls its future.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use proptest::{
    prelude::*,
    sample::Index,
    test_runner::{Config, RngAlgorithm, RngSeed, TestRunner},
};
use ra_ap_hir::{Function, Module, ModuleDef};
use ra_ap_ide_db::{FxHashSet, span::Edition};
use ra_ap_syntax::{
    AstNode, SourceFile,
    ast::{self, HasName},
};
use unpark_codemods::{analysis::unpolled::unpolled, context::FileContext};

use crate::support::{
    fixture::{Case, Options},
    stage::{after, in_pool, stage},
};

const FILES: [&str; 3] = ["src/lib.rs", "src/a.rs", "src/b.rs"];
const MODULES: [&str; 3] = ["crate", "crate::a", "crate::b"];

/// What a function has promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Async,
    /// It has another ABI: it can't become async.
    Foreign,
    /// It is stored as a value: it can't become async.
    Stored,
    /// The harness calls it, and nobody else.
    Test,
}

/// How a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Direct,
    InMacro,
    /// In a closure that can be written out.
    Mapped,
    /// By its path, to what calls it there and then.
    HandedOver,
    /// In a closure of which nobody knows when it is called.
    Apart,
}

#[derive(Debug, Clone)]
struct Spec {
    file: usize,
    kind: Kind,
    /// It drives a future: that of an async function of the graph, or of another.
    drives: Option<Option<Index>>,
    calls: Vec<(Index, Form)>,
}

#[derive(Debug, Clone)]
struct Graph {
    functions: Vec<Spec>,
    /// The future is driven by the handle of tokio, which can't take the place of a call.
    by_handle: bool,
}

fn graph() -> impl Strategy<Value = Graph> {
    let kind = prop_oneof![
        14 => Just(Kind::Plain),
        5 => Just(Kind::Async),
        1 => Just(Kind::Foreign),
        1 => Just(Kind::Stored),
        1 => Just(Kind::Test),
    ];
    let form = prop_oneof![
        8 => Just(Form::Direct),
        2 => Just(Form::InMacro),
        2 => Just(Form::Mapped),
        1 => Just(Form::HandedOver),
        1 => Just(Form::Apart),
    ];
    let calls = prop::collection::vec((any::<Index>(), form), 0..5);
    let future = prop::option::weighted(0.3, any::<Index>());
    let drives = prop::option::weighted(0.4, future);
    let spec = (0..FILES.len(), kind, drives, calls).prop_map(|(file, kind, drives, calls)| Spec {
        file,
        kind,
        drives,
        calls,
    });
    let functions = prop::collection::vec(spec, 4..14);
    (functions, prop::bool::weighted(0.2)).prop_map(|(functions, by_handle)| Graph {
        functions,
        by_handle,
    })
}

impl Graph {
    fn kind(&self, function: usize) -> Kind {
        self.functions[function].kind
    }

    /// The calls that a function makes. Tests are not called; what is async is called by what is async and
    /// stands before it, so that nothing is endless from the start.
    fn calls(&self, caller: usize) -> Vec<(usize, Form)> {
        let calls = self.functions[caller].calls.iter();
        calls
            .map(|(index, form)| (index.index(self.functions.len()), *form))
            .filter(|&(callee, form)| match self.kind(callee) {
                Kind::Test => false,
                Kind::Async => {
                    let is_async = self.kind(caller) == Kind::Async;
                    is_async && caller < callee && form == Form::Direct
                }
                _ => true,
            })
            // A function that leads back to itself would have to be boxed there.
            .map(|(callee, form)| match form {
                Form::HandedOver if !self.is_leaf(callee) => (callee, Form::Mapped),
                form => (callee, form),
            })
            .collect()
    }

    fn is_leaf(&self, function: usize) -> bool {
        let spec = &self.functions[function];
        spec.calls.is_empty() && !matches!(spec.drives, Some(Some(_)))
    }

    fn path(&self, function: usize) -> String {
        format!("{}::f{function}", MODULES[self.functions[function].file])
    }

    fn driven(&self, future: &Option<Index>) -> String {
        let is_async = |it: &usize| self.kind(*it) == Kind::Async;
        let all: Vec<usize> = (0..self.functions.len()).filter(is_async).collect();
        let future = match future {
            Some(index) if !all.is_empty() => self.path(*index.get(&all)),
            _ => "crate::number".to_owned(),
        };
        match self.by_handle {
            true => format!("tokio::runtime::Handle::current().block_on({future}(n))"),
            false => format!("pollster::block_on({future}(n))"),
        }
    }

    fn files(&self) -> BTreeMap<String, String> {
        let mut files: Vec<String> = vec![String::new(); FILES.len()];
        // What calls a closure in another one has no twin for those that wait.
        files[0] += "mod a;\nmod b;\n\npub async fn number(n: u32) -> u32 {\n    n\n}\n\n\
                     pub fn twice(make: impl Fn() -> u32) -> u32 {\n    (0..2).map(|_| make()).sum()\n}\n";
        for (index, spec) in self.functions.iter().enumerate() {
            let text = &mut files[spec.file];
            let (attribute, qualifier) = match spec.kind {
                Kind::Plain | Kind::Stored => ("", ""),
                Kind::Async => ("", "async "),
                Kind::Foreign => ("", "extern \"C\" "),
                Kind::Test => ("#[test]\n", ""),
            };
            let signature = match spec.kind {
                Kind::Test => "() {\n    let n = 1;\n",
                _ => "(n: u32) -> u32 {\n",
            };
            let mut body = "    let mut sum = n;\n".to_owned();
            if let Some(future) = &spec.drives {
                writeln!(body, "    sum += {};", self.driven(future)).expect("a string");
            }
            for (callee, form) in self.calls(index) {
                let path = self.path(callee);
                let line = match form {
                    _ if self.kind(callee) == Kind::Async => format!("sum += {path}(n).await;"),
                    Form::Direct => format!("sum += {path}(n);"),
                    Form::InMacro => format!("assert_ne!({path}(n), 7);"),
                    Form::Mapped => format!(
                        "sum += [n].iter().map(|n| {path}(*n)).collect::<Vec<_>>().len() as u32;"
                    ),
                    Form::HandedOver => format!("sum += Some(n).map_or(1, {path});"),
                    Form::Apart => format!("sum += crate::twice(|| {path}(n));"),
                };
                writeln!(body, "    {line}").expect("a string");
            }
            let value = match spec.kind {
                Kind::Test => "assert_ne!(sum, 7);",
                _ => "sum",
            };
            write!(
                text,
                "\n{attribute}pub {qualifier}fn f{index}{signature}{body}    {value}\n}}\n"
            )
            .expect("a string");
            if spec.kind == Kind::Stored {
                write!(text, "\npub static S{index}: fn(u32) -> u32 = f{index};\n")
                    .expect("a string");
            }
        }
        FILES.iter().map(|it| (*it).to_owned()).zip(files).collect()
    }

    /// The functions that become async: the largest set in which each one has a reason to, is awaited by
    /// async code in the end, and leaves no call without anyone who polls its future.
    fn model(&self) -> BTreeSet<String> {
        let all = 0..self.functions.len();
        let mut left: BTreeSet<usize> = all
            .clone()
            .filter(|it| self.kind(*it) == Kind::Plain)
            .collect();
        loop {
            // From what drives a future up.
            let mut moved = BTreeSet::new();
            while let Some(next) = left.iter().copied().find(|&it| {
                let drives = self.functions[it].drives.is_some();
                let waits =
                    |(callee, form): (usize, Form)| form != Form::Apart && moved.contains(&callee);
                !moved.contains(&it) && (drives || self.calls(it).into_iter().any(waits))
            }) {
                moved.insert(next);
            }
            // From async code down.
            let mut awaited: BTreeSet<usize> = all
                .clone()
                .filter(|it| self.kind(*it) == Kind::Async)
                .collect();
            let mut open: Vec<usize> = awaited.iter().copied().collect();
            while let Some(caller) = open.pop() {
                for (callee, form) in self.calls(caller) {
                    if form != Form::Apart && moved.contains(&callee) && awaited.insert(callee) {
                        open.push(callee);
                    }
                }
            }
            let keeps = |callee: usize| {
                let sites = all.clone().flat_map(|caller| {
                    let calls = self.calls(caller).into_iter();
                    calls.map(move |(callee, form)| (caller, callee, form))
                });
                let mut sites = sites.filter(|&(_, it, _)| it == callee);
                sites.all(|(caller, _, form)| {
                    let waits = self.kind(caller) == Kind::Async || moved.contains(&caller);
                    match form {
                        Form::Apart => !self.by_handle,
                        _ => waits || !self.by_handle,
                    }
                })
            };
            let next: BTreeSet<usize> = moved
                .iter()
                .copied()
                .filter(|it| awaited.contains(it) && keeps(*it))
                .collect();
            if next == left {
                return left.iter().map(|it| format!("f{it}")).collect();
            }
            left = next;
        }
    }
}

/// The names of the async functions in these texts.
fn async_functions(files: &BTreeMap<String, String>) -> BTreeSet<String> {
    let trees = files
        .values()
        .map(|text| SourceFile::parse(text, Edition::CURRENT).tree());
    trees
        .flat_map(|tree| {
            tree.syntax()
                .descendants()
                .filter_map(ast::Fn::cast)
                .collect::<Vec<_>>()
        })
        .filter(|it| it.async_token().is_some())
        .filter_map(|it| Some(it.name()?.text().to_string()))
        .collect()
}

/// What is wrong with a file of the result.
fn flaws(ctx: &FileContext<'_>) -> Vec<String> {
    let root = ctx.sema.file_to_module_def(ctx.file).expect("a module");
    let root = root.krate(ctx.db).root_module(ctx.db);
    let functions: FxHashSet<Function> = declared(ctx, root)
        .into_iter()
        .filter(|it| it.is_async(ctx.db))
        .collect();
    let left = unpolled(ctx, &functions).into_iter();
    let mut flaws: Vec<String> = left
        .map(|it| format!("nobody polls {}", it.function))
        .collect();
    let awaits = ctx
        .source
        .syntax()
        .descendants()
        .filter_map(ast::AwaitExpr::cast);
    flaws.extend(awaits.filter_map(|it| {
        let output = ctx.type_of(&it.expr()?)?.into_future_output(ctx.db);
        output.is_none().then(|| format!("no future: {it}"))
    }));
    flaws
}

fn declared(ctx: &FileContext<'_>, module: Module) -> Vec<Function> {
    let own = module.declarations(ctx.db).into_iter();
    let mut functions: Vec<Function> = own
        .filter_map(|it| match it {
            ModuleDef::Function(it) => Some(it),
            _ => None,
        })
        .collect();
    functions.extend(module.children(ctx.db).flat_map(|it| declared(ctx, it)));
    functions
}

#[test]
fn what_becomes_async_is_what_the_contracts_allow() {
    let config = Config {
        cases: 48,
        failure_persistence: None,
        rng_algorithm: RngAlgorithm::ChaCha,
        rng_seed: RngSeed::Fixed(0x0061_7379_6e63),
        ..Config::default()
    };
    let (became, stayed) = (Cell::new(0), Cell::new(0));
    let holds = TestRunner::new(config).run(&graph(), |graph| {
        let case = Case {
            before: graph.files(),
            options: Options {
                unsafe_fixes: true,
                ..Options::default()
            },
            ..Case::default()
        };
        let outcome = in_pool(2, || stage().play(&case, &case.before, &BTreeMap::new()));
        prop_assert!(outcome.defects.is_empty(), "{:?}", outcome.defects);
        let after = after(&case.before, &outcome);
        let before = async_functions(&case.before);
        let now: BTreeSet<String> = async_functions(&after)
            .difference(&before)
            .cloned()
            .collect();
        prop_assert_eq!(&now, &graph.model(), "{:#?}", after);
        for file in after.keys() {
            let flaws = in_pool(1, || stage().look("with-tracing", &after, file, flaws));
            prop_assert_eq!(flaws, Vec::<String>::new(), "{:#?}", after);
        }
        became.set(became.get() + now.len());
        stayed.set(stayed.get() + graph.functions.len() - now.len());
        Ok(())
    });
    holds.unwrap_or_else(|failure| panic!("{failure}"));
    let (became, stayed) = (became.get(), stayed.get());
    assert!(
        became > 50 && stayed > 50,
        "{became} functions became async, {stayed} stayed"
    );
}
