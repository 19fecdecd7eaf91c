//! Hugging Face: search, repositories, files.
