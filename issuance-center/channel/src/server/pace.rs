//! Deadlines of a connection by what it is doing: idle, sending a header, being answered, taking the answer.
//!
//! hyper's own header deadline also runs while a connection is idle, and nothing of hyper's covers a peer that does not
//! take its answer. So the stream itself keeps time: an overdue read or write fails with `TimedOut`.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};

use super::Limits;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Between requests.
    Idle,
    /// A request began.
    Header,
    /// Body and handler, which have deadlines of their own.
    Handling,
    /// The answer goes out.
    Answering,
    /// Time ran out.
    Overdue,
}

/// Phase and deadline, shared by a stream and whoever handles its requests.
#[derive(Clone)]
pub(super) struct Pace {
    limits: Arc<Limits>,
    now: Arc<Mutex<(Phase, Instant)>>,
}

impl Pace {
    pub(super) fn new(limits: Arc<Limits>) -> Self {
        let deadline = Instant::now() + limits.header;
        Self {
            limits,
            now: Arc::new(Mutex::new((Phase::Header, deadline))),
        }
    }

    pub(super) fn enter(&self, phase: Phase) {
        let limits = &self.limits;
        let time = match phase {
            Phase::Idle => limits.idle,
            Phase::Header => limits.header,
            Phase::Handling => limits.body + limits.handler + limits.answer,
            Phase::Answering => limits.answer,
            Phase::Overdue => Duration::ZERO,
        };
        *self.lock() = (phase, Instant::now() + time);
    }

    fn step(&self, from: Phase, to: Phase) {
        if self.lock().0 == from {
            self.enter(to);
        }
    }

    /// hyper keeps to itself that an idle stream failed.
    pub(super) fn is_overdue(&self) -> bool {
        self.lock().0 == Phase::Overdue
    }

    fn deadline(&self) -> Instant {
        self.lock().1
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (Phase, Instant)> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that keeps the pace.
pub(super) struct Paced<T> {
    io: T,
    pace: Pace,
    timer: Pin<Box<Sleep>>,
}

impl<T> Paced<T> {
    pub(super) fn new(io: T, pace: Pace) -> Self {
        let timer = Box::pin(tokio::time::sleep_until(pace.deadline()));
        Self { io, pace, timer }
    }

    /// For a call that has to wait: it waits, or is overdue.
    fn wait<R>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<R>> {
        let deadline = self.pace.deadline();
        if self.timer.deadline() != deadline {
            self.timer.as_mut().reset(deadline);
        }
        ready!(self.timer.as_mut().poll(cx));
        self.pace.enter(Phase::Overdue);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Paced<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.io).poll_read(cx, buffer) {
            Poll::Pending => self.wait(cx),
            done => {
                self.pace.step(Phase::Idle, Phase::Header);
                done
            }
        }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Paced<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.pace.step(Phase::Idle, Phase::Answering);
        match Pin::new(&mut self.io).poll_write(cx, bytes) {
            Poll::Pending => self.wait(cx),
            done => done,
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.pace.step(Phase::Idle, Phase::Answering);
        match Pin::new(&mut self.io).poll_write_vectored(cx, pieces) {
            Poll::Pending => self.wait(cx),
            done => done,
        }
    }

    /// Else hyper would copy each answer once more.
    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.io).poll_flush(cx) {
            Poll::Pending => self.wait(cx),
            done => {
                self.pace.step(Phase::Answering, Phase::Idle);
                done
            }
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.io).poll_shutdown(cx) {
            Poll::Pending => self.wait(cx),
            done => done,
        }
    }
}
