//! Resumable, parallel, verified HTTP to file.
