//! What is read into the database, and what is left out.

use std::{collections::BTreeSet, path::Path};

use ra_ap_hir::{Crate, attach_db};
use unpark::{
    cargo::Project,
    options::Options,
    workspace::{LoadReport, Workspace},
};

use crate::support::{folder::write, project, stage::in_pool};

fn load(folder: &Path) -> (Workspace, LoadReport) {
    let manifest = folder.join("Cargo.toml");
    let options = Options::default();
    in_pool(2, || {
        let project = Project::of(&manifest, &options.cargo).expect("a project");
        Workspace::load(project, &manifest, &options, &|_| ()).expect("it loads")
    })
}

fn crates(workspace: &Workspace) -> BTreeSet<String> {
    let db = &workspace.db;
    let name = |krate: Crate| Some(krate.display_name(db)?.crate_name().to_string());
    attach_db(db, || Crate::all(db).into_iter().filter_map(name).collect())
}

#[test]
fn what_code_can_name_is_there_and_what_runs_beneath_is_not() {
    let orders = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects/orders");
    let (workspace, report) = load(&orders);
    assert_eq!(report, LoadReport::default());
    let crates = crates(&workspace);
    for name in [
        "core",
        "alloc",
        "std",
        "tokio",
        "tokio_macros",
        "thiserror_impl",
    ] {
        assert!(crates.contains(name), "{name} is missing: {crates:?}");
    }
    // Of the macros' own crates, of the standard library's, and of build scripts.
    for name in [
        "syn",
        "quote",
        "panic_unwind",
        "compiler_builtins",
        "build_script_build",
    ] {
        assert!(!crates.contains(name), "{name} is there: {crates:?}");
    }
}

#[test]
fn a_file_of_a_member_that_breaks_the_parser_is_left_out() {
    let deep = format!("fn deep() {{ {}{} }}\n", "(".repeat(3000), ")".repeat(3000));
    let project = project::Project::new(&[
        ("src/lib.rs", "mod deep;\nmod binary;\n"),
        ("src/deep.rs", &deep),
    ]);
    write(&project.path("src/binary.rs"), b"// \xff\xfe\n");
    let (workspace, report) = load(&project.path(""));
    let skipped: Vec<&str> = report.skipped.iter().map(|it| it.reason.as_str()).collect();
    assert_eq!(
        skipped,
        [
            "it is not UTF-8",
            "it nests deeper than 2000 brackets or operators"
        ]
    );
    assert!(workspace.file_id(&project.path("src/deep.rs")).is_some());
}
