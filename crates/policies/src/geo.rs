//! Where addresses are: countries and numbers of networks (ASN) by files in MaxMind's format. Says what a file says of
//! an address, and decides nothing.
//!
//! An address costs a walk down the file's tree, of a step a bit, and the reading of one record; nothing is unpacked
//! beforehand, so that a file of any size is there at once.

mod country;

pub use country::Country;

use crate::files;
use maxminddb::{PathElement, Reader as Database};
use pintle_core::Lasting;
use pintle_core::config::{ConfigPath, Diagnostic, FILE_LIMIT, Node, OneOrMany, Read, Reader, Spanned, read_file};
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

/// Files that say where addresses are, in [MaxMind's format](https://maxmind.github.io/MaxMind-DB/): for countries
/// GeoLite2-Country or GeoIP2-City, say, for networks' numbers GeoLite2-ASN. Where several know an address, the first one
/// decides. They are watched, and a file that cannot be read refuses the change. `ip_filter` goes by them.
///
/// ```yaml
/// geo: {file: [geo/GeoLite2-Country.mmdb, geo/GeoLite2-ASN.mmdb]}
/// routes:
///   - {match: /**, policies: [{ip_filter: {allow_countries: [DE, AT], deny_asn: [64500]}}], proxy: orders}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "geo", check)]
pub struct GeoConfig {
    /// The file, or several.
    pub file: OneOrMany<Spanned<ConfigPath>>,
}

impl GeoConfig {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        if self.file.is_empty() {
            reader.expected("a file", node.get("file").unwrap_or(node), "leave `geo` out for none");
            return None;
        }
        Some(self)
    }

    /// Every file that it names.
    pub fn files(&self) -> impl Iterator<Item = &ConfigPath> {
        self.file.iter().map(|file| &file.value)
    }

    /// Reads the files, but for those that somebody holds as they are; what is wrong is reported.
    pub fn open(&self, lasting: &Lasting, reader: &mut Reader) -> Given {
        let opened: Vec<Option<Arc<Held>>> = self.file.iter().map(|path| open(path, lasting, reader)).collect();
        match opened.into_iter().collect::<Option<Vec<_>>>() {
            Some(files) => Given::Sound(Arc::new(Geo { files: files.into() })),
            None => Given::Broken,
        }
    }
}

/// What a configuration says of where addresses are.
#[derive(Clone, Debug, Default)]
pub enum Given {
    /// Nothing.
    #[default]
    Nothing,
    /// Files that could not be read, which was reported.
    Broken,
    /// Files.
    Sound(Arc<Geo>),
}

fn open(path: &Spanned<ConfigPath>, lasting: &Lasting, reader: &mut Reader) -> Option<Arc<Held>> {
    let read = read_file(path, FILE_LIMIT).map_err(|error| error.to_string());
    let opened = read.and_then(|bytes| {
        let name = files::name(&files::digest(&bytes));
        let held = lasting.find("geo", &name, |_: &Held| true, Arc::default);
        if held.get().is_none() {
            let file = File::new(bytes).map_err(|why| format!("it is no MaxMind file: {why}"))?;
            held.get_or_init(|| file);
        }
        Ok(held)
    });
    match opened {
        Ok(file) => Some(file),
        Err(why) => {
            let message = format!("cannot read {}: {why}", path.display());
            let help = "a file such as GeoLite2-Country.mmdb is meant, unpacked";
            reader.report(Diagnostic::error("geo", message, &path.span).help(help));
            None
        }
    }
}

/// What is known of addresses.
pub struct Geo {
    files: Box<[Arc<Held>]>,
}

/// A file that outlives configurations; it is there once it was read without a mistake.
type Held = OnceLock<File>;

/// One file, and what its records say.
struct File {
    database: Database<Vec<u8>>,
    countries: bool,
    asns: bool,
}

/// So many records are looked at for what a file says, at most.
const LOOKED_AT: usize = 4096;

impl File {
    fn new(bytes: Vec<u8>) -> Result<Self, String> {
        let database = Database::from_source(bytes).map_err(|error| error.to_string())?;
        let mut file = File { database, countries: true, asns: true };
        let (mut countries, mut asns) = (false, false);
        let records = file.database.networks(maxminddb::WithinOptions::default()).map_err(|error| error.to_string())?;
        for record in records.take(LOOKED_AT) {
            let record = record.map_err(|error| error.to_string())?;
            countries |= matches!(record.decode_path::<&str>(COUNTRY), Ok(Some(_)));
            asns |= matches!(record.decode_path::<u32>(ASN), Ok(Some(_)));
            if countries && asns {
                break;
            }
        }
        (file.countries, file.asns) = (countries, asns);
        Ok(file)
    }
}

/// Where a record has the country of an address.
const COUNTRY: &[PathElement<'static>] = &[PathElement::Key("country"), PathElement::Key("iso_code")];
/// Where a record has the number of the network that an address is of.
const ASN: &[PathElement<'static>] = &[PathElement::Key("autonomous_system_number")];

impl Geo {
    /// The country of an address. A record that cannot be read says nothing.
    pub fn country(&self, address: IpAddr) -> Option<Country> {
        let mut files = self.files().filter(|file| file.countries);
        files.find_map(|file| {
            let found = file.database.lookup(address.to_canonical()).ok()?;
            found.decode_path::<&str>(COUNTRY).ok()??.parse().ok()
        })
    }

    /// The number of the network that an address is of.
    pub fn asn(&self, address: IpAddr) -> Option<u32> {
        let mut files = self.files().filter(|file| file.asns);
        files.find_map(|file| file.database.lookup(address.to_canonical()).ok()?.decode_path::<u32>(ASN).ok()?)
    }

    fn files(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter_map(|held| held.get())
    }

    /// Whether any file has countries.
    pub fn has_countries(&self) -> bool {
        self.files().any(|file| file.countries)
    }

    /// Whether any file has numbers of networks.
    pub fn has_asns(&self) -> bool {
        self.files().any(|file| file.asns)
    }
}

impl fmt::Debug for Geo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = self.files().map(|file| &file.database.metadata().database_type);
        f.debug_list().entries(kinds).finish()
    }
}
