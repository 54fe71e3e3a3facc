//! Boxes the futures of methods that borrow nothing but `self`.

use proc_macro::{Delimiter, Group, TokenStream, TokenTree};

#[proc_macro_attribute]
pub fn async_trait(argument: TokenStream, item: TokenStream) -> TokenStream {
    let send = if argument.is_empty() { "+ Send" } else { "" };
    let boxed = |token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
            let functions = functions(group.stream(), send);
            TokenTree::Group(Group::new(Delimiter::Brace, functions))
        }
        other => other,
    };
    item.into_iter().map(boxed).collect()
}

fn functions(items: TokenStream, send: &str) -> TokenStream {
    let mut out = TokenStream::new();
    let mut tokens = items.into_iter();
    while let Some(token) = tokens.next() {
        if token.to_string() != "async" {
            out.extend([token]);
            continue;
        }
        // fn, the name and the parameters.
        out.extend(tokens.by_ref().take(3));
        let mut output = TokenStream::new();
        let end = loop {
            match tokens.next().expect("a function ends") {
                TokenTree::Punct(it) if it == ';' => break ";".to_owned(),
                TokenTree::Group(it) if it.delimiter() == Delimiter::Brace => {
                    break format!("{{ Box::pin(async move {it}) }}");
                }
                other => output.extend([other]),
            }
        };
        let output = output.to_string();
        let output = output.trim_start().strip_prefix("->").unwrap_or("()");
        let future = format!("dyn ::std::future::Future<Output = {output}> {send} + '_");
        let rest = format!("-> ::std::pin::Pin<Box<{future}>> {end}");
        out.extend(rest.parse::<TokenStream>().expect("it is Rust"));
    }
    out
}
