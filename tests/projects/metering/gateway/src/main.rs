//! Takes the readings in.

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let shown = runtime.unwrap().block_on(async {
        let task = tokio::spawn(meters::panel::shown());
        task.await
    });
    println!("{}", shown.unwrap());
}
