//! The programs that the user has cargo call.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The program that the user's own environment or cargo configuration names in `build.<key>`, for a
/// call of cargo in `root`.
/// Source: <https://doc.rust-lang.org/cargo/reference/config.html>.
pub fn configured(root: &Path, key: &str) -> Option<PathBuf> {
    let variable = key.replace('-', "_").to_uppercase();
    let variables = [variable.clone(), format!("CARGO_BUILD_{variable}")];
    if let Some(named) = variables.iter().find_map(env::var_os) {
        // An empty one takes back what a configuration says.
        return Some(PathBuf::from(named)).filter(|it| !it.as_os_str().is_empty());
    }
    let home = home::cargo_home_with_cwd(root).ok();
    let folders = root.ancestors().map(|folder| folder.join(".cargo"));
    folders.chain(home).find_map(|folder| {
        let text = ["config.toml", "config"]
            .iter()
            .find_map(|name| fs::read_to_string(folder.join(name)).ok())?;
        let config: toml::Table = text.parse().ok()?;
        let program = config.get("build")?.get(key)?.as_str()?;
        // A path with a separator is relative to the folder above the configuration's.
        Some(match program.contains(['/', '\\']) {
            true => folder.parent().unwrap_or(root).join(program),
            false => PathBuf::from(program),
        })
    })
}
