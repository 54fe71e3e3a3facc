//! Letters that are about to leave.

pub async fn wrap(letters: usize) {
    println!("{letters} letters");
}

pub async fn send(letter: String) {
    let _ = tokio::spawn(async move { println!("{letter}") });
}
