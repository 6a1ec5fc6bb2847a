//! Mutual TLS: a Mosaic with the council's own certificate authority that asks who is calling.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use secrecy::SecretString;
use tessera::mosaic::{Dialect, RestCarrier, RestCredentials, RestSettings};
use tessera::writeback::{Carried, Carrier as _, Found};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::model::{Served, read, write};
use super::{PERSON, clock, every_kind};

/// A certificate and its key, PEM.
struct Signed {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Signed {
    fn pem(&self) -> SecretString {
        SecretString::from(format!("{}{}", self.certificate.pem(), self.key.serialize_pem()))
    }
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn signed(authority: &CertifiedIssuer<'static, KeyPair>, name: &str) -> Signed {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    Signed { certificate: params.signed_by(&key, authority).unwrap(), key }
}

/// The model behind TLS. Returns its address.
async fn behind_tls(served: Served, authority: &CertifiedIssuer<'static, KeyPair>) -> String {
    let own = signed(authority, "localhost");
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let provider = Arc::new(default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone()).build().unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(own.key.serialize_der()));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![own.certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, served) = (acceptor.clone(), served.clone());
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                if let Some(asked) = read(&mut stream).await {
                    write(&mut stream, served.reply(&asked)).await;
                }
            });
        }
    });
    url
}

#[tokio::test]
async fn only_who_shows_a_certificate_of_the_councils_is_let_in() {
    let (council, stranger) = (authority(), authority());
    let served = Served::start().await;
    let url = behind_tls(served.clone(), &council).await;
    let carrier = |certificate: Option<SecretString>, authority: Option<String>| {
        let dialect = Dialect::read("x", include_str!("../../mappings/dialects/rest-default.toml")).0.unwrap();
        let settings = RestSettings {
            client_certificate: certificate,
            certificate_authority: authority.map(String::into_bytes),
            rate_per_second: 100_000,
            ..RestSettings::new(&url, RestCredentials::Certificate)
        };
        RestCarrier::new(dialect, settings, clock()).unwrap()
    };
    let (own, strangers) = (signed(&council, "tessera").pem(), signed(&stranger, "tessera").pem());
    for write_back in every_kind(PERSON, 1) {
        let well = carrier(Some(own.clone()), Some(council.pem()));
        assert!(matches!(well.carry(&write_back).await, Carried::Done(_)));
        assert!(matches!(well.find(&write_back).await, Found::Once(_)));
        assert_eq!(served.effects(&write_back), 1);
    }
    let asked = served.world.lock().unwrap().asked.len();
    let another = &every_kind(PERSON, 2)[0];
    for refused in [
        carrier(None, Some(council.pem())),
        carrier(Some(strangers), Some(council.pem())),
        carrier(Some(own.clone()), Some(stranger.pem())),
        carrier(Some(own), None),
    ] {
        let carried = refused.carry(another).await;
        assert!(!matches!(carried, Carried::Done(_) | Carried::Refused { .. }), "{carried:?}");
    }
    assert_eq!(served.world.lock().unwrap().asked.len(), asked, "somebody was let in");
}
