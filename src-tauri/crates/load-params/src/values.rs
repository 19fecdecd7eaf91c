//! The types of the parameters, and the one small type that they all travel in.
//!
//! [`ParamValue`] is what the table's accessors exchange, so that parsing, JSON, argv and the form need no code per parameter.
//! [`Stored`] is the bridge between it and the typed field. Types that are a word from a list are in `words.rs`.

use std::fmt;

use indexmap::IndexMap;
use serde::{Serialize, Serializer};

use crate::list_text;

/// How many of the model's layers go to the GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GpuLayers {
    /// Exactly so many, as far as the model has them; 0 is the CPU alone.
    Count(u32),
    /// As many as fit, as the engine sees it.
    Auto,
    /// All of them, whether they fit or not.
    All,
}

/// Whether flash attention is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlashAttn {
    /// Always.
    On,
    /// Never.
    Off,
    /// Where the backend has it, as the engine sees it.
    Auto,
}

/// A finite number, possibly with a fraction. Two are equal where they are the same number.
#[derive(Debug, Clone, Copy)]
pub struct Real(f64);

impl Real {
    /// `None` for infinities and for what is no number.
    #[must_use]
    pub fn new(number: f64) -> Option<Real> {
        // Adding zero turns -0 into 0: nobody means it.
        number.is_finite().then_some(Real(number + 0.0))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl PartialEq for Real {
    fn eq(&self, other: &Real) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Real {}

impl fmt::Display for Real {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Real {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

/// One parameter's value, of whatever type. Its JSON is a bare number, boolean, string, array or object; its text is what the
/// command line takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ParamValue {
    /// A whole number.
    Integer(i64),
    /// Any number.
    Number(Real),
    /// `true` or `false`.
    Bool(bool),
    /// One of the words that the table lists for the parameter.
    Word(&'static str),
    /// A path, or free text.
    Text(String),
    /// Several names or paths.
    List(Vec<String>),
    /// Several numbers.
    Numbers(Vec<Real>),
    /// Names with their values.
    Map(IndexMap<String, String>),
}

impl fmt::Display for ParamValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParamValue::Integer(number) => number.fmt(f),
            ParamValue::Number(number) => number.fmt(f),
            ParamValue::Bool(flag) => flag.fmt(f),
            ParamValue::Word(word) => f.write_str(word),
            ParamValue::Text(text) => f.write_str(text),
            ParamValue::List(items) => f.write_str(&list_text::join(items)),
            ParamValue::Numbers(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(Real::to_string).collect();
                f.write_str(&numbers.join(","))
            }
            ParamValue::Map(map) => f.write_str(&list_text::join_pairs(map)),
        }
    }
}

/// A field type of [`LoadParams`](crate::LoadParams).
pub(crate) trait Stored: Sized {
    fn to_value(&self) -> ParamValue;
    /// `None` where the value is of another shape; the table's `kind` rules that out beforehand.
    fn from_value(value: ParamValue) -> Option<Self>;
}

/// The bridge for a type that one variant holds as it is.
macro_rules! stored_as_it_is {
    ($type:ty, $variant:ident) => {
        impl Stored for $type {
            fn to_value(&self) -> ParamValue {
                ParamValue::$variant(self.clone())
            }
            fn from_value(value: ParamValue) -> Option<Self> {
                match value {
                    ParamValue::$variant(inner) => Some(inner),
                    _ => None,
                }
            }
        }
    };
}

stored_as_it_is!(i64, Integer);
stored_as_it_is!(Real, Number);
stored_as_it_is!(bool, Bool);
stored_as_it_is!(Vec<String>, List);
stored_as_it_is!(Vec<Real>, Numbers);
stored_as_it_is!(IndexMap<String, String>, Map);

impl Stored for u32 {
    fn to_value(&self) -> ParamValue {
        ParamValue::Integer((*self).into())
    }
    fn from_value(value: ParamValue) -> Option<Self> {
        match value {
            ParamValue::Integer(number) => number.try_into().ok(),
            _ => None,
        }
    }
}

impl Stored for String {
    fn to_value(&self) -> ParamValue {
        ParamValue::Text(self.clone())
    }
    fn from_value(value: ParamValue) -> Option<Self> {
        match value {
            ParamValue::Text(text) => Some(text),
            ParamValue::Word(word) => Some(word.to_owned()),
            _ => None,
        }
    }
}

impl Stored for GpuLayers {
    fn to_value(&self) -> ParamValue {
        match self {
            GpuLayers::Count(layers) => ParamValue::Integer((*layers).into()),
            GpuLayers::Auto => ParamValue::Word("auto"),
            GpuLayers::All => ParamValue::Word("all"),
        }
    }
    fn from_value(value: ParamValue) -> Option<Self> {
        match value {
            ParamValue::Integer(layers) => layers.try_into().ok().map(GpuLayers::Count),
            ParamValue::Word("auto") => Some(GpuLayers::Auto),
            ParamValue::Word("all") => Some(GpuLayers::All),
            _ => None,
        }
    }
}

impl Stored for FlashAttn {
    fn to_value(&self) -> ParamValue {
        match self {
            FlashAttn::On => ParamValue::Bool(true),
            FlashAttn::Off => ParamValue::Bool(false),
            FlashAttn::Auto => ParamValue::Word("auto"),
        }
    }
    fn from_value(value: ParamValue) -> Option<Self> {
        match value {
            ParamValue::Bool(true) => Some(FlashAttn::On),
            ParamValue::Bool(false) => Some(FlashAttn::Off),
            ParamValue::Word("auto") => Some(FlashAttn::Auto),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stored_value_comes_back() {
        fn check<T: Stored + PartialEq + fmt::Debug>(value: T) {
            assert_eq!(T::from_value(value.to_value()), Some(value));
        }
        check(7_u32);
        check(-1_i64);
        check(true);
        check(Real::new(0.25).unwrap());
        check(String::from("/a b.gguf"));
        check(vec![String::from("a")]);
        check(vec![Real::new(3.0).unwrap()]);
        check(IndexMap::from([("A".to_owned(), "b".to_owned())]));
        for layers in [GpuLayers::Count(3), GpuLayers::Auto, GpuLayers::All] {
            check(layers);
        }
        for flash in [FlashAttn::On, FlashAttn::Off, FlashAttn::Auto] {
            check(flash);
        }
        assert_eq!(u32::from_value(ParamValue::Integer(-1)), None);
        assert_eq!(bool::from_value(ParamValue::Word("auto")), None);
    }

    #[test]
    fn numbers_are_finite_and_written_shortly() {
        assert_eq!(Real::new(f64::NAN), None);
        assert_eq!(Real::new(f64::INFINITY), None);
        assert_eq!(Real::new(-0.0), Real::new(0.0));
        let written = |number| Real::new(number).unwrap().to_string();
        assert_eq!(
            [written(3.0), written(0.5), written(1e6)],
            ["3", "0.5", "1000000"]
        );
    }
}
