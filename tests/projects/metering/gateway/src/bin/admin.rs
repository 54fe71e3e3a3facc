//! What only administrators may do.

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(async {
        fleet::spawn_fallible(meters::flush());
    });
}
