//! A stand-in for test-case, which leaves the function as it is.

use proc_macro::TokenStream;

#[proc_macro_attribute]
pub fn test_case(_: TokenStream, item: TokenStream) -> TokenStream {
    item
}
