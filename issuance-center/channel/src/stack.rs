//! Threads' stacks: what was called and has returned leaves copies where it stood. Values that are moved are copied, and no type wipes what it
//! was moved from; memory that was allocated is wiped as it is freed, this is the rest.

use std::{
    future::poll_fn,
    hint::black_box,
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
};

/// Off where somebody measures what it costs.
static OVERWRITES: AtomicBool = AtomicBool::new(true);

/// From now on this process leaves its stacks as they are, so that somebody can measure what overwriting them costs. No program that is shipped
/// calls it.
pub fn leave_as_they_are() {
    OVERWRITES.store(false, Ordering::Relaxed);
}

/// Bytes below the caller's frame that are overwritten: more than any of what is called here takes. Without optimisation a frame is many times
/// as large. `./shomei experiment G3` is who says whether it is enough; a thread has 2 MiB.
const DEPTH: usize = match cfg!(debug_assertions) {
    true => 1024 * 1024,
    false => 256 * 1024,
};

/// Runs a future, and overwrites the stack below it each time it has worked: whether it goes on, is done, panicked, or will be dropped.
pub async fn wiped<F: Future>(future: F) -> F::Output {
    /// However the frame that holds it is left.
    struct Left;
    impl Drop for Left {
        fn drop(&mut self) {
            overwrite();
        }
    }
    let mut future = pin!(future);
    poll_fn(|context| {
        let _left = Left;
        future.as_mut().poll(context)
    })
    .await
}

/// Overwrites this thread's stack below the caller.
#[inline(never)]
pub fn overwrite() {
    if OVERWRITES.load(Ordering::Relaxed) {
        overwrite_now();
    }
}

#[inline(never)]
fn overwrite_now() {
    // A variable: a constant's reference would be to memory elsewhere. Written, since it may be looked at.
    let mut below = [0_u8; DEPTH];
    black_box(&mut below);
}

#[cfg(test)]
mod tests {
    use std::{
        fs::File,
        os::unix::fs::FileExt,
        panic::{AssertUnwindSafe, catch_unwind},
        pin::Pin,
        sync::atomic::AtomicU64,
        task::Poll,
    };

    use super::*;

    /// Leaves something on the stack, and says where.
    #[inline(never)]
    fn leave() -> u64 {
        let secret = black_box([0xA5_u8; 4096]);
        black_box(&secret).as_ptr().addr() as u64
    }

    /// How much of it still stands there. Not in a stack's frame: reading would overwrite what is to be read.
    fn left(place: u64) -> usize {
        let memory = File::open("/proc/self/mem").unwrap();
        let mut there = vec![0; 4096];
        memory.read_exact_at(&mut there, place).unwrap();
        there.iter().filter(|byte| **byte == 0xA5).count()
    }

    #[test]
    fn what_was_called_leaves_nothing() {
        let place = leave();
        assert!(left(place) > 1000, "the control: it is left otherwise");
        let place = leave();
        overwrite();
        assert_eq!(left(place), 0);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn what_a_future_called_leaves_nothing() {
        let place = wiped(async {
            let place = leave();
            tokio::task::yield_now().await;
            assert_eq!(left(place), 0, "nor while it waits");
            leave()
        })
        .await;
        assert_eq!(left(place), 0);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn nor_does_one_that_panics() {
        let place = AtomicU64::new(0);
        let leaves = || {
            place.store(leave(), Ordering::Relaxed);
            panic!("as it was to");
        };
        let caught = |future: Pin<Box<dyn Future<Output = ()>>>| {
            let mut future = future;
            poll_fn(move |context| {
                let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
                Poll::Ready(polled.is_err())
            })
        };
        assert!(caught(Box::pin(wiped(async { leaves() }))).await);
        assert_eq!(left(place.load(Ordering::Relaxed)), 0);
    }
}
