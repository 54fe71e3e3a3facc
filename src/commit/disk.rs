//! The operations on files that a commit is made of, each of which may fail or be the last.

use std::{
    fs::{self, File, Metadata, OpenOptions, Permissions},
    io::{self, Write as _},
    path::Path,
};

/// Where files are.
pub trait Disk {
    /// What stands at a path; a link is not followed.
    fn metadata(&self, path: &Path) -> io::Result<Metadata>;

    /// The bytes of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Writes a new file so that it outlasts a power cut, with the owner and the permissions of
    /// another; or of its folder, as far as a file can have them.
    fn create(&self, path: &Path, bytes: &[u8], like: Option<&Metadata>) -> io::Result<()>;

    /// Lets one file take the place of another.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Lets two files trade places, in one step. Not every file system can.
    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()>;

    /// Gives a file a name that nothing else has, in one step. Not every file system can.
    fn place(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder, if it is empty.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;

    /// Makes a folder, and those above it.
    fn create_folder(&self, path: &Path) -> io::Result<()>;

    /// Lets the names in a folder outlast a power cut.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
}

/// The disk of this machine.
pub struct System;

impl Disk for System {
    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        fs::symlink_metadata(path)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn create(&self, path: &Path, bytes: &[u8], like: Option<&Metadata>) -> io::Result<()> {
        let mut file = nobody_elses().write(true).create_new(true).open(path)?;
        // First, so that a file with all its bytes has all of the rest too.
        if let Some(like) = like {
            keep_owner(like, &file);
            file.set_permissions(permissions_like(like))?;
        }
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()> {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
    }

    #[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
    fn exchange(&self, _: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    fn place(&self, from: &Path, to: &Path) -> io::Result<()> {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
    }

    #[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
    fn place(&self, _: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        if path.is_dir() {
            return Ok(());
        }
        let Some(above) = path.parent() else {
            return fs::create_dir(path);
        };
        self.create_folder(above)?;
        match fs::create_dir(path) {
            // Another process was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            created => created.and_then(|()| self.sync_folder(above)),
        }
    }

    #[cfg(unix)]
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        match File::open(path)?.sync_all() {
            Err(error) if is_not_offered(&error) => Ok(()),
            synced => synced,
        }
    }

    #[cfg(not(unix))]
    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

/// Whether a file system does not know an operation.
pub fn is_not_offered(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput
    )
}

/// How a file is made that nobody else can read, until it has the permissions that it is to have.
fn nobody_elses() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Who may read a folder may read a new file in it, and nobody runs it.
#[cfg(unix)]
fn permissions_like(like: &Metadata) -> Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    let mut permissions = like.permissions();
    if like.is_dir() {
        permissions.set_mode(permissions.mode() & 0o666);
    }
    permissions
}

#[cfg(not(unix))]
fn permissions_like(like: &Metadata) -> Permissions {
    like.permissions()
}

/// A run as the superuser leaves the files with whom they belong to. Another user can't, and need
/// not: then the owner is the same.
#[cfg(unix)]
fn keep_owner(like: &Metadata, file: &File) {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let _ = fchown(file, Some(like.uid()), Some(like.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_: &Metadata, _: &File) {}
