//! Places for connections, so that health checks always find one. Who has one and asks nothing, or has not asked yet, goes
//! when somebody else needs it, the oldest of whoever has the most first; who is being answered stays, but such are fewer
//! than there are places, and fewer still of one peer.

use crate::caller::Peer;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::Notify;

/// Connections at once.
const MOST: usize = 96;
/// Calls that are answered at once, health checks apart.
const BUSY: usize = 32;
/// The same of one peer.
const BUSY_OF_ONE: usize = 24;

/// Places for connections.
#[derive(Default)]
pub(crate) struct Places {
    held: Mutex<Held>,
    freed: Notify,
}

#[derive(Default)]
struct Held {
    next: u64,
    /// By the order of their coming.
    all: BTreeMap<u64, One>,
}

struct One {
    of: Of,
    state: State,
    end: Arc<Notify>,
}

/// Whose a place is: of an address, an IPv6 one's network, or a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    V4([u8; 4]),
    V6([u8; 8]),
    User(Option<u32>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// It asks nothing now.
    Silent,
    Busy,
    /// It was told to go.
    Leaving,
}

/// A connection's place, until it is dropped.
pub(crate) struct Place {
    places: Arc<Places>,
    number: u64,
    end: Arc<Notify>,
}

/// A call that is being answered, until it is dropped.
pub(crate) struct Busy<'p>(&'p Place);

/// Why a call is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// Its connection was told to go.
    Leaving,
    /// Enough others are being answered.
    Busy,
}

impl Places {
    /// A place, for which another has to go if there is none. Waits until that one has gone.
    pub(crate) async fn take(self: &Arc<Self>, peer: Peer) -> Place {
        loop {
            let freed = self.freed.notified();
            if let Some(place) = self.try_take(peer) {
                return place;
            }
            freed.await;
        }
    }

    fn try_take(self: &Arc<Self>, peer: Peer) -> Option<Place> {
        let mut held = self.held.lock();
        if held.all.len() >= MOST {
            held.make_room();
            return None;
        }
        let number = held.next;
        held.next += 1;
        let end = Arc::new(Notify::new());
        held.all.insert(number, One { of: of(peer), state: State::Silent, end: Arc::clone(&end) });
        Some(Place { places: Arc::clone(self), number, end })
    }
}

impl Held {
    /// Tells one to go, unless one is on its way.
    fn make_room(&mut self) {
        if self.all.values().any(|one| one.state == State::Leaving) {
            return;
        }
        let mut silent: BTreeMap<Of, (usize, u64)> = BTreeMap::new();
        for (number, one) in self.all.iter().filter(|(_, one)| one.state == State::Silent) {
            silent.entry(one.of).or_insert((0, *number)).0 += 1;
        }
        // Among those with as many, whose oldest is the oldest.
        let most = silent.values().max_by_key(|(count, oldest)| (*count, std::cmp::Reverse(*oldest)));
        if let Some(one) = most.and_then(|(_, oldest)| self.all.get_mut(oldest)) {
            one.state = State::Leaving;
            one.end.notify_one();
        }
    }
}

impl Place {
    /// Waits until it has to go.
    pub(crate) async fn ended(&self) {
        self.end.notified().await;
    }

    /// A call begins that has to be answered: until that is over, it stays.
    pub(crate) fn begin(&self) -> Result<Busy<'_>, Full> {
        let mut held = self.places.held.lock();
        let Some(one) = held.all.get(&self.number).filter(|one| one.state == State::Silent) else {
            return Err(Full::Leaving);
        };
        let busy = || held.all.values().filter(|one| one.state == State::Busy);
        if busy().count() >= BUSY || busy().filter(|other| other.of == one.of).count() >= BUSY_OF_ONE {
            return Err(Full::Busy);
        }
        if let Some(one) = held.all.get_mut(&self.number) {
            one.state = State::Busy;
        }
        Ok(Busy(self))
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        if let Some(one) = self.0.places.held.lock().all.get_mut(&self.0.number) {
            one.state = State::Silent;
        }
        // Who waits for a place may have it now, if this one goes.
        self.0.places.freed.notify_one();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.held.lock().all.remove(&self.number);
        self.places.freed.notify_one();
    }
}

fn of(peer: Peer) -> Of {
    match peer {
        Peer::Unix { uid, .. } => Of::User(uid),
        Peer::Tcp(address) => match address.ip().to_canonical() {
            IpAddr::V4(ip) => Of::V4(ip.octets()),
            // Whoever has one address of a network has all of it.
            IpAddr::V6(ip) => Of::V6(ip.octets()[..8].try_into().unwrap_or_default()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;

    fn peer(last: u8) -> Peer {
        Peer::Tcp(([127, 0, 0, last], 1000).into())
    }

    fn must_go(place: &Place) -> bool {
        place.places.held.lock().all.get(&place.number).is_some_and(|one| one.state == State::Leaving)
    }

    #[tokio::test]
    async fn the_oldest_silent_one_of_who_has_most_goes() {
        let places = Arc::new(Places::default());
        let mut held = Vec::new();
        held.push(places.take(peer(2)).await);
        for _ in 1..MOST {
            held.push(places.take(peer(1)).await);
        }
        let busy = held[1].begin().unwrap_or_else(|full| panic!("{full:?}"));
        let mut next = pin!(places.take(peer(3)));
        let waits = poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx).is_pending())).await;
        assert!(waits);
        let going: Vec<usize> = (0..MOST).filter(|at| must_go(&held[*at])).collect();
        assert_eq!(going, [2], "neither the only one of its peer, nor who is answered");
        held[2].ended().await;
        assert_eq!(held[2].begin().err(), Some(Full::Leaving), "too late");
        drop(busy);
        held.remove(2);
        next.await;
    }

    #[tokio::test]
    async fn one_peer_leaves_others_something() {
        let places = Arc::new(Places::default());
        let mut all = Vec::new();
        for number in 0..BUSY {
            all.push(places.take(peer(if number < BUSY_OF_ONE + 1 { 1 } else { 2 })).await);
        }
        let begun: Vec<_> = all.iter().map(Place::begin).collect();
        let refused: Vec<usize> =
            begun.iter().enumerate().filter(|(_, one)| one.is_err()).map(|(number, _)| number).collect();
        assert_eq!(refused, [BUSY_OF_ONE]);
        drop(begun);
        assert!(all[BUSY_OF_ONE].begin().is_ok());
    }
}
