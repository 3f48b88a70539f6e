//! Where an address leads, and who looks it up.

use std::{
    fmt, io,
    net::{SocketAddr, ToSocketAddrs},
    pin::Pin,
    sync::Arc,
};

use tokio::net::TcpStream;

/// How a connection finds its server.
#[derive(Clone, Debug, Default)]
pub enum Way {
    /// Its address is looked up for every connection.
    #[default]
    LookedUp,
    /// It was looked up, for good: no name server decides later where requests go, and none has to be asked.
    Fixed(Vec<SocketAddr>),
    /// Somebody else looks it up, for every connection: this process takes the means to do so from itself.
    Asked(Arc<dyn Guide>),
}

/// Knows the way to one server.
pub trait Guide: fmt::Debug + Send + Sync {
    /// Where it is now.
    fn addresses(&self) -> Addresses<'_>;
}

/// An answer that may take its time. It is an error if the name leads nowhere.
pub type Addresses<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>>;

impl Way {
    /// Looks `host:port` up, for good.
    ///
    /// # Errors
    /// If it leads nowhere.
    pub fn fixed(address: &str) -> io::Result<Self> {
        let addresses: Vec<_> = address.to_socket_addrs()?.collect();
        match addresses.is_empty() {
            true => Err(io::ErrorKind::AddrNotAvailable.into()),
            false => Ok(Self::Fixed(addresses)),
        }
    }

    /// A connection to `address`, by this way.
    ///
    /// # Errors
    /// If there is none.
    pub async fn connect(&self, address: impl tokio::net::ToSocketAddrs) -> io::Result<TcpStream> {
        match self {
            Self::LookedUp => TcpStream::connect(address).await,
            Self::Fixed(addresses) => TcpStream::connect(addresses.as_slice()).await,
            Self::Asked(guide) => TcpStream::connect(guide.addresses().await?.as_slice()).await,
        }
    }

    /// Ports at the end of it, where they are known.
    pub fn ports(&self) -> impl Iterator<Item = u16> {
        let addresses = match self {
            Self::Fixed(addresses) => addresses.as_slice(),
            Self::LookedUp | Self::Asked(_) => &[],
        };
        addresses.iter().map(SocketAddr::port)
    }
}
