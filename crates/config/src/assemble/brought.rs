//! The routes that policies bring along: at their paths, on the hosts and listeners of the routes that have the policies.
//! They come after all that is written, so that files of routes can be taken over without them.

use super::routes::{Build, Place, Placed};
use crate::document::{Document, ListenerConfig};
use crate::level::level_name;
use pintle_core::config::Reader;
use pintle_core::exchange::RouteFacts;
use pintle_core::step::{Brought, Chain, PolicyStep};
use pintle_core::template::Declared;
use pintle_engine::pages::Pages;
use pintle_engine::{ListenerProtocol, Route};
use pintle_policies::Level;
use pintle_router::{Entry, HostPattern, Listeners, Methods, PathPattern, Pattern};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What one brought route is told from others by: what it is, its path, its host, and its listener with whether that is named.
type Key = (Arc<str>, Box<str>, Option<HostPattern>, u32, bool);

impl<'d> Build<'d, '_> {
    /// Adds those that the routes so far bring along, each once for a host and a listener.
    pub(super) fn bring(&mut self, document: &'d Document, reader: &mut Reader) {
        let mut wanted: Vec<(Key, Brought)> = Vec::new();
        let mut known: HashSet<Key, foldhash::fast::RandomState> = HashSet::default();
        let takes = |door: &ListenerConfig| door.protocol == ListenerProtocol::Http;
        let numbers: Vec<u32> =
            (0..).zip(self.doors.configs()).filter(|(_, door)| takes(door)).map(|(at, _)| at).collect();
        for entry in self.entries.iter().map(|placed| &placed.entry).filter(|entry| !entry.value.brings.is_empty()) {
            let hosts = entry.pattern.hosts();
            let hosts = hosts.iter().cloned().map(Some).chain(hosts.is_empty().then_some(None));
            for host in hosts {
                for number in numbers.iter().filter(|number| entry.listeners.has(**number)) {
                    for brought in &entry.value.brings {
                        let (like, path) = (Arc::clone(&brought.like), brought.path.clone());
                        let key = (like, path, host.clone(), *number, entry.listeners.are_named());
                        if known.insert(key.clone()) {
                            wanted.push((key, brought.clone()));
                        }
                    }
                }
            }
        }
        let mut all: HashMap<u32, Chains> = HashMap::new();
        for ((_, _, host, number, named), brought) in wanted {
            let chains = all.entry(number).or_default();
            if let Some(placed) = self.brought(host, (number, named), &brought, document, chains, reader) {
                self.entries.push(placed);
            }
        }
    }

    fn brought(
        &mut self,
        host: Option<HostPattern>,
        (number, named): (u32, bool),
        brought: &Brought,
        document: &Document,
        chains: &mut Chains,
        reader: &mut Reader,
    ) -> Option<Placed> {
        let known = chains.iter().find(|(name, _)| *name == brought.name).map(|(_, chain)| Arc::clone(chain));
        let chain = match known {
            Some(chain) => chain,
            None => {
                let chain = Arc::new(Chain::new(self.steps_on(number, document, reader)?, Arc::clone(&brought.action)));
                chains.push((brought.name.clone(), Arc::clone(&chain)));
                chain
            }
        };
        // Its letters were looked at where it was read.
        let path = PathPattern::parse(&brought.path).ok()?;
        let pattern = Pattern::new(host.into_iter().collect(), vec![path], Methods::default(), vec![]).ok()?;
        let listeners = if named { Listeners::only([number]) } else { Listeners::part_of_all(number) };
        let facts = RouteFacts { name: brought.name.clone(), ..RouteFacts::default() };
        let value = Arc::new(Route {
            meter: self.meter(&facts),
            facts: Arc::new(facts),
            chain,
            pages: Pages::default(),
            brings: Box::default(),
            tunnel: None,
        });
        let place = Place { matched: brought.span.clone(), name: None };
        Some(Placed { place, entry: Entry { pattern, listeners, value } })
    }

    /// The policies of a listener and of all, but for those that ask who it is.
    fn steps_on(&mut self, number: u32, document: &Document, reader: &mut Reader) -> Option<Vec<PolicyStep>> {
        let listener = self.doors.configs().nth(number as usize)?;
        let name = level_name(listener);
        let levels = [
            Level { name: "defaults", list: &document.defaults.policies },
            Level { name: &name, list: &listener.policies },
        ];
        let place = Declared::request().any_capture().identity();
        pintle_policies::build_brought(&levels, self.around, &place, self.upstreams, reader)
    }
}

/// The chains on one listener, by the names of what is brought along.
type Chains = Vec<(Box<str>, Arc<Chain>)>;
