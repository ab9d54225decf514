//! Listening sockets: one for each worker and address, kept over reloads.
//!
//! Owns addresses, the sockets bound to them, and saying why one cannot be bound. Accepts nothing: workers do, on the
//! descriptors that they are handed. A change is all or nothing: [`Sockets::plan`] opens what is new, which serves
//! nobody yet; [`Sockets::commit`] puts it in place; a plan that is dropped leaves no trace.

mod address;
mod holder;
mod open;
#[cfg(test)]
mod tests;

pub use address::{Address, AddressError};
use open::Group;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;

/// The sockets that are open, by the address that they were asked for.
#[derive(Debug)]
pub struct Sockets {
    workers: usize,
    open: BTreeMap<Address, Group>,
}

/// What is to change: the sockets for new addresses, open already, and the addresses that are no longer wanted.
#[derive(Debug)]
#[must_use = "new sockets are closed again unless the plan is committed"]
pub struct Plan {
    new: BTreeMap<Address, Group>,
    removed: Vec<Address>,
}

/// What has changed.
#[derive(Debug)]
pub struct Change {
    /// Addresses to begin to accept on.
    pub opened: Vec<Opened>,
    /// Addresses to stop at: each worker accepts until there is nothing left to accept, then drops its descriptor,
    /// which may be the last one: closing a socket resets what its queue still holds.
    pub removed: Vec<Address>,
}

/// An address that is now listened on.
#[derive(Debug)]
pub struct Opened {
    /// As it was asked for.
    pub address: Address,
    /// As it is: with the real port where port 0 was asked for.
    pub local: Address,
    /// One non-blocking descriptor for each worker.
    pub workers: Vec<Socket>,
}

/// One worker's descriptor of a listening socket; [`Sockets`] holds another one of the same socket.
#[derive(Debug)]
pub enum Socket {
    /// TCP. Connections have TCP_NODELAY set: Linux hands it down from here.
    Tcp(TcpListener),
    /// A unix socket, shared by all workers: it knows no groups.
    Unix(UnixListener),
}

/// Why an address cannot be listened on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindError {
    /// The address.
    pub address: Address,
    /// What is wrong, without the address, with the remedy where there is one.
    pub message: String,
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colon = if self.message.starts_with("is ") { "" } else { ":" };
        write!(f, "{}{colon} {}", self.address, self.message)
    }
}

impl Sockets {
    /// None yet, for so many workers.
    pub fn new(workers: usize) -> Self {
        Sockets { workers: workers.max(1), open: BTreeMap::new() }
    }

    /// Opens sockets for those of `wanted` that have none. An address wanted twice counts once. Every
    /// address that cannot be had is an error; then nothing has changed.
    ///
    /// Reads `/proc` and may connect to a unix socket: not for a worker's thread.
    pub fn plan(&self, wanted: &[Address]) -> Result<Plan, Vec<BindError>> {
        let mut new: Vec<&Address> = wanted.iter().filter(|address| !self.open.contains_key(address)).collect();
        new.sort();
        new.dedup();
        // All are probed before any is bound for good: else 0.0.0.0 of ours would stand in the way of our 127.0.0.2.
        let failed = |address: &Address, message| BindError { address: address.clone(), message };
        let errors: Vec<BindError> =
            new.iter().filter_map(|address| open::probe(address).err().map(|e| failed(address, e))).collect();
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut plan = Plan {
            new: BTreeMap::new(),
            removed: self.open.keys().filter(|address| !wanted.contains(address)).cloned().collect(),
        };
        let mut errors = Vec::new();
        for address in new {
            match Group::open(address, self.workers) {
                Ok(group) => drop(plan.new.insert(address.clone(), group)),
                Err(message) => errors.push(failed(address, message)),
            }
        }
        if errors.is_empty() { Ok(plan) } else { Err(errors) }
    }

    /// Puts a plan in place. Sockets of addresses that stay are not touched. Fails, with nothing changed, only where no
    /// more descriptors are to be had.
    pub fn commit(&mut self, plan: Plan) -> io::Result<Change> {
        let mut opened = Vec::with_capacity(plan.new.len());
        for (address, group) in &plan.new {
            opened.push(Opened {
                address: address.clone(),
                local: group.local.clone(),
                workers: group.handles(self.workers)?,
            });
        }
        for address in &plan.removed {
            self.open.remove(address);
        }
        self.open.extend(plan.new);
        Ok(Change { opened, removed: plan.removed })
    }

    /// Every open address as it was asked for, and as it is.
    pub fn addresses(&self) -> impl Iterator<Item = (&Address, &Address)> {
        self.open.iter().map(|(address, group)| (address, &group.local))
    }
}
