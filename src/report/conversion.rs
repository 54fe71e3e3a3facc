//! Why functions become async, and what that takes, in words.

use super::count;
use crate::outcome::{Conversion, Converted, Outcome};

/// What a conversion takes.
pub fn cost(conversion: &Conversion) -> String {
    let cost = &conversion.cost;
    let mut words = format!(
        "{} of {} in {}: {} awaited",
        count(conversion.functions.len(), "function"),
        count(cost.packages, "package"),
        count(cost.files, "file"),
        count(cost.calls_awaited, "call"),
    );
    if cost.calls_driven > 0 {
        let driven = count(cost.calls_driven, "call");
        words += &format!(", {driven} driven where they stand");
    }
    if cost.public_signatures > 0 {
        words += &format!(", {}", count(cost.public_signatures, "public signature"));
    }
    if cost.kept_signatures > 0 {
        let kept = count(cost.kept_signatures, "public signature");
        words += &format!(", {kept} kept");
    }
    words
}

/// Why a function becomes async, from place to place.
pub fn chain(outcome: &Outcome, function: &Converted) -> String {
    let hops: Vec<String> = function
        .because
        .iter()
        .map(|hop| {
            format!(
                "{} ({}:{})",
                hop.message,
                outcome.shown(&hop.path),
                hop.line
            )
        })
        .collect();
    let mut sentence = format!("{} because {}", function.becomes.message, hops.join(", "));
    for remark in &function.remarks {
        sentence += &format!("; {remark}");
    }
    sentence
}
