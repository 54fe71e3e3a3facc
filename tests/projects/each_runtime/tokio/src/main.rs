//! A program that uses the library beside it.

async fn count(text: String) -> usize {
    on_tokio::imposed(text).await
}

fn main() {
    drop(count(String::new()));
}
