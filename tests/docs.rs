//! The manual pages are tests.
