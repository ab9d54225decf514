//! Where the routes of a configuration were written, so that the next one takes over those of files that did not change.
//! Holds no text; what the files mean is not known here.

use pintle_upstream::Upstream;
use std::ops::Range;
use std::sync::Arc;

/// The files of a configuration, as far as the next one can make use of them. The default is that it cannot.
#[derive(Debug, Default)]
pub struct Origin {
    /// A number that differs where anything does that routes are built of besides their own text.
    pub surroundings: u64,
    /// The files that hold routes and nothing else, of which there was nothing to say. In the order of their routes.
    pub files: Vec<RouteFile>,
}

/// One file of routes.
#[derive(Clone, Debug)]
pub struct RouteFile {
    /// Its name, as it was read.
    pub name: Box<str>,
    /// A number that differs where its text does.
    pub digest: u64,
    /// The numbers of its routes in the table.
    pub routes: Range<usize>,
    /// Where each of these was written.
    pub places: Arc<[RoutePlace]>,
    /// The upstreams that its routes name by a URL.
    pub urls: Arc<[Arc<Upstream>]>,
}

/// Where a route was written: bytes of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoutePlace {
    /// Its match, from here to there.
    pub matched: (u32, u32),
    /// Its name, if it has one of its own.
    pub name: Option<(u32, u32)>,
}
