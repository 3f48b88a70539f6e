//! shomei-tests
