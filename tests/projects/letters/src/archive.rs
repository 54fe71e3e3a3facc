//! What is kept: of a type that may stay on its thread.

async fn sweep() {}

pub async fn keep<T: Default>() {
    let place = T::default();
    tokio::spawn(sweep());
    drop(place);
}
