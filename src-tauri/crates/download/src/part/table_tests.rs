use super::*;

const MEBIBYTE: u64 = 1 << 20;

fn fill(table: &mut Table, bytes: Range<u64>) {
    let mut offset = bytes.start;
    while offset < bytes.end {
        let piece = index(offset / PIECE_BYTES);
        let end = ((piece as u64 + 1) * PIECE_BYTES).min(bytes.end);
        assert!(table.landed(offset, u32::try_from(end - offset).unwrap(), 0));
        offset = end;
    }
}

#[test]
fn claims_come_in_order_and_cover_the_file_once() {
    let size = 100 * MEBIBYTE + 17;
    let mut table = Table::new(Some(size));
    let mut expected = 0;
    while let Some(claim) = table.free_run(4).map(|pieces| table.grant(pieces)) {
        assert_eq!(claim.bytes.start, expected);
        expected = claim.bytes.end;
        fill(&mut table, claim.bytes);
        table.release(claim.id);
    }
    assert_eq!(expected, size);
    assert_eq!(table.contiguous_from(0), size);
    assert_eq!(table.contiguous_from(size), size);
    assert!(table.is_complete());
    assert_eq!(table.claim(4), None);
}

#[test]
fn a_free_connection_takes_half_of_the_longest_claim() {
    let mut table = Table::new(Some(16 * MEBIBYTE));
    let slow = table.claim(1).unwrap();
    let rest = table.claim(1).unwrap();
    assert_eq!((slow.bytes, rest.bytes), (0..8 << 20, 8 << 20..16 << 20));
    fill(&mut table, 8 << 20..16 << 20);
    table.release(rest.id);
    let stolen = table.claim(1).unwrap();
    assert_eq!(stolen.bytes, 4 << 20..8 << 20);
    assert!(table.keeps(slow.id, 0));
    assert!(!table.keeps(slow.id, 1));
    assert_eq!(table.claim(1), None);
}

#[test]
fn bytes_that_do_not_continue_their_piece_are_refused() {
    let mut table = Table::new(Some(5 * MEBIBYTE));
    assert!(table.landed(0, 10, 1));
    assert!(!table.landed(0, 10, 1));
    assert!(!table.landed(20, 10, 1));
    assert!(!table.landed(PIECE_BYTES, 2 << 20, 1));
    assert!(!table.landed(8 * PIECE_BYTES, 1, 1));
    assert_eq!(table.downloaded(), 10);
    assert_eq!(table.contiguous_from(0), 10);
}

#[test]
fn a_forgotten_piece_alone_is_claimed_again() {
    let mut table = Table::new(Some(20 * MEBIBYTE));
    fill(&mut table, 0..20 << 20);
    assert!(table.is_complete());
    table.forget(2);
    assert!(!table.is_complete());
    assert_eq!(table.contiguous_from(0), 8 << 20);
    assert_eq!(table.contiguous_from(13 << 20), 20 << 20);
    let claim = table.claim(8).unwrap();
    assert_eq!(claim.bytes, 8 << 20..12 << 20);
}

#[test]
fn a_piece_begun_before_is_continued_where_it_was() {
    let mut pieces = vec![Piece::default(); 4];
    pieces[0].filled = 4 << 20;
    pieces[1].filled = 100;
    pieces[3].filled = 7;
    let mut table = Table::from_pieces(Some(16 * MEBIBYTE), pieces);
    assert_eq!(table.claim(1).unwrap().bytes, (4 << 20) + 100..12 << 20);
    assert_eq!(table.claim(1).unwrap().bytes, (12 << 20) + 7..16 << 20);
}

#[test]
fn a_stream_of_unknown_length_grows_the_table() {
    let mut table = Table::new(None);
    let claim = table.claim_all();
    assert_eq!(claim.bytes, 0..u64::MAX);
    fill(&mut table, 0..9 << 20);
    assert!(table.keeps(claim.id, 2));
    assert!(!table.is_complete());
    table.ended();
    assert!(table.is_complete());
    assert_eq!(table.size(), Some(9 << 20));
}

#[test]
fn an_empty_file_is_complete() {
    assert!(Table::new(Some(0)).is_complete());
}
