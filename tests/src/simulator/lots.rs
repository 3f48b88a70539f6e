//! Who goes next is drawn by lot: every task waits at its points until it is drawn, and then runs alone to its next one.
//!
//! What happens between two points is as if it took no time; so the order of all that happens follows from the seed, whatever
//! threads databases and pages are made on.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use tokio::sync::{Notify, oneshot};

use crate::random::Random;

tokio::task_local! {
    /// Points that what runs inside came to.
    static POINTS: Cell<u32>;
}

/// The lots of one simulation. Clones draw from the same.
#[derive(Clone)]
pub struct Lots(Arc<Inner>);

struct Inner {
    draw: Mutex<Draw>,
    changed: Notify,
}

struct Draw {
    random: Random,
    tasks: usize,
    waiting: Vec<oneshot::Sender<()>>,
}

impl Lots {
    /// The same order for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Inner {
            draw: Mutex::new(Draw {
                random: Random::new(seed),
                tasks: 0,
                waiting: Vec::new(),
            }),
            changed: Notify::new(),
        }))
    }

    /// Lets chance decide something.
    pub fn decide<T>(&self, by: impl FnOnce(&mut Random) -> T) -> T {
        by(&mut self.draw().random)
    }

    /// Waits until drawn.
    pub async fn point(&self) {
        let _ = POINTS.try_with(|points| points.set(points.get() + 1));
        let (drawn, until_drawn) = oneshot::channel();
        self.draw().waiting.push(drawn);
        self.0.changed.notify_one();
        // An error is that the simulation ended.
        let _ = until_drawn.await;
    }

    /// A task of this simulation, beside those that are there.
    pub fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.draw().tasks += 1;
        let lots = self.clone();
        tokio::task::spawn_local(async move {
            let _counted = Counted(&lots);
            task.await;
        });
    }

    /// Leads all tasks to their ends; `between` is called while all of them wait.
    pub async fn run(&self, mut between: impl AsyncFnMut()) {
        while self.all_wait().await {
            between().await;
            let drawn = {
                let mut draw = self.draw();
                let waiting = draw.waiting.len();
                let next = draw.random.below(waiting);
                draw.waiting.swap_remove(next)
            };
            // It did not go away: nothing ran since all were seen to wait.
            let _ = drawn.send(());
        }
    }

    /// Whether there are tasks, once all of them wait.
    async fn all_wait(&self) -> bool {
        loop {
            {
                let mut draw = self.draw();
                draw.waiting.retain(|waiting| !waiting.is_closed());
                if draw.waiting.len() == draw.tasks {
                    return draw.tasks > 0;
                }
            }
            self.0.changed.notified().await;
        }
    }

    fn draw(&self) -> MutexGuard<'_, Draw> {
        self.0.draw.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A task that is not over yet.
struct Counted<'a>(&'a Lots);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        let Self(lots) = self;
        lots.draw().tasks -= 1;
        lots.0.changed.notify_one();
    }
}

/// Runs something until it has come to so many points, and drops it where it then stands.
pub(super) async fn dropped_after<T>(points: u32, what: impl Future<Output = T>) -> Option<T> {
    let counting = async {
        let mut what = pin!(what);
        poll_fn(|context| match what.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if POINTS.with(Cell::get) >= points => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    };
    POINTS.scope(Cell::new(0), counting).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(seed: u64) -> Vec<usize> {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let lots = Lots::new(seed);
        let order = Arc::new(Mutex::new(Vec::new()));
        let all = async {
            for number in 0..5 {
                let (lots, order) = (lots.clone(), Arc::clone(&order));
                lots.clone().spawn(async move {
                    for step in 0..3 {
                        lots.point().await;
                        // What leaves the thread does not let another in.
                        tokio::task::yield_now().await;
                        order.lock().unwrap().push(10 * number + step);
                    }
                });
            }
            lots.run(async || ()).await;
        };
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime.unwrap(), all);
        Arc::into_inner(order).unwrap().into_inner().unwrap()
    }

    #[test]
    fn the_seed_decides_the_order_and_all_come_to_their_ends() {
        let first = order(1);
        assert_eq!(first.len(), 15);
        assert_eq!(first, order(1));
        assert_ne!(first, order(2));
        for number in 0..5 {
            let own = first.iter().filter(|it| **it / 10 == number);
            assert!(own.is_sorted());
        }
    }

    #[test]
    fn what_is_given_up_ends_at_the_point_it_came_to() {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let lots = Lots::new(1);
        let seen = Arc::new(Mutex::new((0, None)));
        let all = async {
            let (own, there) = (lots.clone(), Arc::clone(&seen));
            lots.spawn(async move {
                let long = async {
                    for _ in 0..9 {
                        there.lock().unwrap().0 += 1;
                        own.point().await;
                    }
                };
                let done = dropped_after(3, long).await;
                there.lock().unwrap().1 = Some(done.is_some());
            });
            lots.run(async || ()).await;
        };
        tokio::task::LocalSet::new().block_on(&runtime.unwrap(), all);
        assert_eq!(*seen.lock().unwrap(), (3, Some(false)));
    }
}
