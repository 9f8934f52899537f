//! The sending end: bytes from a file into TLS, and nothing else.

use std::{path::Path, sync::Arc};

use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    version::TLS13,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use crate::{Outcome, say_line};

/// What stands in the certificate.
pub const NAME: &str = "limit.volbridge.invalid";

/// Bytes handed to TLS at once.
const PIECE: usize = 256 << 10;

/// Listens with a new certificate, says where, and sends a file to whoever calls; ends with standard input.
pub async fn send(certificate: &Path, file: &Path) -> Outcome<()> {
    let (listener, acceptor) = listen(certificate).await?;
    // The first reading brings it into memory: the disk isn't what is measured here.
    tokio::io::copy(&mut tokio::fs::File::open(file).await?, &mut tokio::io::sink()).await?;
    say_line(&listener.local_addr()?.to_string())?;
    let mut stdin = tokio::io::stdin();
    let sending = async {
        loop {
            let (transport, _) = listener.accept().await?;
            transport.set_nodelay(true)?;
            let mut stream = acceptor.accept(transport).await?;
            let mut from = tokio::fs::File::open(file).await?;
            from.set_max_buf_size(PIECE);
            let mut piece = vec![0; PIECE];
            loop {
                match from.read(&mut piece).await? {
                    0 => break,
                    length => stream.write_all(piece.get(..length).unwrap_or_default()).await?,
                }
            }
            stream.shutdown().await?;
        }
    };
    let mut ended = Vec::new();
    tokio::select! {
        result = sending => result,
        _ = stdin.read_to_end(&mut ended) => Ok(()),
    }
}

/// A listener with a certificate of its own, which is written to a file for whoever is to call.
pub async fn listen(certificate: &Path) -> Outcome<(TcpListener, TlsAcceptor)> {
    let made = rcgen::generate_simple_self_signed([NAME.to_owned()])?;
    tokio::fs::write(certificate, made.cert.der()).await?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_protocol_versions(&[&TLS13])
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    Ok((listener, TlsAcceptor::from(Arc::new(config))))
}
