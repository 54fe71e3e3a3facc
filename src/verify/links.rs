//! Links in the members' folders: other ways to a file that changes.

use std::path::{Path, PathBuf};

use crate::{cargo::Project, discover::is_cache};

/// The paths of these files, and those by which links of the members lead to them.
pub fn all_ways<'f>(project: &Project, files: impl Iterator<Item = &'f PathBuf>) -> Vec<PathBuf> {
    let mut ways: Vec<PathBuf> = files.cloned().collect();
    let direct = ways.len();
    for package in &project.packages {
        for (link, target) in links(&package.folder) {
            for index in 0..direct {
                if let Ok(below) = ways[index].strip_prefix(&target) {
                    let file = below.as_os_str().is_empty();
                    ways.push(if file { link.clone() } else { link.join(below) });
                }
            }
        }
    }
    ways
}

/// The links below a folder, each with the file or folder that it leads to.
fn links(folder: &Path) -> impl Iterator<Item = (PathBuf, PathBuf)> {
    let mut walk = ignore::WalkBuilder::new(folder);
    walk.filter_entry(|entry| !is_cache(entry));
    let links = walk.build().filter_map(Result::ok);
    let links = links.filter(|entry| entry.depth() > 0 && entry.path_is_symlink());
    links.filter_map(|entry| Some((entry.path().to_owned(), entry.path().canonicalize().ok()?)))
}
