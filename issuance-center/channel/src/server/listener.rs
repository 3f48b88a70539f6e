//! Accepting, and one connection from its first byte to its last.

use std::{convert::Infallible, pin::pin, sync::Arc};

use bytes::Bytes;
use http::{Request, header, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::{
    body::{Body as _, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use issuance_api::ProblemCode;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{Duration, MissedTickBehavior, interval, sleep, timeout},
};

use super::{
    Event, Limits, Reload,
    pace::{Pace, Paced, Phase},
    places::origin,
    reply::{Reply, last},
    seats::{Seat, Seats},
};
use crate::{request, stack};

const HEADER_BYTES: usize = 16 * 1024;

/// What the kinds of listener differ in.
pub(super) trait Front: Send + Sync + 'static {
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;
    type Session: Send + Sync + 'static;

    /// Makes a session of an accepted stream; reports why not.
    fn open(
        &self,
        stream: TcpStream,
    ) -> impl Future<Output = Option<(Self::Io, Self::Session)>> + Send;

    /// Whether it is somebody who may come. Who is not is told so, and has no place of its own.
    fn admits(&self, session: &Self::Session) -> bool;

    /// Ends when the session must.
    fn end(&self, session: &Self::Session) -> impl Future<Output = Event> + Send;

    /// Whether a request with this head may have a body.
    fn takes_body(&self, head: &Parts) -> bool;

    /// Answers one request.
    fn answer(
        &self,
        session: &Self::Session,
        head: &Parts,
        body: Bytes,
    ) -> impl Future<Output = Reply> + Send;

    /// Wipes keys whose time is over, used or not; called as often as files are read again.
    fn tidy(&self);

    /// What reads its files again.
    fn reloader(&self) -> Arc<dyn Reload>;

    fn event(&self, event: Event);
}

/// Serves until told to stop, or nobody is left to tell.
pub(super) async fn run<F: Front>(
    listener: TcpListener,
    front: Arc<F>,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
) {
    let limits = Arc::new(limits);
    let at_work = Arc::new(Semaphore::new(limits.requests));
    let seats = Seats::new(&limits);
    let mut connections = JoinSet::new();
    let mut reload = interval(limits.reload.max(Duration::from_millis(1)));
    reload.set_missed_tick_behavior(MissedTickBehavior::Delay);
    reload.reset();
    loop {
        tokio::select! {
            () = told(&mut stop) => break,
            _ = reload.tick() => {
                front.tidy();
                reload_files(&front).await;
            }
            Some(ended) = connections.join_next() => report(&*front, &ended),
            // Who lost a seat is out before many more come: so many descriptors there are.
            accepted = listener.accept(), if connections.len() <= limits.connections => match accepted {
                Ok((stream, from)) => {
                    let Some((seat, displaced)) = seats.take(origin(from.ip())) else {
                        front.event(Event::OverLimit);
                        continue;
                    };
                    if displaced {
                        front.event(Event::HandshakesOverLimit);
                    }
                    let connection = Connection {
                        front: Arc::clone(&front),
                        limits: Arc::clone(&limits),
                        at_work: Arc::clone(&at_work),
                    };
                    connections.spawn(connection.run(stream, seat, stop.clone()));
                }
                Err(_) => {
                    front.event(Event::AcceptFailed);
                    // Out of descriptors, most likely: they come back as connections end.
                    sleep(Duration::from_millis(20)).await;
                }
            },
        }
    }
    drop(listener);
    let all_ended = async {
        while let Some(ended) = connections.join_next().await {
            report(&*front, &ended);
        }
    };
    if timeout(limits.drain, all_ended).await.is_err() {
        connections.shutdown().await;
    }
}

async fn reload_files<F: Front>(front: &Arc<F>) {
    let reloader = front.reloader();
    let reloaded = tokio::task::spawn_blocking(move || reloader.reload()).await;
    if !matches!(reloaded, Ok(Ok(()))) {
        front.event(Event::ReloadFailed);
    }
}

fn report<F: Front>(front: &F, ended: &Result<(), tokio::task::JoinError>) {
    if ended.as_ref().is_err_and(tokio::task::JoinError::is_panic) {
        front.event(Event::Crashed);
    }
}

struct Connection<F> {
    front: Arc<F>,
    limits: Arc<Limits>,
    at_work: Arc<Semaphore>,
}

impl<F: Front> Connection<F> {
    async fn run(self, stream: TcpStream, mut seat: Seat, mut stop: watch::Receiver<bool>) {
        // Where the system refuses, answers are late but right.
        let _ = stream.set_nodelay(true);
        let opened = tokio::select! {
            opened = timeout(self.limits.handshake, self.front.open(stream)) => opened,
            () = seat.lost() => return,
            () = told(&mut stop) => return,
        };
        let (io, session) = match opened {
            Ok(Some(opened)) => opened,
            Ok(None) => return,
            Err(_) => return self.front.event(Event::HandshakeTimedOut),
        };
        let admitted = self.front.admits(&session);
        if admitted && !seat.admit() {
            return;
        }
        let pace = Pace::new(Arc::clone(&self.limits));
        let io = TokioIo::new(Paced::new(io, pace.clone()));
        let service = service_fn(|request| self.request(&session, &pace, request));
        let mut serving = pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(None)
                .half_close(false)
                .max_headers(self.limits.headers)
                .max_buf_size(HEADER_BYTES)
                .serve_connection(io, service)
        );
        let mut end = pin!(self.front.end(&session));
        let mut stopping = false;
        loop {
            tokio::select! {
                // What went wrong is the peer's doing, and nobody is left to be told.
                _ = serving.as_mut() => {
                    if pace.is_overdue() {
                        self.front.event(Event::TimedOut);
                    }
                    return;
                }
                event = end.as_mut() => return self.front.event(event),
                () = seat.lost(), if !admitted => return,
                () = told(&mut stop), if !stopping => {
                    stopping = true;
                    serving.as_mut().graceful_shutdown();
                }
            }
        }
    }

    /// Whatever is said of it from here on, refusals of the listener's own among it, is said of this request.
    async fn request(
        &self,
        session: &F::Session,
        pace: &Pace,
        request: Request<Incoming>,
    ) -> Result<Reply, Infallible> {
        pace.enter(Phase::Handling);
        let reply = request::one(self.reply(session, request)).await;
        pace.enter(Phase::Answering);
        Ok(reply)
    }

    async fn reply(&self, session: &F::Session, request: Request<Incoming>) -> Reply {
        let (head, body) = request.into_parts();
        // A body that only stalls takes its own connection's time, and no honest request's place.
        let body = match self.body(&head, body).await {
            Ok(body) => body,
            Err(code) => return last(code),
        };
        let Ok(_at_work) = self.at_work.try_acquire() else {
            self.front.event(Event::Busy);
            return last(ProblemCode::Busy);
        };
        let answer = stack::wiped(self.front.answer(session, &head, body));
        match timeout(self.limits.handler, answer).await {
            Ok(reply) => reply,
            Err(_) => {
                self.front.event(Event::HandlerTimedOut);
                last(ProblemCode::Busy)
            }
        }
    }

    async fn body(&self, head: &Parts, body: Incoming) -> Result<Bytes, ProblemCode> {
        if body.is_end_stream() {
            return Ok(Bytes::new());
        }
        if !self.front.takes_body(head) {
            return Err(ProblemCode::RequestMalformed);
        }
        let announced = head.headers.get(header::CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if announced.is_some_and(|length| length > self.limits.body_bytes) {
            return Err(ProblemCode::RequestTooLarge);
        }
        let body = Limited::new(body, self.limits.body_bytes).collect();
        match timeout(self.limits.body, body).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ProblemCode::RequestTooLarge),
            Ok(Err(_)) => Err(ProblemCode::RequestMalformed),
            Err(_) => {
                self.front.event(Event::TimedOut);
                Err(ProblemCode::RequestTimeout)
            }
        }
    }
}

/// Waits to be told to stop. That nobody is left who could tell is as good.
async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
