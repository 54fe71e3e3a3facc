use unpark::{
    options::{CargoOptions, Options},
    outcome::State,
};
#[global_allocator]
static A: mimalloc::MiMalloc = mimalloc::MiMalloc;
fn main() {
    let mut o = Options {
        only: vec![
            "pointless-spawn-blocking".into(),
            "block-on-in-async".into(),
        ],
        jobs: 2,
        cargo: CargoOptions {
            offline: true,
            ..Default::default()
        },
        ..Options::default()
    };
    for a in std::env::args().skip(1) {
        match a.as_str() {
            "--unsafe" => o.unsafe_fixes = true,
            "--tests" => o.include_tests = true,
            "--all-features" => o.cargo.all_features = true,
            f if f.starts_with("--features=") => {
                o.cargo.features = f[11..].split(',').map(str::to_owned).collect()
            }
            p => o.paths.push(p.into()),
        }
    }
    let out = match unpark::run(&o) {
        Ok(x) => x,
        Err(e) => {
            eprintln!("{e:#}");
            return;
        }
    };
    for f in &out.findings {
        println!(
            "{}:{} {}: {} {:?} {:?}: {}",
            out.shown(&f.path),
            f.start.line,
            f.codemod,
            f.state.name(),
            f.safety,
            f.effects.iter().map(|e| e.name()).collect::<Vec<_>>(),
            f.message
        );
        for w in &f.why {
            println!(
                "    because {} ({}:{})",
                w.message,
                out.shown(&w.path),
                w.line
            );
        }
        if let Some(r) = &f.refusal {
            println!("    {}: {}", r.kind.code(), r.message);
        }
        if let Some(h) = &f.help {
            println!("    help: {h}");
        }
    }
    if std::env::var_os("WRITE").is_some() {
        for f in &out.files {
            assert!(f.path.starts_with("/tmp"));
            std::fs::write(&f.path, &f.after).unwrap();
        }
    }
    for f in &out.files {
        println!("--- {}", out.shown(&f.path));
        let d = similar::TextDiff::from_lines(&*f.before.text, &*f.after);
        println!("{}", d.unified_diff().context_radius(2));
    }
    println!(
        "defects {:?}\nskipped {}\ndegraded {:?}\nquiet {:?}\nseconds {:?} changes {} fixed {}",
        out.defects,
        out.skipped.len(),
        out.degraded,
        out.quiet,
        out.seconds,
        out.changes.len(),
        out.count(State::Fixed)
    );
}
