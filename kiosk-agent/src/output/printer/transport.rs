//! IPP over HTTP/1.1 (RFC 8010, section 3): one connection a request, TLS 1.3 where the address is `ipps`.

use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::{Request, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use ipp::model::StatusCode;
use ipp::parser::IppParser;
use ipp::reader::IppReader;
use ipp::request::IppRequestResponse;
use issuance_channel::client::Way;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::super::OutputError;
use super::{AddressError, PrinterAddress};

/// A printer that takes longer to answer one request does not answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// A printer's description of itself is some 20 KiB.
const ANSWER_LIMIT: usize = 1 << 20;

/// Why there is no answer that says success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// No connection, or none that could be trusted: the printer knows nothing of the request.
    Unreached,
    /// The request went, in part at least, and nothing that can be understood came back: the printer may have done it.
    Unanswered,
    /// The printer says no.
    Refused(StatusCode),
    /// It cannot be said in IPP.
    Unsaid,
}

impl From<Failure> for OutputError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unreached | Failure::Unanswered => Self::Unavailable,
            Failure::Refused(_) | Failure::Unsaid => Self::Failed,
        }
    }
}

#[derive(Debug)]
pub(super) struct Transport {
    address: PrinterAddress,
    pub(super) way: Way,
    tls: Option<Tls>,
}

/// TCP, or TLS over it.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Whether texts and names with a language (RFC 8010, section 3.9), which have lengths of their own, end where their values do: the parser
/// takes that for granted, and panics.
fn lengths_fit(answer: &[u8]) -> Option<()> {
    fn take<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
        let (length, rest) = bytes.split_first_chunk()?;
        let (taken, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        *bytes = rest;
        Some(taken)
    }
    /// Version, status, number of the request.
    const HEAD: usize = 8;
    /// Lower ones begin a group, or end the answer.
    const VALUES: u8 = 0x10;
    const END: u8 = 0x03;
    let mut rest = answer.get(HEAD..)?;
    while let Some((tag, behind)) = rest.split_first().filter(|(tag, _)| **tag != END) {
        rest = behind;
        if *tag >= VALUES {
            let (_, mut value) = (take(&mut rest)?, take(&mut rest)?);
            if matches!(tag, 0x35 | 0x36) {
                let (_, _) = (take(&mut value)?, take(&mut value)?);
            }
        }
    }
    Some(())
}

/// An answer's body, if it says success.
pub(super) fn successful(answer: Bytes) -> Result<IppRequestResponse, Failure> {
    if lengths_fit(&answer).is_none() {
        return Err(Failure::Unanswered);
    }
    let answer = IppParser::new(IppReader::new(Cursor::new(answer))).parse();
    let answer = answer.map_err(|_| Failure::Unanswered)?;
    let status = answer.header().status_code();
    if status.is_success() {
        Ok(answer)
    } else {
        Err(Failure::Refused(status))
    }
}

impl Transport {
    pub(super) fn new(address: &PrinterAddress, ca: Option<&Path>) -> Result<Self, AddressError> {
        let tls = address
            .is_encrypted()
            .then(|| Tls::new(address, ca))
            .transpose()?;
        Ok(Self {
            address: address.clone(),
            way: Way::default(),
            tls,
        })
    }

    /// Sends an operation and, behind it, a document; the printer's answer if it says success.
    pub(super) async fn send(
        &self,
        request: IppRequestResponse,
        document: Bytes,
    ) -> Result<IppRequestResponse, Failure> {
        let body = Full::new([request.to_bytes(), document].concat().into());
        let deadline = Instant::now() + ANSWER_WITHIN;
        let stream = timeout_at(deadline, self.connect())
            .await
            .map_err(|_| Failure::Unreached)??;
        let answer = timeout_at(deadline, self.exchange(stream, body))
            .await
            .map_err(|_| Failure::Unanswered)??;
        successful(answer)
    }

    async fn connect(&self) -> Result<Box<dyn Stream>, Failure> {
        let address = (self.address.host(), self.address.port());
        let stream = self.way.connect(address).await;
        let stream = stream.map_err(|_| Failure::Unreached)?;
        match &self.tls {
            None => Ok(Box::new(stream)),
            Some(tls) => {
                let connected = tls.connector.connect(tls.name.clone(), stream).await;
                Ok(Box::new(connected.map_err(|_| Failure::Unreached)?))
            }
        }
    }

    async fn exchange(&self, stream: Box<dyn Stream>, body: Full<Bytes>) -> Result<Bytes, Failure> {
        let unanswered = |_| Failure::Unanswered;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(unanswered)?;
        let request = Request::post(self.address.path())
            .header(
                header::HOST,
                format!("{}:{}", self.address.host(), self.address.port()),
            )
            .header(header::CONTENT_TYPE, "application/ipp")
            .header(header::CONNECTION, "close")
            .body(body)
            .map_err(|_| Failure::Unsaid)?;
        let answer = async move {
            let answer = sender.send_request(request).await.map_err(unanswered)?;
            if !answer.status().is_success() {
                return Err(Failure::Unanswered);
            }
            let body = Limited::new(answer.into_body(), ANSWER_LIMIT)
                .collect()
                .await;
            Ok(body.map_err(|_| Failure::Unanswered)?.to_bytes())
        };
        // The connection lives exactly as long as its one request; how it is closed after the answer is no matter.
        let (_, answer) = tokio::join!(connection, answer);
        answer
    }
}

impl Tls {
    fn new(address: &PrinterAddress, ca: Option<&Path>) -> Result<Self, AddressError> {
        let mut roots = RootCertStore::empty();
        let ca = ca.ok_or(AddressError::Authority)?;
        for certificate in CertificateDer::pem_file_iter(ca).map_err(|_| AddressError::Authority)? {
            let certificate = certificate.map_err(|_| AddressError::Authority)?;
            roots
                .add(certificate)
                .map_err(|_| AddressError::Authority)?;
        }
        if roots.is_empty() {
            return Err(AddressError::Authority);
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("the provider has TLS 1.3 suites")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.resumption = rustls::client::Resumption::disabled();
        let name =
            ServerName::try_from(address.host().to_owned()).map_err(|_| AddressError::Form)?;
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_inside_a_value_that_goes_beyond_it_is_no_answer() {
        // A name with a language, `en`, and the name: found by the fuzz target `printer`, the parser panicked.
        let answer = |inner: u8| {
            let value = [&[0, inner][..], b"en", &[0, 1], b"x"].concat();
            let length = u8::try_from(value.len()).unwrap();
            [
                &[2, 0, 0, 0, 0, 0, 0, 1, 0x02, 0x36, 0, 8][..],
                b"job-name",
                &[0, length],
                &value,
                &[0x03],
            ]
            .concat()
        };
        assert!(successful(answer(2).into()).is_ok());
        assert_eq!(
            successful(answer(200).into()).err(),
            Some(Failure::Unanswered)
        );
    }
}
