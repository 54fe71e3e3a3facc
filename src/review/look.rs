//! How what is drawn looks.

use ratatui::style::{Color, Style};

/// Whether there are colours, and what draws with them.
pub(super) struct Look {
    pub(super) colored: bool,
}

impl Look {
    /// A colour of the terminal's own, where there are colours.
    pub(super) fn color(&self, color: Color) -> Style {
        match self.colored {
            true => Style::new().fg(color),
            false => Style::new(),
        }
    }
}
