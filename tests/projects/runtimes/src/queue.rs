//! The queue's folder, watched with smol.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pollster::FutureExt as _;
use smol::stream::StreamExt;
use smol::{Timer, fs};

pub struct Queue {
    folder: PathBuf,
}

impl Queue {
    /// Opens a queue and clears what was left over in it.
    pub async fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder).await?;
        let folder = folder.to_owned();
        smol::spawn(sweep(folder.join("left-over")));
        drop(smol::spawn(sweep(folder.join("partial"))));
        Ok(Self { folder })
    }

    /// Puts a file into the queue; it goes away again after a while.
    pub async fn put(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let path = self.folder.join(name);
        fs::write(&path, content).await?;
        smol::spawn(async move {
            Timer::after(Duration::from_secs(60)).await;
            if let Err(error) = fs::remove_file(&path).await {
                log::warn!("{} stays: {error}", path.display());
            }
        })
        .detach();
        Ok(())
    }

    pub async fn len(&self) -> io::Result<usize> {
        let entries = pollster::block_on(fs::read_dir(&self.folder))?;
        Ok(entries.count().await)
    }

    pub async fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len().block_on()? == 0)
    }
}

/// Removes a folder of the queue.
async fn sweep(folder: PathBuf) -> io::Result<()> {
    fs::remove_dir_all(&folder).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_is_in_it() {
        let folder = std::env::temp_dir().join(format!("runtimes-{}", std::process::id()));
        smol::block_on(async {
            let queue = Queue::open(&folder).await.unwrap();
            assert!(queue.is_empty().await.unwrap());
            queue.put("a", b"1").await.unwrap();
            assert_eq!(queue.len().await.unwrap(), 1);
            fs::remove_dir_all(&folder).await.unwrap();
        });
    }
}
