//! Places the orders of a CSV file, `sku,quantity,email` a line.

use std::env;
use std::fs;

use anyhow::{Context, bail};
use orders::wire::exchange;
use tokio::runtime;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [address, path] = &args[..] else {
        bail!("usage: import ADDRESS FILE");
    };
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;

    let rt = runtime::Builder::new_current_thread().enable_io().build()?;
    for (index, line) in text.lines().enumerate() {
        let reply = rt.block_on(exchange(address, &request(line)?))?;
        println!("{path}:{}: {reply}", index + 1);
    }
    Ok(())
}

fn request(line: &str) -> anyhow::Result<String> {
    match line.split(',').map(str::trim).collect::<Vec<_>>()[..] {
        [sku, quantity, email] => Ok(format!("PLACE {sku} {quantity} {email}")),
        _ => bail!("not sku,quantity,email: {line:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_becomes_a_request() {
        let placed = request("tea, 3, a@example.org").unwrap();
        assert_eq!(placed, "PLACE tea 3 a@example.org");
        assert!(request("tea,3").is_err());
    }
}
