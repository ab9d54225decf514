//! The limits of one place together: a request goes by all of them, or is charged to none.

use super::clock;
use super::config::Mode;
use super::gcra::{Ticks, Verdict};
use super::limit::{Asked, Limit};
use super::tell::{Said, Told};
use pintle_core::{Exchange, Refusal};
use smallvec::SmallVec;

/// The limits of a place, outer ones first.
pub(super) struct Limits(pub(super) Box<[Limit]>);

type Verdicts<'a> = SmallVec<[(Asked<'a>, Verdict); 2]>;

impl Limits {
    /// Takes a request from all limits, or from none.
    pub(super) fn check<const PLACE: u8>(&self, exchange: &mut Exchange) -> Result<(), Refusal> {
        if exchange.rehearsed {
            return Ok(());
        }
        let (said, outcome) = self.decide(exchange, clock::at(exchange.started));
        if !said.is_empty() {
            exchange.kept.put(Told::<PLACE>(said));
        }
        outcome
    }

    /// What clients are told of each, and whether the request goes. Each is counted.
    fn decide<'e>(&'e self, exchange: &'e Exchange, now: Ticks) -> (SmallVec<[Said; 2]>, Result<(), Refusal>) {
        let mut goes = true;
        let verdicts: Verdicts<'e> = match &*self.0 {
            [only] => {
                let asked = only.ask(exchange);
                let verdict = only.take(&asked, now);
                goes = !only.refuses(&verdict);
                SmallVec::from_iter([(asked, verdict)])
            }
            all => {
                let look = |limit: &'e Limit| {
                    let asked = limit.ask(exchange);
                    let verdict = limit.look(&asked, now);
                    goes &= matches!(verdict, Verdict::Goes(_)) || limit.mode == Mode::Report;
                    (asked, verdict)
                };
                let mut verdicts: Verdicts<'e> = all.iter().map(look).collect();
                for (limit, (asked, verdict)) in all.iter().zip(&mut verdicts) {
                    // One that refuses is told of the request, and takes nothing. Where another request has come between, it
                    // is this one that goes too far.
                    if goes || !matches!(verdict, Verdict::Goes(_)) {
                        *verdict = limit.take(asked, now);
                        goes &= !limit.refuses(verdict);
                    }
                }
                verdicts
            }
        };
        let both = || self.0.iter().zip(&verdicts);
        let said = both().filter_map(|(limit, (asked, verdict))| limit.said(asked, verdict)).collect();
        if goes {
            return (said, Ok(()));
        }
        let refusing = both().filter(|(limit, _)| limit.mode == Mode::Enforce);
        let tightest = refusing.max_by_key(|(_, (_, verdict))| verdict.wait());
        (said, tightest.map_or(Ok(()), |(limit, (asked, verdict))| Err(limit.refusal(asked, verdict))))
    }
}
