//! The built-in tables, as they stand in `knowledge/*.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::{
    Api, Argument, Blocking, BlockingCrate, BlockingWord, Derive, Drives, Flavor, InAsync,
    Knowledge, Logger, Nonblocking, OnDrop, Returns, Role, Wrapped, equivalents::EquivalentFile,
    heavy::HeavyFile, joins::JoinFile,
};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RuntimeFile {
    runtime: String,
    family: String,
    #[serde(default)]
    spawn: Vec<SpawnRow>,
    #[serde(default)]
    offload: Vec<OffloadRow>,
    #[serde(default)]
    block_on: Vec<BlockOnRow>,
    #[serde(default)]
    current_handle: Vec<PathRow>,
    #[serde(default)]
    cancels: Vec<CancelsRow>,
    #[serde(default)]
    waits: Vec<PathRow>,
    #[serde(default)]
    aborts: Vec<TaskRow>,
    #[serde(default)]
    detaches: Vec<TaskRow>,
    #[serde(default)]
    entry: Vec<EntryRow>,
}

#[derive(Deserialize)]
struct SpawnRow {
    path: String,
    trigger: Option<String>,
    future: Argument,
    on_drop: OnDrop,
    join: Option<String>,
    wrapped: Option<Wrapped>,
    #[serde(default)]
    unstable: bool,
}

#[derive(Deserialize)]
struct OffloadRow {
    path: String,
    trigger: Option<String>,
    closure: Argument,
    returns: Returns,
    join: Option<String>,
    wrapped: Option<Wrapped>,
    #[serde(default)]
    unstable: bool,
}

#[derive(Deserialize)]
struct BlockOnRow {
    path: String,
    trigger: Option<String>,
    future: Argument,
    drives: Drives,
    in_async: InAsync,
    #[serde(default)]
    unstable: bool,
}

#[derive(Deserialize)]
struct PathRow {
    path: String,
}

#[derive(Deserialize)]
struct CancelsRow {
    path: String,
}

#[derive(Deserialize)]
struct TaskRow {
    path: String,
}

#[derive(Deserialize)]
struct EntryRow {
    path: String,
    #[serde(default)]
    test: bool,
    flavor: Option<Flavor>,
}

impl RuntimeFile {
    fn apis(self) -> Vec<Api> {
        let mut apis = Vec::new();
        let mut add = |path: String, role: Role| {
            let (runtime, family) = (self.runtime.clone(), self.family.clone());
            let (unstable, trigger) = (false, None);
            apis.push(Api {
                path,
                runtime,
                family,
                unstable,
                trigger,
                role,
            });
            apis.len() - 1
        };
        let mut special = Vec::new();
        for row in self.spawn {
            let SpawnRow {
                path,
                trigger,
                future,
                on_drop,
                join,
                wrapped,
                unstable,
            } = row;
            let role = Role::Spawn {
                future,
                on_drop,
                join,
                wrapped,
            };
            special.push((add(path, role), unstable, trigger));
        }
        for row in self.offload {
            let OffloadRow {
                path,
                trigger,
                closure,
                returns,
                join,
                wrapped,
                unstable,
            } = row;
            let role = Role::Offload {
                closure,
                returns,
                join,
                wrapped,
            };
            special.push((add(path, role), unstable, trigger));
        }
        for row in self.block_on {
            let BlockOnRow {
                path,
                trigger,
                future,
                drives,
                in_async,
                unstable,
            } = row;
            let role = Role::BlockOn {
                future,
                drives,
                in_async,
            };
            special.push((add(path, role), unstable, trigger));
        }
        for PathRow { path } in self.current_handle {
            add(path, Role::CurrentHandle);
        }
        for CancelsRow { path } in self.cancels {
            add(path, Role::Cancels);
        }
        for PathRow { path } in self.waits {
            add(path, Role::Waits);
        }
        for TaskRow { path } in self.aborts {
            add(path, Role::Aborts);
        }
        for TaskRow { path } in self.detaches {
            add(path, Role::Detaches);
        }
        for EntryRow { path, test, flavor } in self.entry {
            add(path, Role::Entry { test, flavor });
        }
        for (index, unstable, trigger) in special {
            apis[index].unstable = unstable;
            apis[index].trigger = trigger;
        }
        apis
    }
}

/// The built-in tables, parsed once.
///
/// # Panics
/// If a table does not parse, which a test rules out.
pub static BUILT_IN: LazyLock<Knowledge> = LazyLock::new(|| {
    fn parse<T: serde::de::DeserializeOwned>(name: &str, text: &str) -> T {
        toml::from_str(text).unwrap_or_else(|error| panic!("knowledge/{name}: {error}"))
    }
    macro_rules! table {
        ($name:literal) => {
            parse($name, include_str!(concat!("../../knowledge/", $name)))
        };
        ($name:literal => $type:ty) => {
            parse::<$type>($name, include_str!(concat!("../../knowledge/", $name)))
        };
    }

    #[derive(Deserialize)]
    struct Loggers {
        logger: Vec<Logger>,
    }
    #[derive(Deserialize)]
    struct Derives {
        derive: Vec<Derive>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct BlockingFile {
        #[serde(default)]
        blocking: Vec<Blocking>,
        #[serde(default)]
        blocking_crate: Vec<BlockingCrate>,
    }
    #[derive(Deserialize)]
    struct NonblockingFile {
        #[serde(rename = "crate")]
        crates: Vec<Nonblocking>,
    }

    let runtimes: [RuntimeFile; 8] = [
        table!("runtimes/tokio.toml"),
        table!("runtimes/actix-rt.toml"),
        table!("runtimes/async-std.toml"),
        table!("runtimes/futures.toml"),
        table!("runtimes/futures-lite.toml"),
        table!("runtimes/pollster.toml"),
        table!("runtimes/smol.toml"),
        table!("runtimes/tauri.toml"),
    ];
    let blocking: [BlockingFile; 2] = [table!("blocking/std.toml"), table!("blocking/crates.toml")];
    let equivalents: [EquivalentFile; 5] = [
        table!("equivalents/tokio.toml"),
        table!("equivalents/actix-rt.toml"),
        table!("equivalents/smol.toml"),
        table!("equivalents/async-std.toml"),
        table!("equivalents/any.toml"),
    ];
    let mut knowledge = Knowledge {
        apis: runtimes.into_iter().flat_map(RuntimeFile::apis).collect(),
        loggers: table!("loggers.toml" => Loggers).logger,
        derives: table!("derives.toml" => Derives).derive,
        blocking: Vec::new(),
        blocking_crates: Vec::new(),
        blocking_words: Vec::new(),
        offloads: equivalents
            .iter()
            .flat_map(EquivalentFile::offloads)
            .collect(),
        equivalents: equivalents
            .into_iter()
            .flat_map(EquivalentFile::equivalents)
            .collect(),
        joins: table!("joins.toml" => JoinFile).joins(),
        cheap: Vec::new(),
        observed: Vec::new(),
        reads: Vec::new(),
        nonblocking: table!("nonblocking.toml" => NonblockingFile).crates,
    };
    for file in blocking {
        knowledge.blocking.extend(file.blocking);
        knowledge.blocking_crates.extend(file.blocking_crate);
    }
    let heavy = table!("heavy/crates.toml" => HeavyFile);
    knowledge.blocking_crates.extend(heavy.crates());
    knowledge.blocking_words =
        BlockingWord::all(&knowledge.blocking, &knowledge.blocking_crates).collect();
    knowledge
});
