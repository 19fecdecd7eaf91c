//! Prints what a model would take in RAM, in MiB: `cargo run -p paddock-gguf --example estimate FILE CONTEXT TYPE PARALLEL on|off`.

use std::io::{self, Write};

use gguf::estimate::{EstimateInput, estimate};
use gguf::{ModelShape, read_header};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, context, cache_type, parallel, flash_attention] = arguments.as_slice() else {
        return Err("usage: estimate FILE CONTEXT TYPE PARALLEL on|off".into());
    };
    let header = read_header(std::path::Path::new(file))?;
    let shape = ModelShape::of_shards(&[header]).ok_or("it does not tell its shape")?;
    let parallel = parallel.parse()?;
    let input = EstimateInput {
        context_tokens: context.parse()?,
        parallel,
        type_k: cache_type.parse()?,
        type_v: cache_type.parse()?,
        flash_attention: flash_attention == "on",
        output_rows: parallel,
        ..EstimateInput::default()
    };
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    for device in estimate(&shape, &input).devices {
        writeln!(
            io::stdout(),
            "weights {:.2} cache {:.2} compute {:.2} output {:.2}",
            mib(device.weights),
            mib(device.kv_cache),
            mib(device.compute),
            mib(device.output)
        )?;
    }
    Ok(())
}
