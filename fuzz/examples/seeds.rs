//! Fills `corpus/` with the messages of the test corpora, for the fuzzer to start from.

use pintle_fuzz::http1::seeds;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let bodies = include_str!("../../crates/http1/tests/corpus/bodies.txt");
    let requests = include_str!("../../crates/http1/tests/corpus/requests.txt");
    let responses = include_str!("../../crates/http1/tests/corpus/responses.txt");
    for (target, corpus) in [("http1_chunked", bodies), ("http1_request", requests), ("http1_response", responses)] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        std::fs::create_dir_all(&folder)?;
        for (number, (_, mut raw, method)) in seeds(corpus).into_iter().enumerate() {
            if target == "http1_response" {
                raw.insert(0, ["GET", "HEAD", "CONNECT"].iter().position(|m| method == *m).unwrap_or(0) as u8);
            }
            std::fs::write(folder.join(format!("{number:03}")), raw)?;
        }
    }
    Ok(())
}
