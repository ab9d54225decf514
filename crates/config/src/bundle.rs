//! The texts of a whole configuration, apart from the disk: to show, to keep, to read again. Knows nothing of what they
//! mean, nor where they are kept.
//!
//! Names are relative to the main file's directory where they can be, so that a bundle means the same wherever that is.

use aws_lc_rs::digest::{Context, SHA256};
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use pintle_core::config::Source;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{self, Read as _, Write};
use std::path::Path;
use std::sync::Arc;

/// How large the texts of a bundle may be, written as JSON: twice what a configuration may be, as a line end takes two.
const MOST: u64 = 128 << 20;

/// The texts of a configuration.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// Names and texts in the order of their reading, the main one first; at least that one.
    files: Vec<(String, Source)>,
}

/// A bundle made small. Cheap to clone.
#[derive(Clone)]
pub struct Packed(Arc<[u8]>);

impl Bundle {
    /// The bundle of texts that were read, the main one first. None of no texts.
    pub fn new(texts: &[Source]) -> Option<Self> {
        let directory = texts.first()?.directory().to_owned();
        let named = |text: &Source| {
            let name = Path::new(text.name());
            let name = name.strip_prefix(&directory).unwrap_or(name);
            (name.display().to_string(), text.clone())
        };
        Some(Bundle { files: texts.iter().map(named).collect() })
    }

    /// The main file's name.
    pub fn main(&self) -> &str {
        self.files.first().map_or("", |(name, _)| name)
    }

    /// Each file's name and text, the main one first.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(name, source)| (&**name, source.text()))
    }

    /// SHA-256 of names and texts, in hex.
    pub fn digest(&self) -> String {
        let mut context = Context::new(&SHA256);
        for (name, text) in self.files() {
            for part in [name, text] {
                context.update(&(part.len() as u64).to_be_bytes());
                context.update(part.as_bytes());
            }
        }
        context.finish().as_ref().iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// The texts as sources in a directory.
    pub(crate) fn sources(&self, directory: &Path) -> Vec<Source> {
        let placed = |(name, source): &(String, Source)| {
            let place = directory.join(name).display().to_string();
            if source.name() == place { source.clone() } else { Source::new(place, source.text()) }
        };
        self.files.iter().map(placed).collect()
    }

    /// `{"main": NAME, "files": [{"name": NAME, "text": TEXT}…]}`.
    pub fn to_json(&self) -> Value {
        let files: Vec<_> = self.files().map(|(name, text)| json!({"name": name, "text": text})).collect();
        json!({"main": self.main(), "files": files})
    }

    /// Reads what [`Bundle::to_json`] wrote; other keys beside are passed over.
    pub fn from_json(value: &Value) -> Option<Self> {
        let file = |file: &Value| {
            let name = file.get("name")?.as_str()?;
            Some((name.to_owned(), Source::new(name, file.get("text")?.as_str()?)))
        };
        let files: Option<Vec<_>> = value.get("files")?.as_array()?.iter().map(file).collect();
        files.filter(|files| !files.is_empty()).map(|files| Bundle { files })
    }

    /// Makes it small: the JSON form in zlib's format (RFC 1950), which notices when a byte has changed.
    pub fn pack(&self) -> Packed {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(2));
        let written = self.write(&mut encoder).and_then(|()| encoder.finish());
        Packed(written.expect("memory takes what is written to it").into())
    }

    /// Writes the JSON form piece by piece: another copy of all texts would be large.
    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(b"{\"main\":")?;
        serde_json::to_writer(&mut *out, self.main())?;
        out.write_all(b",\"files\":[")?;
        for (index, (name, text)) in self.files().enumerate() {
            out.write_all(if index > 0 { b",{\"name\":" } else { b"{\"name\":" })?;
            serde_json::to_writer(&mut *out, name)?;
            out.write_all(b",\"text\":")?;
            serde_json::to_writer(&mut *out, text)?;
            out.write_all(b"}")?;
        }
        out.write_all(b"]}")
    }
}

impl Packed {
    /// What was kept as bytes; whether they are good shows when they are unpacked.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Packed(bytes.into())
    }

    /// The bytes to keep.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bundle again. None if the bytes are not those of a bundle.
    pub fn unpack(&self) -> Option<Bundle> {
        let mut text = Vec::new();
        ZlibDecoder::new(&*self.0).take(MOST).read_to_end(&mut text).ok()?;
        Bundle::from_json(&serde_json::from_slice(&text).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{load_bundle, load_text};

    fn bundle(directory: &str, second: &str) -> Bundle {
        let main = Source::new(format!("{directory}/pintle.yaml"), "include: [more/*.yaml]\nlisteners: []\n");
        let more = Source::new(format!("{directory}/more/a.yaml"), second);
        Bundle::new(&[main, more]).expect("there are texts")
    }

    #[test]
    fn a_bundle_comes_back_as_it_was() {
        let bundle = bundle("/etc/pintle", "routes: []\n# \"quotes\" and \u{e9}\n");
        let back = bundle.pack().unpack().expect("it is whole");
        assert_eq!(back.main(), "pintle.yaml");
        assert_eq!(back.files().collect::<Vec<_>>(), bundle.files().collect::<Vec<_>>());
        assert_eq!(back.digest(), bundle.digest());
        assert_eq!(Bundle::from_json(&bundle.to_json()).map(|bundle| bundle.digest()), Some(bundle.digest()));
    }

    #[test]
    fn the_digest_is_of_names_and_texts_and_not_of_the_directory() {
        let digest = |directory, second| bundle(directory, second).digest();
        assert_eq!(digest("/etc/pintle", "routes: []"), digest("elsewhere", "routes: []"));
        assert_ne!(digest("/etc/pintle", "routes: []"), digest("/etc/pintle", "routes: [ ]"));
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let mut bytes = bundle("/etc/pintle", "routes: []").pack().bytes().to_vec();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        assert!(Packed::from_bytes(bytes).unpack().is_none());
        assert!(Packed::from_bytes(Vec::new()).unpack().is_none());
    }

    #[test]
    fn kept_texts_are_read_as_the_files_were() {
        let second = "routes: [{match: /**, redirect: {to: /b}}, {match: /a, respond: {status: 999}}]";
        let checked = load_bundle(&bundle("/etc/pintle", second), Path::new("/srv"));
        let places: Vec<_> = checked.reader.diagnostics.iter().map(|one| one.span.to_string()).collect();
        assert!(places.iter().any(|place| place.starts_with("/srv/more/a.yaml:1:")), "{places:?}");
        assert_eq!(checked.files.len(), 2);
    }

    #[test]
    fn a_text_is_read_in_place_of_the_file() {
        let checked = load_text(Path::new("/nowhere/pintle.yaml"), "state: kept\nlisteners: [{address: 1}]\n".into());
        assert!(checked.root.get("state").is_some());
        assert!(checked.reader.diagnostics.iter().all(|one| one.code != "unreadable"));
    }
}
