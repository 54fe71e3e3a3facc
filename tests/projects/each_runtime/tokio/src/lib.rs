//! One of each, on tokio.

use std::{io, sync::Mutex, time::Duration};

async fn later() -> u32 {
    std::future::pending::<u32>().await
}

async fn number() -> u32 {
    later().await
}

async fn fails() -> io::Result<()> {
    later().await;
    Ok(())
}

pub async fn guard(cell: &Mutex<u32>) -> u32 {
    let guard = cell.lock().unwrap();
    let value = *guard;
    later().await + value
}

pub async fn offloaded_future() -> u32 {
    tokio::task::spawn_blocking(|| tokio::runtime::Handle::current().block_on(number()))
        .await
        .unwrap()
}

pub async fn awaited_task() -> u32 {
    tokio::spawn(number()).await.unwrap()
}

pub async fn awaited_block() -> u32 {
    let task = async { number().await };
    task.await
}

pub async fn nested() {
    let task = async {
        later().await;
        number()
    };
    let _ = task.await;
}

pub async fn sleep() {
    std::thread::sleep(Duration::from_millis(5));
    later().await;
}

pub async fn file_system() -> io::Result<String> {
    std::fs::read_to_string("numbers")
}

pub async fn process() -> io::Result<std::process::Output> {
    std::process::Command::new("date").arg("-u").output()
}

pub async fn computing(password: String) -> Result<String, bcrypt::BcryptError> {
    later().await;
    bcrypt::hash(password, 12)
}

fn drives() -> u32 {
    tokio::runtime::Handle::current().block_on(number())
}

pub async fn driven() -> u32 {
    later().await + drives()
}

async fn fake() -> u32 {
    1
}

pub async fn calls_fake() -> u32 {
    fake().await + later().await
}

pub async fn imposed(text: String) -> usize {
    tokio::task::spawn_blocking(move || text.lines().count())
        .await
        .unwrap()
}

pub async fn unpolled() {
    let _ = number();
    later().await;
}

pub async fn unobserved() {
    tokio::spawn(fails());
    later().await;
}

pub async fn runtime() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.spawn(async {
        later().await;
    });
    later().await;
}

pub async fn in_a_row() -> u32 {
    let first = std::future::ready(1).await;
    let second = std::future::ready(2).await;
    first + second
}
