//! The binary `unpark`.

/// A seventh of the time goes into malloc and free with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {}
