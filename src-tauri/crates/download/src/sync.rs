//! Locks that a panic elsewhere does not poison, and seats whose number can be changed while in use.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The data of a lock, also after a panic of another holder: every holder here leaves it consistent.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Seats in a fair line.
#[derive(Debug)]
pub(crate) struct Seats {
    semaphore: Arc<Semaphore>,
    count: Mutex<Count>,
}

#[derive(Debug)]
struct Count {
    wanted: usize,
    /// Seats that are taken and must not come back.
    owed: usize,
}

/// One seat; dropping it lets the next one in.
#[derive(Debug)]
pub(crate) struct Seat {
    permit: Option<OwnedSemaphorePermit>,
    seats: Arc<Seats>,
}

impl Seats {
    pub(crate) fn new(wanted: usize) -> Arc<Self> {
        let wanted = wanted.max(1);
        Arc::new(Self {
            semaphore: Arc::new(Semaphore::new(wanted)),
            count: Mutex::new(Count { wanted, owed: 0 }),
        })
    }

    pub(crate) fn count(&self) -> usize {
        lock(&self.count).wanted
    }

    /// Changes how many there are; those in use that are too many go when they are left.
    pub(crate) fn set(&self, wanted: usize) {
        let wanted = wanted.max(1);
        let mut count = lock(&self.count);
        if wanted > count.wanted {
            let more = wanted - count.wanted;
            let forgiven = more.min(count.owed);
            count.owed -= forgiven;
            self.semaphore.add_permits(more - forgiven);
        } else {
            let fewer = count.wanted - wanted;
            count.owed += fewer - self.semaphore.forget_permits(fewer);
        }
        count.wanted = wanted;
    }

    pub(crate) async fn take(self: &Arc<Self>) -> Seat {
        // The semaphore is never closed.
        let permit = Arc::clone(&self.semaphore).acquire_owned().await.ok();
        Seat {
            permit,
            seats: Arc::clone(self),
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut count = lock(&self.seats.count);
        if let Some(permit) = self.permit.take()
            && count.owed > 0
        {
            count.owed -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn seats_can_be_fewer_and_more_while_taken() {
        let seats = Seats::new(3);
        let taken = [seats.take().await, seats.take().await, seats.take().await];
        seats.set(1);
        assert_eq!(seats.semaphore.available_permits(), 0);
        let [first, second, third] = taken;
        drop(first);
        drop(second);
        assert_eq!(seats.semaphore.available_permits(), 0);
        drop(third);
        assert_eq!(seats.semaphore.available_permits(), 1);
        seats.set(4);
        assert_eq!(seats.semaphore.available_permits(), 4);
        assert_eq!(seats.count(), 4);
        let held = seats.take().await;
        seats.set(2);
        seats.set(3);
        drop(held);
        assert_eq!(seats.semaphore.available_permits(), 3);
    }
}
