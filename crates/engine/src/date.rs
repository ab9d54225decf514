//! The Date field, formatted once a second and worker (RFC 9110 6.6.1).

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

thread_local! {
    static NOW: RefCell<(u64, String)> = const { RefCell::new((0, String::new())) };
}

/// Hands the current date to `take`. `now` is what the caller read already.
pub(crate) fn with<T>(now: SystemTime, take: impl FnOnce(&str) -> T) -> T {
    let second = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    NOW.with_borrow_mut(|(cached, text)| {
        if *cached != second || text.is_empty() {
            *cached = second;
            *text = httpdate::fmt_http_date(now);
        }
        take(text)
    })
}
