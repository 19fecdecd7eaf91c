//! Which pieces of a file are here, and which connection fetches which.
//!
//! A piece is filled from its beginning to its end; a claim is a run of pieces that one request fetches. Claims are handed
//! out in order, so that the beginning of the file grows without holes and can be hashed while it is warm. When nothing is
//! left to claim, the latter half of the longest claim is taken over, so that one slow connection does not keep
//! all waiting.

use std::ops::Range;

/// The unit of bookkeeping and repair.
pub(crate) const PIECE_BYTES: u64 = 4 << 20;
/// A longer file is refused: the bookkeeping of one that a server only claims to have must not take all memory.
pub(crate) const MOST_BYTES: u64 = 16 << 40;
/// A request shorter than this spends much of its time waiting for the answer.
const SHORTEST_CLAIM: u64 = 2 * PIECE_BYTES;
/// The span of requests in flight must stay in the page cache of a small machine: it is read again there.
const LONGEST_CLAIM: u64 = 64 << 20;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Bytes that are here, from the beginning of the piece.
    pub(crate) filled: u32,
    /// The CRC-32 of these.
    pub(crate) crc: u32,
}

pub(crate) type ClaimId = u64;

/// What one request fetches, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) id: ClaimId,
    pub(crate) bytes: Range<u64>,
}

/// A claim as the table knows it.
#[derive(Debug)]
struct Taken {
    id: ClaimId,
    pieces: Range<usize>,
    /// The piece that its connection is at, which can be further than what has landed.
    at: usize,
}

#[derive(Debug)]
pub(crate) struct Table {
    size: Option<u64>,
    pieces: Vec<Piece>,
    claims: Vec<Taken>,
    next_claim: ClaimId,
    /// Every piece before this one is full.
    full_before: usize,
    downloaded: u64,
}

impl Table {
    /// An empty one; a file of unknown size grows as it comes.
    pub(crate) fn new(size: Option<u64>) -> Self {
        let count = size.map_or(0, |size| index(size.div_ceil(PIECE_BYTES)));
        Self::from_pieces(size, vec![Piece::default(); count])
    }

    pub(crate) fn from_pieces(size: Option<u64>, pieces: Vec<Piece>) -> Self {
        let downloaded = pieces.iter().map(|piece| u64::from(piece.filled)).sum();
        let mut table = Self {
            size,
            pieces,
            claims: Vec::new(),
            next_claim: 0,
            full_before: 0,
            downloaded,
        };
        table.move_full_before();
        table
    }

    pub(crate) fn size(&self) -> Option<u64> {
        self.size
    }

    pub(crate) fn downloaded(&self) -> u64 {
        self.downloaded
    }

    pub(crate) fn piece(&self, piece: usize) -> Piece {
        self.pieces.get(piece).copied().unwrap_or_default()
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.size == Some(self.downloaded) && self.full_before == self.pieces.len()
    }

    /// The length of a piece; the last one is shorter.
    pub(crate) fn length(&self, piece: usize) -> u32 {
        let start = piece as u64 * PIECE_BYTES;
        let end = self
            .size
            .map_or(u64::MAX, |size| size)
            .min(start + PIECE_BYTES);
        // At most PIECE_BYTES.
        u32::try_from(end.saturating_sub(start)).unwrap_or(u32::MAX)
    }

    pub(crate) fn is_full(&self, piece: usize) -> bool {
        self.piece(piece).filled == self.length(piece)
    }

    /// Up to where the bytes from `position` on are here without a hole.
    pub(crate) fn contiguous_from(&self, position: u64) -> u64 {
        let mut piece = index(position / PIECE_BYTES).max(self.full_before);
        while piece < self.pieces.len() && self.is_full(piece) {
            piece += 1;
        }
        let end = piece as u64 * PIECE_BYTES + u64::from(self.piece(piece).filled);
        end.min(self.size.unwrap_or(u64::MAX)).max(position)
    }

    /// Takes the next run of pieces for one of `connections`; `None` if there is nothing to take now.
    pub(crate) fn claim(&mut self, connections: usize) -> Option<Claim> {
        let pieces = self.free_run(connections).or_else(|| self.steal())?;
        Some(self.grant(pieces))
    }

    /// Takes the whole file, for a server without ranges.
    pub(crate) fn claim_all(&mut self) -> Claim {
        self.claims.clear();
        let claim = self.grant(0..usize::MAX);
        Claim {
            bytes: 0..self.size.unwrap_or(u64::MAX),
            ..claim
        }
    }

    /// Whether a claim still has this piece, which its connection is at now.
    pub(crate) fn keeps(&mut self, id: ClaimId, piece: usize) -> bool {
        let Some(taken) = self.claims.iter_mut().find(|taken| taken.id == id) else {
            return false;
        };
        taken.at = taken.at.max(piece);
        taken.pieces.contains(&piece)
    }

    /// Ends a claim; what of it is not full can be claimed again.
    pub(crate) fn release(&mut self, id: ClaimId) {
        self.claims.retain(|taken| taken.id != id);
    }

    /// Ends all claims.
    pub(crate) fn release_all(&mut self) {
        self.claims.clear();
    }

    /// Takes note of bytes on disk. False, and nothing done, if they do not continue their piece.
    pub(crate) fn landed(&mut self, offset: u64, length: u32, crc: u32) -> bool {
        let at = index(offset / PIECE_BYTES);
        if self.size.is_none() && at == self.pieces.len() {
            self.pieces.push(Piece::default());
        }
        let within = offset % PIECE_BYTES;
        let room = u64::from(self.length(at));
        let Some(piece) = self.pieces.get_mut(at) else {
            return false;
        };
        if u64::from(piece.filled) != within || within + u64::from(length) > room {
            return false;
        }
        piece.filled += length;
        piece.crc = crc;
        self.downloaded += u64::from(length);
        self.move_full_before();
        true
    }

    /// Forgets a piece, to have it fetched again.
    pub(crate) fn forget(&mut self, piece: usize) {
        if let Some(entry) = self.pieces.get_mut(piece) {
            self.downloaded -= u64::from(entry.filled);
            *entry = Piece::default();
            self.full_before = self.full_before.min(piece);
        }
    }

    /// A stream of unknown length ended here.
    pub(crate) fn ended(&mut self) {
        self.size = Some(self.downloaded);
        self.move_full_before();
    }

    fn grant(&mut self, pieces: Range<usize>) -> Claim {
        let id = self.next_claim;
        self.next_claim += 1;
        self.claims.push(Taken {
            id,
            at: pieces.start,
            pieces: pieces.clone(),
        });
        let start = pieces.start as u64 * PIECE_BYTES + u64::from(self.piece(pieces.start).filled);
        let end = (pieces.end as u64).saturating_mul(PIECE_BYTES);
        Claim {
            id,
            bytes: start..end.min(self.size.unwrap_or(u64::MAX)),
        }
    }

    fn free_run(&self, connections: usize) -> Option<Range<usize>> {
        let free = |piece: &usize| {
            !self.is_full(*piece) && !self.claims.iter().any(|taken| taken.pieces.contains(piece))
        };
        let start = (self.full_before..self.pieces.len()).find(free)?;
        let remaining = self.size?.saturating_sub(self.downloaded);
        let most = index(claim_bytes(remaining, connections) / PIECE_BYTES);
        let end = (start + 1..self.pieces.len().min(start + most))
            // A run must be one range: it ends before bytes that are here.
            .find(|piece| !free(piece) || self.piece(*piece).filled > 0)
            .unwrap_or_else(|| self.pieces.len().min(start + most));
        Some(start..end)
    }

    fn steal(&mut self) -> Option<Range<usize>> {
        // The piece that a connection is at stays its own.
        let spare = |taken: &Taken| taken.pieces.end.saturating_sub(taken.at + 1);
        let longest = self.claims.iter_mut().max_by_key(|taken| spare(taken))?;
        let spare = spare(longest);
        if spare == 0 || longest.pieces.end > self.pieces.len() {
            return None;
        }
        let middle = longest.pieces.end - spare.div_ceil(2);
        let taken = middle..longest.pieces.end;
        longest.pieces.end = middle;
        Some(taken)
    }

    fn move_full_before(&mut self) {
        while self.full_before < self.pieces.len() && self.is_full(self.full_before) {
            self.full_before += 1;
        }
    }
}

/// How much one request asks for: long ones at first, shorter ones towards the end, so that all end together.
pub(crate) fn claim_bytes(remaining: u64, connections: usize) -> u64 {
    let share = remaining / (2 * connections.max(1) as u64);
    share
        .clamp(SHORTEST_CLAIM, LONGEST_CLAIM)
        .next_multiple_of(PIECE_BYTES)
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
