//! `exact: true`: the store decides each request, in one round trip. The arithmetic of `gcra.rs` in the store's language,
//! by the store's clock, in microseconds.

use super::gcra::{Gcra, PER_NANO, Ticks, Verdict};
use super::replicated::Replicated;
use super::shared::KeyName;
use pintle_store::{Failure, Script};
use std::sync::LazyLock;

static DECIDE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local asked, whole = tonumber(ARGV[1]), tonumber(ARGV[2])
local tat = tonumber(redis.call('GET', KEYS[1]) or '0')
local debt = math.min(math.max(tat - now, 0), whole)
local with = debt + asked
if asked > 0 and with > whole + 0.001 then
  return {0, math.ceil(debt), math.ceil(with - whole)}
end
if asked > 0 then
  redis.call('SET', KEYS[1], string.format('%.3f', now + with), 'PX', math.ceil(with / 1000) + 1000)
end
return {1, math.ceil(with), 0}",
    )
});

/// Ticks of a microsecond.
const MICRO: Ticks = PER_NANO * 1000;

fn micros(time: Ticks) -> String {
    format!("{}.{:03}", time / MICRO, time % MICRO * 1000 / MICRO)
}

/// Decides a request, and takes its cost if it goes.
pub(super) async fn decide(
    replicated: &Replicated,
    name: KeyName,
    limit: &Gcra,
    cost: u32,
) -> Result<Verdict, Failure> {
    let asked = limit.charge(cost);
    if asked > limit.whole {
        return Ok(Verdict::Never);
    }
    let arguments = [micros(asked), micros(limit.whole)];
    let answer: (u8, u64, u64) = replicated.store.run(&DECIDE, &[replicated.key(name)], &arguments).await?;
    Ok(match answer {
        (1, debt, _) => Verdict::Goes(debt.saturating_mul(MICRO)),
        (_, debt, wait) => Verdict::Waits { wait: wait.saturating_mul(MICRO), debt: debt.saturating_mul(MICRO) },
    })
}
