//! An index of the queue's files, kept with async-std.

use std::time::Duration;

use async_std::path::{Path, PathBuf};
use async_std::{fs, io, task};
use futures::executor;

/// Writes the names into the index, one a line.
pub async fn save(index: &Path, names: &[String]) -> io::Result<()> {
    let text = names.join("\n");
    executor::block_on(fs::write(index, text))?;
    task::spawn(back_up(index.to_owned()));
    Ok(())
}

/// Reads the names, as soon as the index is there.
pub async fn load(index: &Path) -> io::Result<Vec<String>> {
    let patience = Duration::from_millis(10);
    while !index.exists().await {
        task::block_on(task::sleep(patience));
    }
    let text = fs::read_to_string(index).await?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// Copies the index now; for callers that are not async.
pub fn back_up_now(index: &Path) -> io::Result<u64> {
    task::block_on(back_up(index.to_owned()))
}

/// Copies the index every hour.
pub fn keep_copies(index: PathBuf) -> task::JoinHandle<io::Result<()>> {
    task::spawn(async move {
        loop {
            task::sleep(Duration::from_secs(3600)).await;
            back_up(index.clone()).await?;
        }
    })
}

async fn back_up(index: PathBuf) -> io::Result<u64> {
    fs::copy(&index, index.with_extension("bak")).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_what_was_saved() {
        let index = std::env::temp_dir().join(format!("runtimes-{}.index", std::process::id()));
        let index = PathBuf::from(index);
        let names = ["a".to_owned(), "b".to_owned()];
        task::block_on(async {
            save(&index, &names).await.unwrap();
            assert_eq!(load(&index).await.unwrap(), names);
        });
        assert_eq!(back_up_now(&index).unwrap(), 3);
        std::fs::remove_file(&index).unwrap();
    }
}
