//! What a request names: looked for below the root, the index of a folder, the fallback, and what lies compressed beside a
//! file.

use super::answer::Found;
use super::listing::{self, Listing};
use super::name::{Name, NoName};
use super::root::{Folder, Node};
use super::{Files, Place, coding, kind, version};
use pintle_core::{Exchange, Reason, Refusal};
use rustix::fs::FileType;
use rustix::io::Errno;
use std::os::unix::ffi::OsStrExt;

/// What there is for a request.
pub(super) enum Finding {
    /// A file.
    File(Box<Found>),
    /// A folder whose slash is missing.
    Slash,
    /// A folder to list.
    Listing(Box<Listing>),
}

/// Why there is nothing: what a fallback stands in for is `Absent`.
pub(super) enum Nothing {
    Absent(&'static str),
    Refused(Box<Refusal>),
}

impl From<Errno> for Nothing {
    fn from(error: Errno) -> Self {
        let refused =
            |reason| Nothing::Refused(Box::new(Refusal::new(reason).internal(format!("it cannot be opened: {error}"))));
        match error {
            Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG => Nothing::Absent("there is no such file"),
            Errno::XDEV | Errno::LOOP => Nothing::Absent("a symbolic link leads out of the root, or in a circle"),
            // A socket, or a device without its driver.
            Errno::NXIO | Errno::NODEV => Nothing::Absent("it is no regular file"),
            // What no file can be called is up to its file system.
            Errno::INVAL | Errno::ILSEQ => Nothing::Absent("no file can be called so"),
            Errno::ACCESS | Errno::PERM => refused(Reason::FileForbidden),
            Errno::MFILE | Errno::NFILE => refused(Reason::TooManyFiles),
            _ => refused(Reason::FileFailed),
        }
    }
}

impl From<Nothing> for Refusal {
    fn from(nothing: Nothing) -> Self {
        match nothing {
            Nothing::Absent(why) => Refusal::new(Reason::NoFile).internal(why),
            Nothing::Refused(refusal) => *refusal,
        }
    }
}

impl Files {
    /// Looks for what a request names.
    pub(super) fn find(&self, exchange: &Exchange) -> Result<Finding, Refusal> {
        let (root, index, fallback, listing) = match &self.place {
            Place::One(path) => {
                let name = path.as_os_str().as_bytes();
                return Ok(self.file(Node::open(name), name, Node::open, exchange)?);
            }
            Place::Below { root, index, fallback, listing } => (root, index, fallback, *listing),
        };
        let path = exchange.request.target.path();
        let name = match Name::of(exchange.captures.rest(path), path) {
            Ok(name) => Some(name),
            Err(NoName::Hidden) => return Err(Refusal::new(Reason::NoFile).internal("the name of a hidden file")),
            Err(NoName::Impossible) => None,
        };
        let look = |folder: &Folder| match &name {
            Some(name) => self.below(folder, name, index, listing, exchange),
            None => Err(Nothing::Absent("no file can be called so")),
        };
        let no_root = |error| {
            Refusal::from(match Nothing::from(error) {
                Nothing::Absent(_) => Nothing::Absent("the root is not there"),
                refused @ Nothing::Refused(_) => refused,
            })
        };
        let (mut folder, is_fresh) = root.folder(exchange.started).map_err(no_root)?;
        let mut found = look(&folder);
        // It may be in a folder that has come in the root's place.
        if matches!(found, Err(Nothing::Absent(_)))
            && !is_fresh
            && let Some(another) = root.another(exchange.started)
        {
            folder = another;
            found = look(&folder);
        }
        match (found, fallback) {
            (Err(Nothing::Absent(_)), Some(fallback)) => {
                let name = fallback.as_bytes();
                Ok(self.file(folder.node(name), name, |name| folder.node(name), exchange)?)
            }
            (found, _) => Ok(found?),
        }
    }

    fn below(
        &self,
        folder: &Folder,
        name: &Name<'_>,
        index: &[Box<str>],
        listing: bool,
        exchange: &Exchange,
    ) -> Result<Finding, Nothing> {
        let open = |name: &[u8]| folder.node(name);
        if !name.is_folder {
            let node = open(&name.bytes)?;
            if node.kind() != FileType::Directory {
                return self.file(Ok(node), &name.bytes, open, exchange);
            }
            // Only where the redirection leads somewhere.
            let leads = listing || index.iter().any(|index| open(&name.join(index)).is_ok());
            return if leads { Ok(Finding::Slash) } else { Err(Nothing::Absent("a folder without an index")) };
        }
        for index in index {
            let inner = name.join(index);
            match open(&inner) {
                Ok(node) if node.kind() == FileType::RegularFile => return self.file(Ok(node), &inner, open, exchange),
                Ok(_) => {}
                Err(error) => match Nothing::from(error) {
                    Nothing::Absent(_) => {}
                    refused @ Nothing::Refused(_) => return Err(refused),
                },
            }
        }
        if !listing {
            return Err(Nothing::Absent("there is no such file"));
        }
        let node = open(&name.bytes)?;
        match node.kind() {
            FileType::Directory => Ok(Finding::Listing(Box::new(Listing {
                root: folder.clone(),
                opened: node.file,
                name: Name { bytes: name.bytes.to_vec().into(), is_folder: true },
                path: exchange.request.target.path().to_owned(),
                wants_json: listing::wants_json(&exchange.request.fields),
            }))),
            _ => Err(Nothing::Absent("it is no folder")),
        }
    }

    /// A file that was opened under a name, or what lies compressed beside it.
    fn file(
        &self,
        opened: Result<Node, Errno>,
        name: &[u8],
        open: impl Fn(&[u8]) -> Result<Node, Errno>,
        exchange: &Exchange,
    ) -> Result<Finding, Nothing> {
        let plain = opened?;
        if plain.kind() != FileType::RegularFile {
            return Err(Nothing::Absent("it is no regular file"));
        }
        for coding in coding::wanted(&exchange.request.fields, &self.precompressed) {
            // What cannot be had of it is no reason against the file itself.
            let beside = open(&[name, coding.ending().as_bytes()].concat()).ok();
            let is_good =
                |node: &Node| node.kind() == FileType::RegularFile && version::is_as_new(&node.stat, &plain.stat);
            if let Some(node) = beside.filter(is_good) {
                return Ok(Finding::File(Box::new(Found { node, kind: kind::of(name), coding: Some(coding) })));
            }
        }
        Ok(Finding::File(Box::new(Found { node: plain, kind: kind::of(name), coding: None })))
    }
}
