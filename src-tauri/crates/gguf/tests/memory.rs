//! No header takes more than 64 MB of memory, whatever it claims: measured by counting what is allocated. One test in a
//! binary of its own, since the count is of the whole process.
#![allow(clippy::unwrap_used)]

use std::io::{Cursor, Read, repeat};

use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

const MOST_BYTES: usize = 64_000_000;
/// Enough for every count in here to be believed.
const MANY: u64 = 5_000_000;
/// Types of values in the file.
const U8: u32 = 0;
const STRING: u32 = 8;
const ARRAY: u32 = 9;

#[test]
fn no_header_takes_more_than_64_megabytes() {
    let longest = 2 << 20;
    let hostile: Vec<(&str, Box<dyn Read>)> = vec![
        (
            "an endless key",
            Box::new(start(0, 1).chain(number(u64::MAX)).chain(repeat(b'x'))),
        ),
        (
            "long values that are text",
            Box::new(start(0, MANY).chain(each(move |index| long_value(index, longest, b'x')))),
        ),
        (
            "long values that are no text",
            Box::new(start(0, MANY).chain(each(move |index| long_value(index, longest, 0xFF)))),
        ),
        (
            "long keys",
            Box::new(start(0, MANY).chain(each(|index| {
                let mut pair = text(&format!("{index:065535}"));
                pair.extend(U8.to_le_bytes());
                pair.push(0);
                pair
            }))),
        ),
        (
            "many pairs",
            Box::new(start(0, MANY).chain(each(|index| {
                let mut pair = text(&index.to_string());
                pair.extend(U8.to_le_bytes());
                pair.push(0);
                pair
            }))),
        ),
        (
            "many arrays of texts",
            Box::new(start(0, MANY).chain(each(|index| array(index, 513)))),
        ),
        (
            "many short arrays",
            Box::new(start(0, MANY).chain(each(|index| array(index, 1)))),
        ),
        (
            "an array that fills all that is read",
            Box::new(
                start(0, MANY)
                    .chain(each(|index| {
                        let mut pair = text(&index.to_string());
                        pair.extend(ARRAY.to_le_bytes());
                        pair.extend(U8.to_le_bytes());
                        pair.extend((200_u64 << 20).to_le_bytes());
                        pair
                    }))
                    .chain(repeat(0)),
            ),
        ),
        (
            "many tensors",
            Box::new(start(MANY, 0).chain(each(|index| tensor(&index.to_string())))),
        ),
        (
            "tensors with long names",
            Box::new(start(MANY, 0).chain(each(|index| tensor(&format!("{index:060000}"))))),
        ),
    ];
    for (what, reader) in hostile {
        let before = ALLOCATED.current_usage();
        ALLOCATED.reset_peak_usage();
        let result = gguf::read_header_from(reader, "hostile");
        let took = ALLOCATED.peak_usage() - before;
        assert!(result.is_err(), "{what}");
        println!("{what}: {:.1} MB", took as f64 / 1e6);
        assert!(took < MOST_BYTES, "{what} took {took} bytes");
    }
    // A real one takes next to nothing.
    let tiny = gguf::tiny::bytes();
    let before = ALLOCATED.current_usage();
    ALLOCATED.reset_peak_usage();
    gguf::parse_prefix(&tiny).unwrap();
    assert!(ALLOCATED.peak_usage() - before < 1_000_000);
}

/// Magic, version 3 and the counts.
fn start(tensors: u64, pairs: u64) -> Cursor<Vec<u8>> {
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    bytes.extend(tensors.to_le_bytes());
    bytes.extend(pairs.to_le_bytes());
    Cursor::new(bytes)
}

fn number(number: u64) -> Cursor<Vec<u8>> {
    Cursor::new(number.to_le_bytes().to_vec())
}

fn text(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes
}

fn long_value(index: u64, length: u64, byte: u8) -> Vec<u8> {
    let mut pair = text(&index.to_string());
    pair.extend(STRING.to_le_bytes());
    pair.extend(length.to_le_bytes());
    pair.resize(pair.len() + usize::try_from(length).unwrap(), byte);
    pair
}

fn array(index: u64, len: u64) -> Vec<u8> {
    let mut pair = text(&index.to_string());
    pair.extend(ARRAY.to_le_bytes());
    pair.extend(STRING.to_le_bytes());
    pair.extend(len.to_le_bytes());
    for _ in 0..len {
        pair.extend(text("x"));
    }
    pair
}

fn tensor(name: &str) -> Vec<u8> {
    let mut bytes = text(name);
    bytes.extend(4_u32.to_le_bytes());
    bytes.extend([1_u64, 1, 1, 1].iter().flat_map(|dim| dim.to_le_bytes()));
    bytes.extend([0; 4 + 8]);
    bytes
}

/// Parts without end, each made when it is read.
fn each(part: impl Fn(u64) -> Vec<u8>) -> impl Read {
    Parts {
        part,
        next: 0,
        rest: Cursor::new(Vec::new()),
    }
}

struct Parts<F> {
    part: F,
    next: u64,
    rest: Cursor<Vec<u8>>,
}

impl<F: Fn(u64) -> Vec<u8>> Read for Parts<F> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.rest.position() == self.rest.get_ref().len() as u64 {
            self.rest = Cursor::new((self.part)(self.next));
            self.next += 1;
        }
        self.rest.read(buffer)
    }
}
