//! The binary `unpark`.

use std::process::ExitCode;

/// A seventh of the time goes into malloc and free with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    unpark::program::main("unpark", std::env::args_os())
}
