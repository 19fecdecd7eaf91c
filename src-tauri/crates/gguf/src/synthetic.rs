//! Writes whole models of random weights in the shapes of many architectures, so that a test can load them with a real
//! engine and compare what it takes with what [`crate::estimate`] says.
//!
//! Invariants: the same bytes in every run; every tensor that the engine wants is there, in the size it wants. Left
//! out: sense in what the models say, quantized matrices, architectures that nothing is to be learned from.

use std::{fs, path::Path};

use crate::{
    Error, GgmlType, Header,
    tiny::{random_bytes, vocabulary},
    writer::Writer,
};

/// What a model is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// `llama`: grouped-query attention, gated feed-forward.
    Llama,
    /// `qwen2`: with biases.
    Qwen2,
    /// `qwen3`: with norms of queries and keys.
    Qwen3,
    /// `qwen3moe`: experts.
    Qwen3Moe,
    /// `gemma3`: five layers of six look back a window only.
    Gemma3,
    /// `gpt-oss`: every other layer looks back a window only; experts, attention sinks.
    GptOss,
    /// `deepseek2`: latent attention, experts.
    Deepseek2,
    /// `mamba`: no attention, a state per sequence.
    Mamba,
    /// `lfm2`: some layers of attention, some of short convolutions.
    Lfm2,
    /// `jamba`: some layers of attention, some of mamba.
    Jamba,
}

/// The numbers of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// What it is made of.
    pub family: Family,
    /// Layers.
    pub layers: u32,
    /// Width of the hidden state.
    pub embedding: u32,
    /// Width of the feed-forward part; of one expert where there are experts.
    pub feed_forward: u32,
    /// Attention heads.
    pub heads: u32,
    /// Heads of keys and values.
    pub heads_kv: u32,
    /// Width of a head.
    pub head_length: u32,
    /// Tokens of context that the model states.
    pub context_length: u32,
    /// Tokens in the vocabulary, at least 384.
    pub vocabulary: u32,
    /// Tokens that a layer with a window looks back.
    pub window: u32,
    /// Experts a layer; two are used for a token.
    pub experts: u32,
    /// Matrices are 32-bit floats, not 16.
    pub f32: bool,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Llama,
        Self::Qwen2,
        Self::Qwen3,
        Self::Qwen3Moe,
        Self::Gemma3,
        Self::GptOss,
        Self::Deepseek2,
        Self::Mamba,
        Self::Lfm2,
        Self::Jamba,
    ];

    /// The name that engines know it by.
    pub fn architecture(self) -> &'static str {
        match self {
            Self::Llama => "llama",
            Self::Qwen2 => "qwen2",
            Self::Qwen3 => "qwen3",
            Self::Qwen3Moe => "qwen3moe",
            Self::Gemma3 => "gemma3",
            Self::GptOss => "gpt-oss",
            Self::Deepseek2 => "deepseek2",
            Self::Mamba => "mamba",
            Self::Lfm2 => "lfm2",
            Self::Jamba => "jamba",
        }
    }

    /// A shape of this family: small, and large enough that its caches are megabytes.
    pub fn usual(self) -> Shape {
        Shape {
            family: self,
            layers: 12,
            embedding: 512,
            feed_forward: 1408,
            heads: 8,
            heads_kv: 2,
            head_length: 64,
            context_length: 32_768,
            vocabulary: 8_192,
            window: 512,
            experts: 8,
            f32: false,
        }
    }
}

/// Numbers of latent attention, of mamba and of short convolutions, in the proportions of real models.
const LATENT: u64 = 128;
const LATENT_ROTARY: u64 = 32;
const STATE: u64 = 16;
const CONVOLUTION: u64 = 4;
const SHORT_CONVOLUTION: u64 = 3;

/// Writes a model to `path`, replacing what is there.
///
/// # Errors
/// [`Error::Io`], naming `path`.
pub fn write(path: &Path, shape: &Shape) -> Result<(), Error> {
    fs::write(path, bytes(shape)).map_err(|source| Error::Io {
        file: path.display().to_string(),
        action: "written",
        source,
    })
}

/// The header of the model, without the work of making its weights.
///
/// # Errors
/// None, in truth: what is written here can be read.
pub fn header(shape: &Shape) -> Result<Header, Error> {
    crate::parse_prefix(&made(shape, Vec::new()))
}

/// The model's file.
pub fn bytes(shape: &Shape) -> Vec<u8> {
    made(shape, random_bytes(1 << 20))
}

/// Without noise, the tensors have no data.
fn made(shape: &Shape, noise: Vec<u8>) -> Vec<u8> {
    let mut model = Model {
        writer: Writer::new(3, shape.family.architecture()),
        shape: *shape,
        noise: weights(shape, &noise),
    };
    model.metadata();
    let width = u64::from(shape.embedding);
    let vocabulary = u64::from(shape.vocabulary);
    model.matrix("token_embd.weight", &[width, vocabulary]);
    for layer in 0..shape.layers {
        model.layer(layer);
    }
    match shape.family {
        Family::Lfm2 => model.ones("token_embd_norm.weight", width),
        _ => model.ones("output_norm.weight", width),
    }
    if !matches!(shape.family, Family::Gemma3 | Family::Lfm2) {
        model.matrix("output.weight", &[width, vocabulary]);
    }
    model.writer.finish()
}

struct Model {
    writer: Writer,
    shape: Shape,
    /// A piece of a matrix's data, over and over; empty where only the header is wanted.
    noise: Vec<u8>,
}

const SMALL: f32 = 0.001;

/// Small numbers of both signs as a matrix stores them: sign and part of the mantissa are noise.
fn weights(shape: &Shape, noise: &[u8]) -> Vec<u8> {
    noise
        .iter()
        .flat_map(|byte| match shape.f32 {
            true => (f32::from(*byte as i8) / 4096.0).to_le_bytes().to_vec(),
            false => vec![*byte, 0x20 | (byte & 0x80)],
        })
        .collect()
}

impl Model {
    fn metadata(&mut self) {
        let shape = self.shape;
        let prefix = shape.family.architecture();
        let numbers = [
            ("context_length", shape.context_length),
            ("embedding_length", shape.embedding),
            ("block_count", shape.layers),
            ("feed_forward_length", shape.feed_forward),
            ("attention.head_count", shape.heads),
        ];
        self.writer.string("general.type", "model");
        self.writer.string("general.name", "Random weights");
        self.writer.u32("general.file_type", u32::from(!shape.f32));
        for (key, number) in numbers {
            self.writer.u32(&format!("{prefix}.{key}"), number);
        }
        self.writer
            .f32(&format!("{prefix}.attention.layer_norm_rms_epsilon"), 1e-5);
        let keys_of_attention = [
            ("attention.key_length", shape.head_length),
            ("attention.value_length", shape.head_length),
        ];
        if !matches!(shape.family, Family::Mamba | Family::Deepseek2) {
            for (key, number) in keys_of_attention {
                self.writer.u32(&format!("{prefix}.{key}"), number);
            }
        }
        let more: &[(&str, u64)] = match shape.family {
            Family::Qwen3Moe => &[("expert_feed_forward_length", u64::from(shape.feed_forward))],
            Family::Gemma3 => &[("attention.sliding_window", u64::from(shape.window))],
            Family::GptOss => &[
                ("attention.sliding_window", u64::from(shape.window)),
                ("expert_feed_forward_length", u64::from(shape.feed_forward)),
            ],
            Family::Deepseek2 => &[
                ("attention.q_lora_rank", LATENT),
                ("attention.kv_lora_rank", LATENT),
                ("attention.key_length", LATENT + LATENT_ROTARY),
                ("attention.value_length", LATENT),
                (
                    "attention.key_length_mla",
                    u64::from(shape.head_length) + LATENT_ROTARY,
                ),
                ("attention.value_length_mla", u64::from(shape.head_length)),
                ("rope.dimension_count", LATENT_ROTARY),
                ("leading_dense_block_count", 1),
                ("expert_feed_forward_length", u64::from(shape.feed_forward)),
                ("expert_shared_count", 1),
                ("vocab_size", u64::from(shape.vocabulary)),
            ],
            Family::Mamba | Family::Jamba => &[
                ("ssm.conv_kernel", CONVOLUTION),
                ("ssm.inner_size", 2 * u64::from(shape.embedding)),
                ("ssm.state_size", STATE),
                ("ssm.time_step_rank", u64::from(shape.embedding) / 16),
            ],
            Family::Lfm2 => &[("shortconv.l_cache", SHORT_CONVOLUTION)],
            Family::Llama | Family::Qwen2 | Family::Qwen3 => &[],
        };
        for (key, number) in more {
            self.writer.u32(&format!("{prefix}.{key}"), *number as u32);
        }
        if self.has_experts() {
            self.writer
                .u32(&format!("{prefix}.expert_count"), shape.experts);
            self.writer.u32(&format!("{prefix}.expert_used_count"), 2);
        }
        let heads_kv = format!("{prefix}.attention.head_count_kv");
        match shape.family {
            Family::Deepseek2 => {
                self.writer.u32(&heads_kv, 1);
                self.writer
                    .f32(&format!("{prefix}.expert_weights_scale"), 1.0);
            }
            Family::Lfm2 | Family::Jamba => {
                let by_layer: Vec<i32> = (0..shape.layers)
                    .map(|layer| match self.attends(layer) {
                        true => shape.heads_kv as i32,
                        false => 0,
                    })
                    .collect();
                self.writer.i32s(&heads_kv, by_layer.into_iter());
            }
            _ => self.writer.u32(&heads_kv, shape.heads_kv),
        }
        let mut tokens = vocabulary::tokens();
        vocabulary::grow(&mut tokens, shape.vocabulary as usize);
        vocabulary::put(&mut self.writer, &tokens);
    }

    fn has_experts(&self) -> bool {
        matches!(
            self.shape.family,
            Family::Qwen3Moe | Family::GptOss | Family::Deepseek2
        )
    }

    /// Whether a layer of a hybrid is one of attention.
    fn attends(&self, layer: u32) -> bool {
        match self.shape.family {
            Family::Lfm2 | Family::Jamba => layer % 3 == 2,
            Family::Mamba => false,
            _ => true,
        }
    }

    fn layer(&mut self, layer: u32) {
        let shape = self.shape;
        let width = u64::from(shape.embedding);
        let name = |part: &str| format!("blk.{layer}.{part}");
        self.ones(&name("attn_norm.weight"), width);
        if self.attends(layer) {
            match shape.family {
                Family::Deepseek2 => self.latent_attention(layer),
                _ => self.attention(layer),
            }
        } else if shape.family == Family::Lfm2 {
            self.floats(&name("shortconv.conv.weight"), &[SHORT_CONVOLUTION, width]);
            self.matrix(&name("shortconv.in_proj.weight"), &[width, 3 * width]);
            self.matrix(&name("shortconv.out_proj.weight"), &[width, width]);
        } else {
            self.mamba(layer);
        }
        if shape.family == Family::Mamba {
            return;
        }
        if shape.family == Family::GptOss {
            self.ones(&name("post_attention_norm.weight"), width);
        } else {
            self.ones(&name("ffn_norm.weight"), width);
        }
        if shape.family == Family::Gemma3 {
            self.ones(&name("post_attention_norm.weight"), width);
            self.ones(&name("post_ffw_norm.weight"), width);
        }
        let dense = !self.has_experts() || (shape.family == Family::Deepseek2 && layer == 0);
        let inner = u64::from(shape.feed_forward);
        if dense {
            self.matrix(&name("ffn_gate.weight"), &[width, inner]);
            self.matrix(&name("ffn_up.weight"), &[width, inner]);
            self.matrix(&name("ffn_down.weight"), &[inner, width]);
            return;
        }
        let experts = u64::from(shape.experts);
        self.floats(&name("ffn_gate_inp.weight"), &[width, experts]);
        self.matrix(&name("ffn_gate_exps.weight"), &[width, inner, experts]);
        self.matrix(&name("ffn_up_exps.weight"), &[width, inner, experts]);
        self.matrix(&name("ffn_down_exps.weight"), &[inner, width, experts]);
        if shape.family == Family::Deepseek2 {
            self.matrix(&name("ffn_gate_shexp.weight"), &[width, inner]);
            self.matrix(&name("ffn_up_shexp.weight"), &[width, inner]);
            self.matrix(&name("ffn_down_shexp.weight"), &[inner, width]);
        }
        if shape.family == Family::GptOss {
            self.floats(&name("ffn_gate_inp.bias"), &[experts]);
            self.floats(&name("ffn_gate_exps.bias"), &[inner, experts]);
            self.floats(&name("ffn_up_exps.bias"), &[inner, experts]);
            self.floats(&name("ffn_down_exps.bias"), &[width, experts]);
        }
    }

    fn attention(&mut self, layer: u32) {
        let shape = self.shape;
        let name = |part: &str| format!("blk.{layer}.{part}");
        let width = u64::from(shape.embedding);
        let head = u64::from(shape.head_length);
        let queries = u64::from(shape.heads) * head;
        let keys = u64::from(shape.heads_kv) * head;
        self.matrix(&name("attn_q.weight"), &[width, queries]);
        self.matrix(&name("attn_k.weight"), &[width, keys]);
        self.matrix(&name("attn_v.weight"), &[width, keys]);
        self.matrix(&name("attn_output.weight"), &[queries, width]);
        match shape.family {
            Family::Qwen2 | Family::GptOss => {
                self.floats(&name("attn_q.bias"), &[queries]);
                self.floats(&name("attn_k.bias"), &[keys]);
                self.floats(&name("attn_v.bias"), &[keys]);
            }
            Family::Qwen3 | Family::Qwen3Moe | Family::Gemma3 | Family::Lfm2 => {
                self.ones(&name("attn_q_norm.weight"), head);
                self.ones(&name("attn_k_norm.weight"), head);
            }
            _ => {}
        }
        if shape.family == Family::GptOss {
            self.floats(&name("attn_output.bias"), &[width]);
            self.floats(&name("attn_sinks.weight"), &[u64::from(shape.heads)]);
        }
    }

    fn latent_attention(&mut self, layer: u32) {
        let shape = self.shape;
        let name = |part: &str| format!("blk.{layer}.{part}");
        let width = u64::from(shape.embedding);
        let head = u64::from(shape.head_length);
        let heads = u64::from(shape.heads);
        self.matrix(&name("attn_q_a.weight"), &[width, LATENT]);
        self.ones(&name("attn_q_a_norm.weight"), LATENT);
        self.matrix(
            &name("attn_q_b.weight"),
            &[LATENT, heads * (head + LATENT_ROTARY)],
        );
        self.matrix(
            &name("attn_kv_a_mqa.weight"),
            &[width, LATENT + LATENT_ROTARY],
        );
        self.ones(&name("attn_kv_a_norm.weight"), LATENT);
        self.matrix(&name("attn_k_b.weight"), &[head, LATENT, heads]);
        self.matrix(&name("attn_v_b.weight"), &[LATENT, head, heads]);
        self.matrix(&name("attn_output.weight"), &[heads * head, width]);
    }

    fn mamba(&mut self, layer: u32) {
        let name = |part: &str| format!("blk.{layer}.{part}");
        let width = u64::from(self.shape.embedding);
        let (inner, rank) = (2 * width, width / 16);
        self.matrix(&name("ssm_in.weight"), &[width, 2 * inner]);
        self.floats(&name("ssm_conv1d.weight"), &[CONVOLUTION, inner]);
        self.floats(&name("ssm_conv1d.bias"), &[inner]);
        self.matrix(&name("ssm_x.weight"), &[inner, rank + 2 * STATE]);
        if self.shape.family == Family::Jamba {
            self.ones(&name("ssm_dt_norm.weight"), rank);
            self.ones(&name("ssm_b_norm.weight"), STATE);
            self.ones(&name("ssm_c_norm.weight"), STATE);
        }
        self.matrix(&name("ssm_dt.weight"), &[rank, inner]);
        self.floats(&name("ssm_dt.bias"), &[inner]);
        self.floats(&name("ssm_a"), &[STATE, inner]);
        self.floats(&name("ssm_d"), &[inner]);
        self.matrix(&name("ssm_out.weight"), &[inner, width]);
    }

    fn matrix(&mut self, name: &str, dims: &[u64]) {
        let (ggml_type, element_bytes) = match self.shape.f32 {
            true => (GgmlType::F32, 4),
            false => (GgmlType::F16, 2),
        };
        let count = dims.iter().product::<u64>() as usize * element_bytes;
        let mut data = Vec::new();
        while !self.noise.is_empty() && data.len() < count {
            let left = (count - data.len()).min(self.noise.len());
            data.extend_from_slice(&self.noise[..left]);
        }
        self.writer.tensor(name, dims, ggml_type, &data);
    }

    fn floats(&mut self, name: &str, dims: &[u64]) {
        let count = dims.iter().product::<u64>() as usize;
        let written = if self.noise.is_empty() { 0 } else { count };
        let data: Vec<u8> = (0..written)
            .flat_map(|index| (SMALL * (index % 7) as f32).to_le_bytes())
            .collect();
        self.writer.tensor(name, dims, GgmlType::F32, &data);
    }

    fn ones(&mut self, name: &str, count: u64) {
        let written = if self.noise.is_empty() { 0 } else { count };
        let data: Vec<u8> = (0..written).flat_map(|_| 1.0_f32.to_le_bytes()).collect();
        self.writer.tensor(name, &[count], GgmlType::F32, &data);
    }
}
