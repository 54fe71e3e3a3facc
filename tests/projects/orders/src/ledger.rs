use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time;

/// An append-only file, of which yesterday's is kept.
#[derive(Clone)]
pub struct Ledger {
    path: Arc<PathBuf>,
}

impl Ledger {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: Arc::new(path.into()),
        }
    }

    /// Adds a line and waits until it is on the disk.
    pub async fn append(&self, line: String) -> io::Result<()> {
        let path = Arc::clone(&self.path);
        spawn_blocking(move || {
            let mut file = OpenOptions::new().create(true).append(true).open(&*path)?;
            writeln!(file, "{line}")?;
            file.sync_all()
        })
        .await?
    }

    /// Starts a new file every day, for as long as the service runs.
    pub async fn rotate_daily(self) -> io::Result<()> {
        let day = Duration::from_secs(24 * 60 * 60);
        let mut days = time::interval_at(time::Instant::now() + day, day);
        loop {
            days.tick().await;
            let path = Arc::clone(&self.path);
            spawn_blocking(move || fs::rename(&*path, path.with_extension("yesterday"))).await??;
        }
    }
}
