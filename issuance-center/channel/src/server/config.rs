//! What a listener is told.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::tls::{self, PublicFiles, TlsFiles};

/// A listener with certificates on both sides.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MutualConfig {
    /// Address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Own certificate and key; roots and revocation lists of those who may come.
    pub tls: TlsFiles,
    /// Roots under which apps' certificates are believed, and nobody else's; no revocation lists. PEM. Without any there are no
    /// apps: those of `tls` are not believed of any.
    #[serde(default)]
    pub apps: Option<PathBuf>,
    /// Limits and deadlines.
    #[serde(default)]
    pub limits: Limits,
    /// What of the limits is apps' at most: the rest is kept for everybody else.
    #[serde(default)]
    pub app_limits: AppLimits,
}

/// What of a listener's [`Limits`] all apps together have at most. What is not given is half.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppLimits {
    /// Open connections. The first request of one more is answered `busy`, and it is closed.
    pub connections: Option<usize>,
    /// Requests at work; one more is answered `busy`.
    pub requests: Option<usize>,
}

impl AppLimits {
    /// Open connections, under these limits of the whole listener.
    #[must_use]
    pub fn connections(&self, limits: &Limits) -> usize {
        self.connections.unwrap_or(limits.connections / 2)
    }

    /// Requests at work, under these limits of the whole listener.
    #[must_use]
    pub fn requests(&self, limits: &Limits) -> usize {
        self.requests.unwrap_or(limits.requests / 2)
    }

    /// Whether something is left to the others.
    #[must_use]
    pub fn leave_something(&self, limits: &Limits) -> bool {
        self.connections(limits) < limits.connections && self.requests(limits) < limits.requests
    }
}

/// A listener that anybody may talk to, over TLS.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicConfig {
    /// Address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Own certificate and key.
    pub tls: PublicFiles,
    /// Limits and deadlines: what is not given is [`Limits::public`].
    #[serde(default = "Limits::public", deserialize_with = "public_limits")]
    pub limits: Limits,
}

/// A listener for those who have no certificate yet: one short exchange a connection.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnonymousConfig {
    /// Address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Own certificate and key.
    pub tls: PublicFiles,
    /// Connections a minute of one address (of IPv6 one network's of 64 bits); one more is closed at once.
    #[serde(default = "sixty")]
    pub per_minute: u32,
    /// Limits and deadlines: what is not given is [`Limits::public`].
    #[serde(default = "Limits::public", deserialize_with = "public_limits")]
    pub limits: Limits,
}

const fn sixty() -> u32 {
    60
}

/// A plain listener on this machine's loopback.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoopbackConfig {
    /// A loopback address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Limits and deadlines: what is not given is [`Limits::loopback`].
    #[serde(default = "Limits::loopback", deserialize_with = "loopback_limits")]
    pub limits: Limits,
}

/// Limits and deadlines of a listener. In a file the times are whole milliseconds, `handshake_ms = 5000`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Open connections. With one more an unfinished handshake is closed for it, or where there is none, it itself.
    pub connections: usize,
    /// Of these, one identity's on a [`mutual`](super::mutual()) listener, where one more is closed after its handshake; one address's on
    /// a [`public`](super::public()) one (of IPv6 one network's of 64 bits), where one more is closed at once.
    pub connections_per_peer: usize,
    /// Of the open connections, those that are nobody's yet: TLS is not up, or the certificate is not of one who may come. With one more the
    /// oldest is closed. What is not given is half of the connections; never less than one.
    pub handshakes: Option<usize>,
    /// Of these, what one address (of IPv6 one network of 64 bits) may have, if others want the room, before its own are closed and nobody
    /// else's. What is not given is a 32nd of them; never less than one.
    pub handshakes_per_address: Option<usize>,
    /// Requests at work, from the end of their bodies on; one more is answered `busy`.
    pub requests: usize,
    /// Bytes of a request's body, as sent.
    pub body_bytes: usize,
    /// Header fields of a request.
    pub headers: usize,
    /// Until TLS is up.
    #[serde(rename = "handshake_ms", deserialize_with = "tls::milliseconds")]
    pub handshake: Duration,
    /// From a request's first byte to the end of its header.
    #[serde(rename = "header_ms", deserialize_with = "tls::milliseconds")]
    pub header: Duration,
    /// From there to the end of its body.
    #[serde(rename = "body_ms", deserialize_with = "tls::milliseconds")]
    pub body: Duration,
    /// For the service to answer.
    #[serde(rename = "handler_ms", deserialize_with = "tls::milliseconds")]
    pub handler: Duration,
    /// For the peer to take the answer.
    #[serde(rename = "answer_ms", deserialize_with = "tls::milliseconds")]
    pub answer: Duration,
    /// Between requests.
    #[serde(rename = "idle_ms", deserialize_with = "tls::milliseconds")]
    pub idle: Duration,
    /// For open requests to end when the listener stops.
    #[serde(rename = "drain_ms", deserialize_with = "tls::milliseconds")]
    pub drain: Duration,
    /// Between two readings of certificates and revocation lists.
    #[serde(rename = "reload_ms", deserialize_with = "tls::milliseconds")]
    pub reload: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            connections_per_peer: 64,
            handshakes: None,
            handshakes_per_address: None,
            requests: 256,
            body_bytes: 64 * 1024,
            headers: 32,
            handshake: Duration::from_secs(5),
            header: Duration::from_secs(5),
            body: Duration::from_secs(5),
            handler: Duration::from_secs(10),
            answer: Duration::from_secs(10),
            idle: Duration::from_secs(120),
            drain: Duration::from_secs(10),
            reload: Duration::from_secs(20),
        }
    }
}

impl Limits {
    /// Unfinished handshakes.
    #[must_use]
    pub fn handshakes(&self) -> usize {
        self.handshakes.unwrap_or(self.connections / 2).max(1)
    }

    /// Unfinished handshakes of one address before its own are closed.
    #[must_use]
    pub fn handshakes_per_address(&self) -> usize {
        let of_one = self.handshakes_per_address;
        of_one.unwrap_or(self.handshakes() / 32).max(1)
    }

    /// For whom nobody knows: few connections, few of one address, none kept long for nothing.
    #[must_use]
    pub fn public() -> Self {
        Self {
            connections: 512,
            connections_per_peer: 32,
            requests: 64,
            idle: Duration::from_secs(10),
            ..Self::default()
        }
    }

    /// For the operator's own programs.
    #[must_use]
    pub fn loopback() -> Self {
        Self {
            connections: 64,
            ..Self::default()
        }
    }
}

fn public_limits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Limits, D::Error> {
    over(Limits::public(), deserializer)
}

fn loopback_limits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Limits, D::Error> {
    over(Limits::loopback(), deserializer)
}

/// What a file says, and of the rest the first four of `base`: these are what kinds of listener differ in.
fn over<'de, D: Deserializer<'de>>(base: Limits, deserializer: D) -> Result<Limits, D::Error> {
    let mut said = serde_json::Map::deserialize(deserializer)?;
    let idle = u64::try_from(base.idle.as_millis()).map_err(D::Error::custom)?;
    for (name, value) in [
        ("connections", base.connections.into()),
        ("connections_per_peer", base.connections_per_peer.into()),
        ("requests", base.requests.into()),
        ("idle_ms", idle.into()),
    ] {
        said.entry(name).or_insert(value);
    }
    Limits::deserialize(serde_json::Value::Object(said)).map_err(D::Error::custom)
}
