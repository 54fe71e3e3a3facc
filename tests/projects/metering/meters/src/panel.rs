//! The panels that show the readings.

use std::{cell::Cell, future::Future, io, rc::Rc};

use tokio::{runtime::Handle, task::spawn_blocking};

use crate::read;

trait Source {
    fn next(&self) -> impl Future<Output = u32>;
}

struct Panel;

impl Source for Panel {
    async fn next(&self) -> u32 {
        let sum = Rc::new(Cell::new(0));
        for meter in 0..3 {
            sum.set(sum.get() + read(meter).await);
        }
        sum.get()
    }
}

async fn twice() -> u32 {
    Panel.next().await + Panel.next().await
}

/// What the panel shows. Its future may go to another thread.
pub async fn shown() -> u32 {
    let handle = Handle::current();
    spawn_blocking(move || handle.block_on(twice()))
        .await
        .unwrap()
}

async fn number(line: String) -> u32 {
    std::future::ready(line.parse().unwrap()).await
}

/// The number of a line. What is none is an error, and no panic:
///
/// ```
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// assert_eq!(meters::panel::parse("7".to_owned()).await.unwrap(), 7);
/// assert!(meters::panel::parse("seven".to_owned()).await.is_err());
/// # });
/// ```
pub async fn parse(line: String) -> io::Result<u32> {
    let handle = Handle::current();
    let number = spawn_blocking(move || handle.block_on(number(line))).await?;
    Ok(number)
}
