//! What of a header tells how much memory a model takes: its tensors by place, its heads, windows and states by layer.
//! Drawn once from the header, so that estimates for a hundred settings are a matter of microseconds.
//!
//! Invariants: a file without tensors (the beginning of one on a server) has a shape, too, with rules of architectures
//! in the place of tensors. Left out: encoders with a decoder beside them (T5), whose cross attention is not counted.

use crate::{Header, ModelInfo, PerLayer, Value};

/// What tells the memory that a model takes.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelShape {
    /// Such as "gemma3"; empty where the file does not say.
    pub architecture: String,
    /// Tokens the model was trained for.
    pub training_context: Option<u64>,
    /// Tokens in the vocabulary.
    pub vocabulary: u64,
    /// Width of the hidden state.
    pub embedding: u64,
    /// Floats of a token that live at once in the feed-forward part of a layer, see [`FeedForward`].
    pub feed_forward: FeedForward,
    /// Inner width of layers with a state; 0 without.
    pub state_inner: u64,
    /// Its layers, the first first.
    pub layers: Vec<Layer>,
    /// Tokens that layers with a window look back.
    pub window: u64,
    /// Keys and values are one latent vector, kept as keys alone.
    pub latent: bool,
    /// Its tensors; empty where only the beginning of the file was read.
    pub tensors: Vec<Tensor>,
    /// Bytes of all tensors.
    pub weights_bytes: u64,
    /// The output matrix is the token embeddings'.
    pub ties_output: bool,
}

/// The widths of a feed-forward part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FeedForward {
    /// Floats of a token between the two matrices, over all experts that it uses.
    pub inner: u64,
    /// Experts that a token uses; 0 in dense models.
    pub experts_used: u64,
}

/// One layer's caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layer {
    /// Attention heads; 0 in layers without attention.
    pub heads: u64,
    /// Elements of keys for a token; 0 where the layer keeps none.
    pub keys: u64,
    /// Elements of values for a token; 0 where the layer keeps none.
    pub values: u64,
    /// Elements of queries for a token.
    pub queries: u64,
    /// It looks back a window only.
    pub windowed: bool,
    /// 32-bit floats of state that it keeps for a sequence.
    pub state: u64,
}

/// A tensor's place and size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Where it belongs.
    pub place: Place,
    /// Its size.
    pub bytes: u64,
}

/// Which part of a model a tensor is of; engines place parts, not tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// What turns tokens into vectors: always in RAM.
    Input,
    /// A layer.
    Layer(u64),
    /// What turns vectors into tokens: counts as one more layer.
    Output,
}

impl Tensor {
    /// Whether it is of experts, which `--cpu-moe` keeps in RAM.
    pub fn is_of_experts(&self) -> bool {
        let part = self.name.splitn(3, '.').nth(2).unwrap_or_default();
        let of_parts = ["ffn_up_", "ffn_down_", "ffn_gate_", "ffn_gate_up_"];
        of_parts.iter().any(|start| {
            part.strip_prefix(start)
                .is_some_and(|rest| rest.starts_with("exps") || rest.starts_with("chexps"))
        })
    }
}

impl ModelShape {
    /// The shape of a model whose shards have these headers, the first shard first. `None` where the file tells
    /// no layers or no width: it is no language model.
    pub fn of_shards(headers: &[Header]) -> Option<Self> {
        let first = headers.first()?;
        let info = ModelInfo::of_shards(headers, "");
        let facts = Facts {
            header: first,
            info: &info,
        };
        let tensors: Vec<Tensor> = headers
            .iter()
            .flat_map(|header| &header.tensors)
            .map(|tensor| Tensor {
                place: place_of(&tensor.name),
                // A type unknown here: most are about five bits.
                bytes: tensor
                    .size_bytes()
                    .unwrap_or(tensor.elements().saturating_mul(5) / 8),
                name: tensor.name.clone(),
            })
            .collect();
        let has = |name: &str| tensors.iter().any(|tensor| tensor.name == name);
        let embedding = info.embedding_length.filter(|width| *width > 0)?;
        let layers = facts.layers(&tensors)?;
        Some(Self {
            training_context: info.context_length.filter(|tokens| *tokens > 0),
            vocabulary: info.vocabulary_size.unwrap_or(0),
            embedding,
            feed_forward: facts.feed_forward(),
            state_inner: facts.number("ssm.inner_size").unwrap_or(match () {
                () if has("blk.0.time_mix_key.weight") => embedding,
                () => 0,
            }),
            layers,
            window: info.sliding_window.unwrap_or(0),
            latent: facts.number("attention.key_length_mla").is_some(),
            weights_bytes: tensors
                .iter()
                .fold(0, |sum: u64, tensor| sum.saturating_add(tensor.bytes)),
            ties_output: !tensors.is_empty() && !has("output.weight"),
            architecture: info.architecture.clone().unwrap_or_default(),
            tensors,
        })
    }

    /// Layers, the output counted as one: what engines count when they say "all".
    pub fn layers_to_offload(&self) -> u64 {
        self.layers.len() as u64 + 1
    }

    /// The same model with weights of another size, in the same proportions: another quantization of it.
    #[must_use]
    pub fn with_weights(mut self, bytes: u64) -> Self {
        let before = self.weights_bytes;
        if let Some(scale) = (before > 0).then(|| bytes as f64 / before as f64) {
            for tensor in &mut self.tensors {
                tensor.bytes = (tensor.bytes as f64 * scale) as u64;
            }
        }
        self.weights_bytes = bytes;
        self
    }
}

fn place_of(name: &str) -> Place {
    if let Some(rest) = name.strip_prefix("blk.") {
        let number = rest
            .split('.')
            .next()
            .and_then(|number| number.parse().ok());
        return number.map_or(Place::Output, Place::Layer);
    }
    let of_input = [
        "token_embd",
        "position_embd",
        "token_types",
        "per_layer_token_embd",
    ];
    match of_input.iter().any(|start| name.starts_with(start)) {
        true => Place::Input,
        false => Place::Output,
    }
}

/// Every how many layers one looks back to the beginning, where the file does not say; and whether that is the first
/// of them rather than the last.
const WINDOW_PATTERNS: &[(&str, u64, bool)] = &[
    ("afmoe", 4, false),
    ("cohere2", 4, false),
    ("exaone-moe", 4, false),
    ("exaone4", 4, false),
    ("gemma-embedding", 6, false),
    ("gemma2", 2, false),
    ("gemma3", 6, false),
    ("gemma3n", 5, false),
    ("gpt-oss", 2, false),
    ("llama4", 4, false),
    ("modern-bert", 3, true),
    ("olmo2", 4, false),
    ("smallthinker", 4, true),
];
/// Of gemma3n's layers only the first ones keep keys and values; its files do not say so.
const GEMMA3N_CACHED_LAYERS: u64 = 20;
/// Every how many layers one attends, in models that mix attention with a delta rule.
const USUAL_ATTENTION_INTERVAL: u64 = 4;

struct Facts<'a> {
    header: &'a Header,
    info: &'a ModelInfo,
}

impl Facts<'_> {
    fn number(&self, key: &str) -> Option<u64> {
        self.header.architecture_value(key)?.as_u64()
    }

    /// The number of a layer; arrays may be of numbers or of booleans.
    fn of_layer(&self, key: &str, layer: usize) -> Option<u64> {
        let value = self.header.architecture_value(key)?;
        let value = match value {
            Value::Array(array) => array.items.as_ref()?.get(layer)?,
            single => single,
        };
        value.as_u64().or_else(|| value.as_bool().map(u64::from))
    }

    fn feed_forward(&self) -> FeedForward {
        let most = |key| {
            let layers = 0..self.info.block_count.unwrap_or(1).min(1024) as usize;
            layers.filter_map(|layer| self.of_layer(key, layer)).max()
        };
        let dense = most("feed_forward_length").unwrap_or(0);
        let used = match self.info.expert_count {
            Some(_) => self.number("expert_used_count").unwrap_or(0),
            None => 0,
        };
        let of_experts = most("expert_feed_forward_length").unwrap_or(dense);
        let of_experts = of_experts.saturating_mul(used);
        FeedForward {
            inner: match used {
                0 => dense,
                _ => of_experts.max(match self.number("leading_dense_block_count") {
                    Some(1..) => dense,
                    _ => 0,
                }),
            },
            experts_used: used,
        }
    }

    fn layers(&self, tensors: &[Tensor]) -> Option<Vec<Layer>> {
        // Layers that predict further tokens are loaded, and keep nothing unless asked to draft.
        let predicting = self.number("nextn_predict_layers").unwrap_or(0);
        let count = self.info.block_count?.checked_sub(predicting)?;
        // No model has more; a broken file may claim so.
        let count = usize::try_from(count).ok().filter(|count| *count <= 4096)?;
        let mut kinds = kinds(tensors, count);
        if tensors.is_empty() {
            kinds = (0..count).map(|layer| self.kind_by_rule(layer)).collect();
        }
        let cached = self.cached_layers(count);
        Some(
            kinds
                .into_iter()
                .enumerate()
                .map(|(index, kind)| self.layer(index, kind, index < cached))
                .collect(),
        )
    }

    fn layer(&self, index: usize, kind: Kind, keeps: bool) -> Layer {
        let windowed = self.is_windowed(index);
        let mut layer = Layer {
            state: match kind.state {
                true => self.state(),
                false => 0,
            },
            ..Layer::default()
        };
        let of = |heads: &Option<PerLayer>| {
            let heads = heads.as_ref().and_then(|heads| heads.get(index));
            heads.unwrap_or(0)
        };
        let heads_kv = of(&self.info.head_count_kv);
        if !kind.attention || heads_kv == 0 {
            return layer;
        }
        let length = |plain: Option<u64>, key: &str| {
            let of_window = windowed.then(|| self.number(key)).flatten();
            of_window.or(plain).unwrap_or(0)
        };
        let key_length = length(self.info.key_length, "attention.key_length_swa");
        let value_length = length(self.info.value_length, "attention.value_length_swa");
        layer.heads = of(&self.info.head_count);
        layer.queries = layer.heads.saturating_mul(key_length);
        layer.windowed = windowed;
        if keeps {
            layer.keys = heads_kv.saturating_mul(key_length);
            layer.values = heads_kv.saturating_mul(value_length);
        }
        layer
    }

    /// How many layers, from the first on, keep keys and values; later ones use theirs.
    fn cached_layers(&self, count: usize) -> usize {
        if let Some(shared) = self.number("attention.shared_kv_layers") {
            return count.saturating_sub(usize::try_from(shared).unwrap_or(count));
        }
        match self.header.architecture() {
            Some("gemma3n") => GEMMA3N_CACHED_LAYERS as usize,
            _ => count,
        }
    }

    fn is_windowed(&self, layer: usize) -> bool {
        if self.info.sliding_window.is_none() {
            return false;
        }
        let known = WINDOW_PATTERNS
            .iter()
            .find(|(name, ..)| Some(*name) == self.header.architecture());
        let first = known.is_some_and(|(_, _, first)| *first);
        let stated = self
            .header
            .architecture_value("attention.sliding_window_pattern");
        let every = match stated {
            Some(Value::Array(_)) => {
                let of_layer = self.of_layer("attention.sliding_window_pattern", layer);
                return of_layer.is_some_and(|windowed| windowed != 0);
            }
            Some(value) => value.as_u64(),
            None => known.map(|(_, every, _)| *every),
        };
        match every {
            // Engines look back to the beginning in every layer of the architectures that are not in the table.
            None | Some(0) => false,
            Some(every) if first => !(layer as u64).is_multiple_of(every),
            Some(every) => layer as u64 % every < every - 1,
        }
    }

    /// Without tensors to go by.
    fn kind_by_rule(&self, layer: usize) -> Kind {
        let architecture = self.header.architecture().unwrap_or_default();
        let all_states = architecture.starts_with("mamba") || architecture.contains("rwkv");
        let mixes_delta =
            architecture.starts_with("qwen3next") || architecture.starts_with("qwen35");
        let interval = self
            .number("full_attention_interval")
            .filter(|interval| *interval > 0)
            .unwrap_or(USUAL_ATTENTION_INTERVAL);
        let heads = self.info.head_count_kv.as_ref();
        let has_heads = heads.and_then(|heads| heads.get(layer)).unwrap_or(0) > 0;
        let attention = match () {
            () if all_states => false,
            () if mixes_delta => (layer as u64 + 1).is_multiple_of(interval),
            () => has_heads,
        };
        let has_states = self.state() > 0;
        Kind {
            attention,
            state: has_states && (!attention || architecture == "falcon-h1"),
        }
    }

    /// 32-bit floats that a layer with a state keeps for a sequence.
    fn state(&self) -> u64 {
        let number = |key| self.number(key).unwrap_or(0);
        let width = self.info.embedding_length.unwrap_or(0);
        if let Some(tokens) = self.number("shortconv.l_cache") {
            return width.saturating_mul(tokens.saturating_sub(1));
        }
        if let Some(head) = self.number("wkv.head_size") {
            let shifts = self.number("token_shift_count").unwrap_or(2);
            return width.saturating_mul(head.saturating_add(shifts));
        }
        let convolution = number("ssm.conv_kernel").saturating_sub(1);
        if let Some(head) = self.number("kda.head_dim") {
            let heads = self.info.head_count.as_ref().map_or(0, PerLayer::max);
            let inner = heads.saturating_mul(head);
            return inner.saturating_mul(head.saturating_add(convolution.saturating_mul(3)));
        }
        let (inner, state) = (number("ssm.inner_size"), number("ssm.state_size"));
        let groups = number("ssm.group_count")
            .saturating_mul(state)
            .saturating_mul(2);
        convolution
            .saturating_mul(inner.saturating_add(groups))
            .saturating_add(inner.saturating_mul(state))
    }
}

/// What a layer is made of; some are made of both.
#[derive(Debug, Clone, Copy, Default)]
struct Kind {
    attention: bool,
    state: bool,
}

fn kinds(tensors: &[Tensor], count: usize) -> Vec<Kind> {
    let mut kinds = vec![Kind::default(); count];
    let mut joined = vec![false; count];
    for tensor in tensors {
        let Place::Layer(layer) = tensor.place else {
            continue;
        };
        let Some(index) = usize::try_from(layer).ok().filter(|index| *index < count) else {
            continue;
        };
        let part = tensor.name.splitn(3, '.').nth(2).unwrap_or_default();
        if ["ssm_", "shortconv", "time_mix"]
            .iter()
            .any(|start| part.starts_with(start))
        {
            kinds[index].state = true;
        }
        match part {
            "attn_k.weight" | "attn_kv_a_mqa.weight" | "attn_kv_b.weight" => {
                kinds[index].attention = true;
            }
            // In layers of a delta rule it is of the state.
            "attn_qkv.weight" => joined[index] = true,
            _ => {}
        }
    }
    for (kind, joined) in kinds.iter_mut().zip(joined) {
        kind.attention |= joined && !kind.state;
    }
    kinds
}

#[cfg(test)]
#[path = "shape_tests.rs"]
mod tests;
