//! Writes a model of random weights: `cargo run -p paddock-gguf --example synthetic FILE FAMILY [NAME=NUMBER]...`.

use std::path::Path;

use gguf::synthetic::{Family, write};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, family, changes @ ..] = arguments.as_slice() else {
        return Err("usage: synthetic FILE FAMILY [NAME=NUMBER]...".into());
    };
    let known = Family::ALL
        .into_iter()
        .find(|known| known.architecture() == family)
        .ok_or("no such family")?;
    let mut shape = known.usual();
    for change in changes {
        let (name, number) = change.split_once('=').ok_or("NAME=NUMBER is meant")?;
        let number: u32 = number.parse()?;
        match name {
            "layers" => shape.layers = number,
            "embedding" => shape.embedding = number,
            "feed_forward" => shape.feed_forward = number,
            "heads" => shape.heads = number,
            "heads_kv" => shape.heads_kv = number,
            "head_length" => shape.head_length = number,
            "context_length" => shape.context_length = number,
            "vocabulary" => shape.vocabulary = number,
            "window" => shape.window = number,
            "experts" => shape.experts = number,
            "f32" => shape.f32 = number != 0,
            _ => return Err(format!("{name} is no number of a shape").into()),
        }
    }
    write(Path::new(file), &shape)?;
    Ok(())
}
