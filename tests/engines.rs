//! Engines that no codemod shows yet, each on the stage by itself.

use std::collections::BTreeMap;

use ra_ap_hir::{Function, ModuleDef};
use unpark_codemods::{analysis::unpolled::unpolled, context::FileContext};

use crate::support::stage::{in_pool, stage};

const UNPOLLED: &str = r#"
use std::time::Duration;

use futures::executor::block_on;

pub struct Cache;

pub trait Refresh {
    async fn renew(&self);
}

impl Refresh for Cache {
    async fn renew(&self) {}
}

impl Cache {
    pub async fn refresh(&self, n: u32) {}
}

pub async fn load(n: u32) -> u32 {
    n
}

macro_rules! twice {
    ($call:expr) => {
        ($call, 1)
    };
}

pub async fn polled(cache: &Cache) {
    load(1).await;
    (load(1)).await;
    cache.refresh(1).await;
    Cache::refresh(cache, 1).await;
    cache.renew().await;
    Box::pin(load(1)).await;
    block_on(load(1));
    tokio::spawn(load(1));
    tokio::time::timeout(Duration::from_secs(1), load(1)).await;
    tokio::runtime::Handle::current().block_on(load(1));
    println!("{}", load(1).await);
    other::load(1);
}

pub async fn unpolled(cache: &Cache, numbers: Vec<u32>) {
    load(1); // unpolled: load
    let _ = load(1); // unpolled: load
    let later = load(1); // unpolled: load
    drop(load(1)); // unpolled: load
    let pair = (load(1), 1); // unpolled: load
    Some(1).map(|n| cache.refresh(n)); // unpolled: refresh
    Some(1).map(load); // unpolled: load
    cache.renew(); // unpolled: renew
    let boxed = Box::pin(load(1)); // unpolled: load
    let timed = tokio::time::timeout(Duration::from_secs(1), load(1)); // unpolled: load
    block_on(async { load(1) }); // unpolled: load
    twice!(load(1)); // unpolled: load
    println!("{}", std::mem::size_of_val(&load(1))); // unpolled: load
    mystery::unknown!(load(1)); // unpolled: load
    load(1) // unpolled: load
        .into_future();
    let pointer = load; // unpolled: load
}

mod other {
    pub fn load(n: u32) {}
}
"#;

/// The functions of the file with one of these names, whoever they belong to.
fn functions(ctx: &FileContext<'_>, names: &[&str]) -> Vec<Function> {
    let module = ctx.sema.file_to_module_def(ctx.file).expect("a module");
    let in_impls = module.impl_defs(ctx.db).into_iter();
    let in_impls = in_impls.flat_map(|it| it.items(ctx.db));
    let in_impls = in_impls.filter_map(|item| match item {
        ra_ap_hir::AssocItem::Function(function) => Some(function),
        _ => None,
    });
    let free = module.declarations(ctx.db).into_iter();
    let free = free.filter_map(|item| match item {
        ModuleDef::Function(function) => Some(function),
        _ => None,
    });
    free.chain(in_impls)
        .filter(|function| names.contains(&function.name(ctx.db).as_str()))
        .collect()
}

#[test]
fn every_call_that_nobody_polls_is_found() {
    let found = in_pool(1, || {
        let files = BTreeMap::from([("src/lib.rs".to_owned(), UNPOLLED.to_owned())]);
        stage().look("with-tracing", &files, "src/lib.rs", |ctx| {
            let functions = functions(ctx, &["load", "refresh", "renew"]);
            assert_eq!(functions.len(), 3, "{functions:?}");
            unpolled(ctx, &functions.into_iter().collect())
        })
    });
    let found: Vec<String> = found
        .iter()
        .map(|it| {
            let before = &UNPOLLED[..usize::from(it.range.start())];
            format!("{}: {}", before.lines().count(), it.function)
        })
        .collect();
    let wanted: Vec<String> = UNPOLLED
        .lines()
        .enumerate()
        .filter_map(|(line, text)| {
            let (_, function) = text.split_once("// unpolled: ")?;
            Some(format!("{}: {function}", line + 1))
        })
        .collect();
    assert_eq!(found, wanted);
}
