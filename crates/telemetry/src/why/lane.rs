//! Records one behind the other in segments, the oldest of which makes room for the newest.

use std::collections::VecDeque;

/// How large a segment is at most, in bytes.
pub(super) const SEGMENT: usize = 64 * 1024;
/// How large a record may be. Each part of one has a bound of its own; together they stay below this.
pub(super) const RECORD: usize = 16 * 1024;
/// Before each record stands its length.
const LENGTH: usize = size_of::<u16>();

/// How much a lane may hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bounds {
    segments: usize,
    /// Bytes of each.
    bytes: usize,
    /// Records of each.
    records: usize,
}

/// Some records, in the order in which they came.
#[derive(Default)]
pub(super) struct Lane {
    /// The oldest first.
    segments: VecDeque<Segment>,
    bounds: Bounds,
    /// The number of the next segment.
    next: u64,
}

struct Segment {
    number: u64,
    records: usize,
    bytes: Vec<u8>,
}

impl Bounds {
    /// Of so many bytes and records in all. Segments are small enough for there to be some of them: one goes as a whole.
    pub(super) fn of(memory: usize, records: usize) -> Self {
        let bytes = (memory / 4).clamp(RECORD + LENGTH, SEGMENT);
        // Fewer records than segments need fewer segments.
        let segments = (memory / bytes).min(records).max(2);
        Bounds { segments, bytes, records: (records / segments).max(1) }
    }
}

impl Lane {
    /// Sets what holds from now on.
    pub(super) fn bound(&mut self, bounds: Bounds) {
        self.bounds = bounds;
        while self.segments.len() > bounds.segments {
            self.segments.pop_front();
        }
    }

    /// Adds a record.
    pub(super) fn push(&mut self, record: &[u8]) {
        let Bounds { bytes, records, .. } = self.bounds;
        let Ok(length) = u16::try_from(record.len()) else { return };
        let fits = |newest: &Segment| {
            newest.records < records && newest.bytes.len() + LENGTH + record.len() <= bytes.min(newest.bytes.capacity())
        };
        if !self.segments.back().is_some_and(fits) {
            self.turn();
        }
        let Some(newest) = self.segments.back_mut() else { return };
        newest.bytes.extend_from_slice(&length.to_le_bytes());
        newest.bytes.extend_from_slice(record);
        newest.records += 1;
    }

    /// Begins a segment, in the place of the oldest where there are as many as may be.
    #[cold]
    fn turn(&mut self) {
        let Bounds { segments, bytes, .. } = self.bounds;
        let oldest = if self.segments.len() >= segments { self.segments.pop_front() } else { None };
        // Other bounds may have held when it was made.
        let mut room = oldest.map(|oldest| oldest.bytes).filter(|room| room.capacity() == bytes).unwrap_or_default();
        room.clear();
        room.reserve_exact(bytes);
        self.segments.push_back(Segment { number: self.next, records: 0, bytes: room });
        self.next += 1;
    }

    /// Copies the oldest segment that comes after the one of that number, and gives its own.
    pub(super) fn copy_after(&self, after: Option<u64>, into: &mut Vec<u8>) -> Option<u64> {
        let next = self.segments.iter().find(|segment| after.is_none_or(|after| segment.number > after))?;
        into.extend_from_slice(&next.bytes);
        Some(next.number)
    }
}

/// The records of a segment.
pub(super) fn records(mut segment: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = segment.split_first_chunk()?;
        let (record, rest) = rest.split_at_checked(u16::from_le_bytes(*length) as usize)?;
        segment = rest;
        Some(record)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(lane: &Lane) -> Vec<Vec<u8>> {
        let (mut all, mut after, mut copy) = (Vec::new(), None, Vec::new());
        while let Some(number) = lane.copy_after(after, &mut copy) {
            all.extend(records(&copy).map(<[u8]>::to_vec));
            copy.clear();
            after = Some(number);
        }
        all
    }

    #[test]
    fn the_oldest_go_and_neither_bytes_nor_records_pass_their_bound() {
        let mut lane = Lane::default();
        lane.bound(Bounds::of(256 * 1024, 1000));
        for number in 0..5000u32 {
            lane.push(&number.to_le_bytes());
        }
        let all = held(&lane);
        assert!((750..=1000).contains(&all.len()), "{}", all.len());
        assert_eq!(all.last(), Some(&4999u32.to_le_bytes().to_vec()));
        assert!(all.is_sorted_by_key(|one| u32::from_le_bytes(one[..].try_into().expect("four bytes"))));

        lane.bound(Bounds::of(256 * 1024, 1_000_000));
        (0..1000).for_each(|_| lane.push(&[7; 4000]));
        let bytes: usize = lane.segments.iter().map(|segment| segment.bytes.capacity()).sum();
        assert!((200 * 1024..=256 * 1024).contains(&bytes), "{bytes}");
        assert!(held(&lane).len() > 40);
    }

    #[test]
    fn smaller_bounds_let_the_oldest_go() {
        let mut lane = Lane::default();
        lane.bound(Bounds::of(1024 * 1024, 100_000));
        (0..200u8).for_each(|number| lane.push(&[number; 4000]));
        lane.bound(Bounds::of(128 * 1024, 100_000));
        (200..=255u8).for_each(|number| lane.push(&[number; 4000]));
        let all = held(&lane);
        assert_eq!(all.last(), Some(&vec![255; 4000]));
        assert!(all.len() < 256 && all.len() >= 24, "{}", all.len());
    }
}
