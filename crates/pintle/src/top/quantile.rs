//! Percentiles out of buckets.

use std::time::Duration;

/// A duration below which so many of a hundred requests stayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Quantile {
    /// It is in a bucket with a bound, and within it as if the bucket's requests were spread evenly.
    At(Duration),
    /// It is longer than the last bound.
    Over(Duration),
}

/// The percentile of what is in the buckets; `bounds` are theirs, the last bucket has none. None where there is nothing.
pub(super) fn quantile(percent: f64, buckets: &[u64], bounds: &[Duration]) -> Option<Quantile> {
    let total: u64 = buckets.iter().sum();
    if total == 0 {
        return None;
    }
    let rank = percent / 100.0 * total as f64;
    let mut below = 0;
    for (at, count) in buckets.iter().enumerate() {
        let upto = below + count;
        if *count > 0 && upto as f64 >= rank {
            let Some(upper) = bounds.get(at) else { break };
            let lower = if at == 0 { Duration::ZERO } else { bounds[at - 1] };
            let share = (rank - below as f64) / *count as f64;
            return Some(Quantile::At(lower + upper.saturating_sub(lower).mul_f64(share.clamp(0.0, 1.0))));
        }
        below = upto;
    }
    bounds.last().map(|last| Quantile::Over(*last))
}

#[cfg(test)]
mod tests {
    use super::{Quantile, quantile};
    use std::time::Duration;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn a_percentile_is_where_its_rank_falls_within_a_bucket() {
        let bounds = [MS(10), MS(20), MS(40)];
        assert_eq!(quantile(50.0, &[10, 0, 0], &bounds), Some(Quantile::At(MS(5))));
        assert_eq!(quantile(50.0, &[0, 100], &bounds), Some(Quantile::At(MS(15))));
        assert_eq!(quantile(99.0, &[98, 0, 2], &bounds), Some(Quantile::At(MS(30))));
        assert_eq!(quantile(50.0, &[98, 0, 2, 0], &bounds), Some(Quantile::At(MS(10).mul_f64(50.0 / 98.0))));
    }

    #[test]
    fn beyond_the_last_bound_it_is_only_known_to_be_over() {
        let bounds = [MS(10), MS(20)];
        assert_eq!(quantile(99.0, &[1, 1, 98], &bounds), Some(Quantile::Over(MS(20))));
        assert!(Quantile::Over(MS(20)) > Quantile::At(MS(20)));
    }

    #[test]
    fn of_nothing_there_is_none() {
        assert_eq!(quantile(99.0, &[], &[MS(1)]), None);
        assert_eq!(quantile(99.0, &[0, 0], &[MS(1)]), None);
        assert_eq!(quantile(99.0, &[3], &[]), None);
    }
}
