//! What the fuzz targets check, so that tests can run it over the corpora too.

pub mod http1;
