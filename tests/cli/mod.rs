//! The command line, as a user has it in front of them.

mod adoption;
mod apply;
mod bad_input;
mod bytes;
mod changes;
mod commit;
mod formats;
mod install;
mod manifests;
mod reports;
mod roots;
mod selection;
mod usage;

/// A task whose error is lost on each of two lines, and one that is fine.
pub const TASKS: &str = "\
async fn flush() -> Result<(), std::io::Error> {
    std::future::ready(Ok(())).await
}

async fn tick() {}

pub fn start(fast: bool) {
    tokio::spawn(flush());
    tokio::spawn(tick());
    match fast {
        true => tokio::spawn(flush()),
        false => tokio::spawn(flush()),
    };
}

pub fn retried() {
    // unpark: allow(unobserved-task) the caller retries
    tokio::spawn(flush());
}
";
