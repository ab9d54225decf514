//! A small fuzzer with a fixed seed: messages of the corpus, changed and put together at random. However they come cut,
//! the answer must be the same, and what is written must read back. `fuzz/` does the same without an end.

#[path = "corpus/answer.rs"]
mod answer;
#[path = "corpus/read.rs"]
mod read;

use answer::Answer;
use fastrand::Rng;
use pintle_core::Method;
use std::time::{Duration, Instant};

const SEED: u64 = 9112;
const PIECES: &[&str] = &[
    "\r\n",
    "\n",
    "\r",
    " ",
    "\t",
    ":",
    ",",
    ";",
    "\0",
    "\x7f",
    "0",
    "5",
    "chunked",
    "gzip",
    "Host: a\r\n",
    "Content-Length: 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Connection: close\r\n",
    "Connection: x-a\r\n",
    "X-A: b\r\n",
    "Expect: 100-continue\r\n",
    "GET / HTTP/1.1\r\n",
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.0",
    "0\r\n\r\n",
    "1;a=\"b\"\r\n",
    "\"",
    "http://a",
    "*",
    "#",
    "%",
    "é",
];

fn mutate(rng: &mut Rng, raw: &mut Vec<u8>) {
    for _ in 0..rng.usize(1..4) {
        let at = rng.usize(0..=raw.len());
        let piece = PIECES[rng.usize(..PIECES.len())].as_bytes();
        match rng.u8(..6) {
            0 => drop(raw.splice(at..at, piece.iter().copied())),
            1 if at < raw.len() => drop(raw.remove(at)),
            2 if at < raw.len() => raw[at] = rng.u8(..),
            3 if at < raw.len() => raw[at] ^= 0x20,
            4 => raw.truncate(at.max(raw.len() / 2)),
            _ => {
                let to = (at + rng.usize(0..20)).min(raw.len());
                let again = raw[at..to].to_vec();
                drop(raw.splice(at..at, again));
            }
        }
    }
}

fn each_mutation(file: &str, most: usize, mut check: impl FnMut(&mut Rng, &[u8])) {
    let seeds: Vec<_> = read::cases(file).into_iter().map(|c| c.raw).filter(|r| r.len() < 500).collect();
    let (mut rng, started) = (Rng::with_seed(SEED), Instant::now());
    for round in 0..most {
        // The bound on time is for slow machines: what is tried before it is always the same.
        if round % 64 == 0 && started.elapsed() > Duration::from_millis(600) {
            return;
        }
        let mut raw = seeds[rng.usize(..seeds.len())].clone();
        mutate(&mut rng, &mut raw);
        check(&mut rng, &raw);
    }
}

/// Every beginning is undecided or gives what the whole gives.
fn check_beginnings(raw: &[u8], parse: impl Fn(&[u8]) -> Answer) {
    let whole = parse(raw);
    let mut settled = false;
    for cut in 0..raw.len() {
        let part = parse(&raw[..cut]);
        if settled || part != Answer::partial() {
            assert_eq!(part, whole, "cut at {cut}: {}", raw.escape_ascii());
            settled = true;
        }
    }
}

#[test]
fn a_request_reads_the_same_in_pieces() {
    each_mutation(include_str!("corpus/requests.txt"), 6000, |_, raw| check_beginnings(raw, answer::request));
}

#[test]
fn a_response_reads_the_same_in_pieces() {
    let methods = [Method::GET, Method::HEAD, Method::CONNECT];
    each_mutation(include_str!("corpus/responses.txt"), 6000, |rng, raw| {
        let method = &methods[rng.usize(..3)];
        check_beginnings(raw, |raw| answer::response(raw, method));
    });
}

#[test]
fn a_body_reads_the_same_in_pieces() {
    each_mutation(include_str!("corpus/bodies.txt"), 6000, |rng, raw| {
        let whole = answer::decode([raw]);
        let cut = rng.usize(0..=raw.len());
        assert_eq!(answer::decode([&raw[..cut], &raw[cut..]]), whole, "cut at {cut}: {}", raw.escape_ascii());
        assert_eq!(answer::decode(raw.chunks(1)), whole, "{}", raw.escape_ascii());
    });
}
