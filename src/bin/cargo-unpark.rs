//! The binary `cargo-unpark`, which cargo calls as `cargo-unpark unpark ..` for `cargo unpark ..`.

use std::process::ExitCode;

/// A seventh of the time goes into malloc and free with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut args: Vec<_> = std::env::args_os().collect();
    if args.get(1).is_some_and(|arg| arg == "unpark") {
        args.remove(1);
    }
    unpark::program::main("cargo unpark", args)
}
