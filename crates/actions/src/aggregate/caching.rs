//! How long an answer may be kept, by what its parts say of themselves (RFC 9111 5.2.2): never for longer than any of them, and
//! by nobody who may not keep one of them.

use super::part::{Settled, State};
use super::plan::{Part, Plan};
use pintle_core::{Exchange, Fields, names};

/// What several answers say together.
#[derive(Debug, Default)]
struct Together {
    no_store: bool,
    private: bool,
    no_cache: bool,
    must_revalidate: bool,
    all_revalidate: bool,
    /// The least time; none where one of them says none.
    max_age: Option<u64>,
    vary: Vec<String>,
}

/// Adds `cache-control` and `vary`, where the parts say something of that.
pub(super) fn derive(plan: &Plan, parts: &[Option<Settled>], exchange: &Exchange, fields: &mut Fields) {
    let settled = plan.parts.iter().zip(parts).filter_map(|(part, settled)| Some((part, settled.as_ref()?)));
    let good = settled.filter(|(_, settled)| settled.state == State::Ok);
    let answers: Vec<(&Part, &Fields)> =
        good.flat_map(|(part, settled)| settled.answers.iter().map(move |fields| (part, &**fields))).collect();
    let mut together = Together::of(&answers);
    together.narrow(plan, exchange);
    let control = together.control();
    if !control.is_empty() {
        fields.append(names::CACHE_CONTROL, control);
    }
    if !together.vary.is_empty() {
        fields.append(names::VARY, together.vary.join(", "));
    }
}

impl Together {
    fn of(answers: &[(&Part, &Fields)]) -> Self {
        let mut all = Together { all_revalidate: true, ..Together::default() };
        let mut ages = Vec::new();
        for (part, fields) in answers {
            let before = std::mem::take(&mut all.must_revalidate);
            // What is asked by other methods is not kept (RFC 9110 9.2.3).
            ages.push(all.add(fields).filter(|_| part.is_safe()));
            all.all_revalidate &= all.must_revalidate;
            all.must_revalidate |= before;
        }
        all.max_age = ages.into_iter().min_by_key(|age| age.map_or(0, |age| age + 1)).flatten();
        all
    }

    /// Takes what one answer says; gives how long it is fresh still, if it says that.
    fn add(&mut self, fields: &Fields) -> Option<u64> {
        let mut fresh: Option<u64> = None;
        for directive in fields.list(names::CACHE_CONTROL) {
            let (name, value) = match directive.iter().position(|&byte| byte == b'=') {
                Some(at) => (&directive[..at], &directive[at + 1..]),
                None => (directive, &b""[..]),
            };
            match name.trim_ascii().to_ascii_lowercase().as_slice() {
                b"no-store" => self.no_store = true,
                // With names of fields it is about these alone; what they are is lost here.
                b"private" => self.private = true,
                b"no-cache" => self.no_cache = true,
                b"must-revalidate" | b"proxy-revalidate" => self.must_revalidate = true,
                b"max-age" | b"s-maxage" => {
                    // One that cannot be read is no time at all (RFC 9111 4.2.1).
                    let seconds = seconds(value).unwrap_or(0);
                    fresh = Some(fresh.map_or(seconds, |fresh| fresh.min(seconds)));
                }
                _ => {}
            }
        }
        for name in fields.list(names::VARY) {
            let name = String::from_utf8_lossy(name).to_ascii_lowercase();
            if !self.vary.contains(&name) {
                self.vary.push(name);
            }
        }
        if self.vary.iter().any(|name| name == "*") {
            self.vary = vec!["*".into()];
        }
        let age = fields.get("age").and_then(seconds).unwrap_or(0);
        fresh.map(|fresh| fresh.saturating_sub(age))
    }

    /// Takes into account what the plan reads of the client: an answer that depends on who asks is for nobody else, and one that
    /// depends on a header field varies by it.
    fn narrow(&mut self, plan: &Plan, exchange: &Exchange) {
        self.private |= plan.reads.client;
        // It would let others keep what was asked for with credentials (RFC 9111 3.5), which not all of them allow.
        self.private |=
            self.must_revalidate && !self.all_revalidate && exchange.request.fields.contains(names::AUTHORIZATION);
        for name in &plan.reads.fields {
            if !self.vary.iter().any(|known| *known == **name || known == "*") {
                self.vary.push(name.to_string());
            }
        }
    }

    fn control(&self) -> String {
        if self.no_store {
            return "no-store".into();
        }
        let mut words = Vec::new();
        words.extend(self.private.then(|| "private".to_owned()));
        words.extend(self.no_cache.then(|| "no-cache".to_owned()));
        words.extend(self.max_age.map(|seconds| format!("max-age={seconds}")));
        words.extend(self.must_revalidate.then(|| "must-revalidate".to_owned()));
        words.join(", ")
    }
}

fn seconds(value: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(value.trim_ascii()).ok()?;
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    // More than fits is as long as can be.
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse::<u64>().unwrap_or(u64::MAX).min(1 << 31))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(answers: &[&[(&str, &str)]]) -> (String, Vec<String>) {
        let mut all = Together::default();
        let mut ages = Vec::new();
        for answer in answers {
            let mut fields = Fields::new();
            answer.iter().for_each(|(name, value)| fields.append(*name, value));
            ages.push(all.add(&fields));
        }
        all.max_age = ages.into_iter().min_by_key(|age| age.map_or(0, |age| age + 1)).flatten();
        (all.control(), all.vary)
    }

    #[test]
    fn the_shortest_time_and_the_narrowest_circle_hold() {
        let control = |answers: &[&str]| {
            let answers: Vec<[(&str, &str); 1]> = answers.iter().map(|one| [("cache-control", *one)]).collect();
            said(&answers.iter().map(|one| &one[..]).collect::<Vec<_>>()).0
        };
        assert_eq!(control(&["max-age=60", "max-age=5, private"]), "private, max-age=5");
        assert_eq!(control(&["max-age=60", "public"]), "", "one says nothing of a time");
        assert_eq!(control(&["private", "max-age=60"]), "private");
        assert_eq!(control(&["max-age=60", "no-store"]), "no-store");
        assert_eq!(control(&["max-age=60, s-maxage=10", "MAX-AGE=\"30\""]), "max-age=10");
        assert_eq!(control(&["max-age=never"]), "max-age=0");
        assert_eq!(control(&["no-cache", "max-age=9, must-revalidate"]), "no-cache, must-revalidate");
        assert_eq!(said(&[&[("cache-control", "max-age=60"), ("age", "50")]]).0, "max-age=10");
        assert_eq!(said(&[&[]]).0, "");
    }

    #[test]
    fn an_answer_varies_by_all_that_its_parts_vary_by() {
        let vary = |answers: &[&str]| {
            let answers: Vec<[(&str, &str); 1]> = answers.iter().map(|one| [("vary", *one)]).collect();
            said(&answers.iter().map(|one| &one[..]).collect::<Vec<_>>()).1.join(", ")
        };
        assert_eq!(vary(&["Accept-Language, accept", "accept, Cookie"]), "accept-language, accept, cookie");
        assert_eq!(vary(&["accept", "*", "cookie"]), "*");
    }
}
