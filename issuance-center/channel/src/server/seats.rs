//! A listener's connections: of those who were admitted, and of those who are nobody yet, which have a share and give way to
//! each other.
//!
//! Who has said nothing yet may be anybody, and an honest handshake takes milliseconds. So where there is no room the newcomer
//! is let in and the oldest goes: silent ones grow old and honest ones do not. First an address with more than its part
//! loses one of its own, so that few addresses push out nobody else's, however fast they come. While there is room, one
//! address may have all of it: a whole chain's kiosks may come from one.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use super::Limits;

pub(super) struct Seats {
    connections: usize,
    handshakes: usize,
    of_one: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    admitted: usize,
    next: u64,
    /// Handshakes by number: the oldest first.
    unfinished: BTreeMap<u64, Unfinished>,
    /// How many of these each address has. Nobody is in here with none.
    of: HashMap<IpAddr, usize>,
}

struct Unfinished {
    address: IpAddr,
    /// Dropped with it, which the connection notices.
    _seat: oneshot::Sender<()>,
}

/// One connection's seat, given back when dropped.
pub(super) struct Seat {
    seats: Arc<Seats>,
    number: u64,
    admitted: bool,
    lost: oneshot::Receiver<()>,
}

impl Seats {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            connections: limits.connections,
            handshakes: limits.handshakes(),
            of_one: limits.handshakes_per_address(),
            taken: Mutex::default(),
        })
    }

    /// A seat for a handshake of this address, and whether another lost its own for it; none where all are of those admitted.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Option<(Seat, bool)> {
        let mut taken = self.lock();
        let unfinished = taken.unfinished.len();
        let room = unfinished < self.handshakes && unfinished + taken.admitted < self.connections;
        if !room && !taken.displace(self.of_one) {
            return None;
        }
        let (seat, lost) = oneshot::channel();
        let number = taken.next;
        taken.next += 1;
        let handshake = Unfinished {
            address,
            _seat: seat,
        };
        taken.unfinished.insert(number, handshake);
        *taken.of.entry(address).or_default() += 1;
        let seat = Seat {
            seats: Arc::clone(self),
            number,
            admitted: false,
            lost,
        };
        Some((seat, !room))
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Takes the seat of the oldest handshake, of the address with most if that is more than its part; not if there is none.
    fn displace(&mut self, of_one: usize) -> bool {
        let most = self.of.iter().max_by_key(|(_, count)| **count);
        let most = most.filter(|(_, count)| **count > of_one);
        let most = most.map(|(address, _)| *address);
        let mut unfinished = self.unfinished.iter();
        let oldest = unfinished.find(|(_, it)| most.is_none_or(|most| it.address == most));
        let oldest = oldest.map(|(number, _)| *number);
        oldest.is_some_and(|number| self.end(number))
    }

    /// Whether this handshake had its seat still.
    fn end(&mut self, number: u64) -> bool {
        let Some(Unfinished { address, .. }) = self.unfinished.remove(&number) else {
            return false;
        };
        if let Some(count) = self.of.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.of.remove(&address);
            }
        }
        true
    }
}

impl Seat {
    /// Keeps the seat from here on, unless a newcomer has it already.
    pub(super) fn admit(&mut self) -> bool {
        let mut taken = self.seats.lock();
        if taken.end(self.number) {
            taken.admitted += 1;
            self.admitted = true;
        }
        self.admitted
    }

    /// Ends when a newcomer has the seat; of one who was admitted never, and not to be asked. Not to be asked again then.
    pub(super) async fn lost(&mut self) {
        let _ = (&mut self.lost).await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.lock();
        if self.admitted {
            taken.admitted -= 1;
        } else {
            taken.end(self.number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seats(connections: usize, handshakes: usize, of_one: usize) -> Arc<Seats> {
        Seats::new(&Limits {
            connections,
            handshakes: Some(handshakes),
            handshakes_per_address: Some(of_one),
            ..Limits::default()
        })
    }

    fn come(seats: &Arc<Seats>, last: u8) -> Seat {
        seats.take([192, 0, 2, last].into()).unwrap().0
    }

    #[test]
    fn the_oldest_gives_way_and_who_was_admitted_never() {
        let seats = seats(9, 2, 2);
        let mut first = come(&seats, 1);
        let mut second = come(&seats, 2);
        assert!(first.admit());
        let mut third = come(&seats, 3);
        let mut fourth = come(&seats, 1);
        assert!(!second.admit() && third.admit() && fourth.admit() && first.admit());
        assert_eq!(seats.lock().admitted, 3);
        drop((first, second, third, fourth));
        let taken = seats.lock();
        assert!(taken.admitted == 0 && taken.unfinished.is_empty() && taken.of.is_empty());
    }

    #[test]
    fn the_share_is_of_what_those_admitted_leave() {
        let seats = seats(2, 2, 2);
        let (mut first, mut second) = (come(&seats, 1), come(&seats, 2));
        assert!(first.admit());
        // One is left, and the newcomer has it.
        let mut third = come(&seats, 3);
        assert!(!second.admit() && third.admit());
        assert!(seats.take([192, 0, 2, 4].into()).is_none());
        drop(first);
        assert!(matches!(
            seats.take([192, 0, 2, 4].into()),
            Some((_, false))
        ));
    }

    #[test]
    fn an_address_with_more_than_its_part_pushes_out_its_own() {
        let seats = seats(9, 4, 2);
        let mut other = come(&seats, 1);
        let mut crowd: Vec<_> = (0..100).map(|_| come(&seats, 2)).collect();
        let mut newcomer = come(&seats, 3);
        assert!(crowd.iter_mut().take(98).all(|it| !it.admit()));
        assert!(crowd.iter_mut().skip(98).all(Seat::admit));
        assert!(other.admit() && newcomer.admit());
    }

    #[test]
    fn where_none_has_more_than_its_part_age_alone_counts() {
        let seats = seats(9, 4, 2);
        let mut oldest = come(&seats, 1);
        let mut others = [2, 2, 3].map(|last| come(&seats, last));
        let mut newcomer = come(&seats, 2);
        assert!(!oldest.admit() && newcomer.admit());
        assert!(others.iter_mut().all(Seat::admit));
    }
}
