//! What a person at a terminal sees while they wait.

use std::{io::Write as _, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};

/// A line on standard error that says what is going on; nothing where there is no terminal.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    shown: bool,
}

impl Progress {
    /// Starts a line, if it is wanted.
    pub fn new(shown: bool) -> Progress {
        if !shown {
            return Progress {
                bar: ProgressBar::hidden(),
                shown,
            };
        }
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("{spinner} {msg} {elapsed:.dim}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        bar.set_style(style);
        bar.enable_steady_tick(Duration::from_millis(100));
        Progress { bar, shown }
    }

    /// Says what is being done now.
    pub fn say(&self, message: &str) {
        self.bar.set_message(message.to_owned());
    }

    /// Leaves a line behind, terminal or not.
    pub fn note(&self, message: &str) {
        if self.shown {
            self.bar.println(message);
        } else {
            // Nobody may be listening any more.
            let _ = writeln!(anstream::stderr(), "{message}");
        }
    }

    /// Takes the line away.
    pub fn done(&self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Progress {
    /// An error must not stand beside a line that goes on turning.
    fn drop(&mut self) {
        self.done();
    }
}
