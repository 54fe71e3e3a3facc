//! Folders of tests.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// All files below a folder, but for what cargo builds.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if !path.is_dir() {
                files.push(path);
            } else if !path.ends_with("target") {
                open.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Copies a folder.
pub fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).expect("it is below"));
        write(&target, &fs::read(&file).expect("a file is read"));
    }
}

/// Writes a file, and the folders above it.
pub fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().expect("it has a folder")).expect("a folder is made");
    fs::write(path, bytes).expect("a file is written");
}
