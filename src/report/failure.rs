//! Why a run could not be done, and what to do next.

use std::io::{self, Write};

use super::Palette;

/// An error as people and programs read it. Any line of a cause that begins with `help: ` is a next
/// step.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong, then its causes.
    pub causes: Vec<String>,
    /// What to do next.
    pub help: Option<String>,
}

impl Failure {
    /// Takes an error apart.
    pub fn new(error: &anyhow::Error) -> Failure {
        let (mut causes, mut help) = (Vec::new(), Vec::new());
        for cause in error.chain() {
            let mut lines = Vec::new();
            for line in cause.to_string().lines() {
                match line.strip_prefix("help: ") {
                    Some(step) => help.push(step.to_owned()),
                    None => lines.push(line.to_owned()),
                }
            }
            let cause = lines.join("\n");
            // A cause that its context quotes already says nothing new.
            if !causes.iter().any(|known: &String| known.contains(&cause)) {
                causes.push(cause);
            }
        }
        help.dedup();
        let help = (!help.is_empty()).then(|| help.join("\n"));
        Failure { causes, help }
    }

    /// All of it in one message, without the help.
    pub fn message(&self) -> String {
        self.causes.join(": ")
    }

    /// Writes it as cargo does.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write(&self, palette: Palette, out: &mut dyn Write) -> io::Result<()> {
        let (error, help) = (palette.error, palette.help);
        let (first, rest) = self.causes.split_first().expect("an error says something");
        writeln!(out, "{error}error{error:#}: {first}")?;
        if !rest.is_empty() {
            writeln!(out, "\nCaused by:")?;
            for cause in rest {
                writeln!(out, "  {}", cause.replace('\n', "\n  "))?;
            }
            writeln!(out)?;
        }
        for step in self.help.iter().flat_map(|help| help.lines()) {
            writeln!(out, "{help}help{help:#}: {step}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn steps_are_taken_out_of_the_causes() {
        let error = anyhow!("no key `a`\nhelp: use `b`").context("in unpark.toml");
        let failure = Failure::new(&error);
        assert_eq!(failure.message(), "in unpark.toml: no key `a`");
        assert_eq!(failure.help.as_deref(), Some("use `b`"));
        let mut out = Vec::new();
        failure.write(Palette::default(), &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "error: in unpark.toml\n\nCaused by:\n  no key `a`\n\nhelp: use `b`\n"
        );
    }
}
