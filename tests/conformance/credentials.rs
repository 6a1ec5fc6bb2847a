//! How tessera shows a web service who it is, and by which way it goes there.

use std::time::Duration;

use secrecy::SecretString;
use tessera::mosaic::{Dialect, RestCarrier, RestCredentials, RestSettings, RestTrouble};
use tessera::writeback::{Carried, Carrier as _, Found};

use super::model::{Fault, Served};
use super::{PERSON, clock, every_kind};
use crate::mosaic::credentials;

fn carrier(settings: RestSettings) -> Result<RestCarrier, RestTrouble> {
    let dialect = Dialect::read("x", include_str!("../../mappings/dialects/rest-default.toml")).0.unwrap();
    RestCarrier::new(dialect, RestSettings { rate_per_second: 100_000, ..settings }, clock())
}

fn shown(served: &Served, method: &str) -> Vec<String> {
    let world = served.world.lock().unwrap();
    let asked = world.asked.iter().filter(|(asked, path, _)| asked == method && path != "/oauth/token");
    asked.map(|(_, _, shown)| shown.clone()).collect()
}

#[tokio::test]
async fn a_key_a_password_or_nothing_is_shown_with_every_request_and_no_token_is_asked_for() {
    let key = |header: &str| RestCredentials::ApiKey { header: header.into(), key: SecretString::from("the-key") };
    let basic = RestCredentials::Basic { user: "tessera".into(), password: SecretString::from("secret") };
    let ways = [
        (key("Authorization"), "the-key"),
        (key("X-Api-Key"), ""),
        (basic, "Basic dGVzc2VyYTpzZWNyZXQ="),
        (RestCredentials::Certificate, ""),
    ];
    for (credentials, wanted) in ways {
        let served = Served::start().await;
        let carrier = carrier(RestSettings::new(&served.url, credentials.clone())).unwrap();
        for write_back in every_kind(PERSON, 1) {
            assert!(matches!(carrier.carry(&write_back).await, Carried::Done(_)));
            assert!(matches!(carrier.find(&write_back).await, Found::Once(_)));
        }
        for method in ["GET", "POST", "PATCH"] {
            assert!(shown(&served, method).iter().all(|shown| shown == wanted), "{credentials:?}");
        }
        let world = served.world.lock().unwrap();
        assert_eq!(world.tokens, 0, "{credentials:?}");
        let own_header = matches!(&credentials, RestCredentials::ApiKey { header, .. } if header == "X-Api-Key");
        assert_eq!(world.keys.iter().filter(|key| *key == "the-key").count() > 0, own_header, "{credentials:?}");
        assert!(!format!("{credentials:?} {carrier:?}").contains("the-key"), "a key shows itself");
    }
}

#[tokio::test]
async fn what_is_not_let_in_was_not_done_and_is_not_asked_for_ever() {
    let basic = RestCredentials::Basic { user: "tessera".into(), password: SecretString::from("wrong") };
    for (credentials, requests) in [(basic, 1), (credentials(), 2)] {
        let served = Served::start().await;
        (0..5).for_each(|_| served.fail(Fault::Status(401, false, None)));
        let carrier = carrier(RestSettings::new(&served.url, credentials)).unwrap();
        let carried = carrier.carry(&every_kind(PERSON, 1)[0]).await;
        assert!(matches!(carried, Carried::Unsent { .. }), "{carried:?}");
        assert_eq!(served.asked("POST"), requests);
    }
}

#[tokio::test]
async fn a_token_is_renewed_before_its_end_and_once_when_it_is_refused() {
    let served = Served::start().await;
    served.world.lock().unwrap().expires_in = Some(600);
    let carrier = carrier(RestSettings::new(&served.url, credentials())).unwrap();
    let note = &every_kind(PERSON, 1)[0];
    let tokens = || served.world.lock().unwrap().tokens;
    for _ in 0..3 {
        carrier.find(note).await;
    }
    assert_eq!(tokens(), 1);
    served.world.lock().unwrap().refused_tokens = 1;
    assert!(matches!(carrier.carry(note).await, Carried::Done(_)));
    assert_eq!((tokens(), served.effects(note)), (2, 1));

    // Many at once that are refused ask for one new token between them.
    served.world.lock().unwrap().refused_tokens = 2;
    let found = futures::future::join_all((0..20).map(|_| carrier.find(note))).await;
    assert!(found.iter().all(|found| matches!(found, Found::Once(_))), "{found:?}");
    assert_eq!(tokens(), 3);

    // One that is good for two seconds is used for one.
    let served = Served::start().await;
    served.world.lock().unwrap().expires_in = Some(2);
    let carrier = self::carrier(RestSettings::new(&served.url, credentials())).unwrap();
    carrier.find(note).await;
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    carrier.find(note).await;
    assert_eq!(served.world.lock().unwrap().tokens, 2);
    assert!(shown(&served, "GET").iter().all(|shown| shown.starts_with("Bearer token-")));
}

#[tokio::test]
async fn a_slow_answer_is_waited_for_as_long_as_the_configuration_says() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let key = RestCredentials::ApiKey { header: "X-Api-Key".into(), key: SecretString::from("key") };
    let answer_time = Duration::from_millis(100);
    let carrier = carrier(RestSettings { answer_time, ..RestSettings::new(url, key) }).unwrap();
    let began = std::time::Instant::now();
    assert!(matches!(carrier.carry(&every_kind(PERSON, 1)[0]).await, Carried::Unknown { .. }));
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_proxy_is_used_where_it_is_configured_and_only_for_what_is_encrypted() {
    let proxy = Served::start().await;
    let through = |url: &str| RestSettings { proxy: Some(proxy.url.clone()), ..RestSettings::new(url, credentials()) };
    let carrier = carrier(through("https://mosaic.invalid")).unwrap();
    let carried = carrier.carry(&every_kind(PERSON, 1)[0]).await;
    assert!(matches!(carried, Carried::Unsent { .. }), "{carried:?}");
    let asked: Vec<String> =
        proxy.world.lock().unwrap().asked.iter().map(|(m, path, _)| format!("{m} {path}")).collect();
    assert!(!asked.is_empty() && asked.iter().all(|asked| asked == "CONNECT mosaic.invalid:443"), "{asked:?}");
    assert!(matches!(self::carrier(through("http://127.0.0.1:1")), Err(RestTrouble::Proxy(_))));
    let wrong =
        RestSettings { proxy: Some("://".into()), ..RestSettings::new("https://mosaic.invalid", credentials()) };
    assert!(matches!(self::carrier(wrong), Err(RestTrouble::Proxy(_))));
}

#[tokio::test]
async fn a_client_certificate_that_is_none_is_refused_without_showing_it() {
    let pem = SecretString::from("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----");
    let settings = RestSettings::new("https://mosaic.invalid", RestCredentials::Certificate);
    let refused = carrier(RestSettings { client_certificate: Some(pem), ..settings }).unwrap_err();
    assert!(matches!(refused, RestTrouble::ClientCertificate));
    assert!(!format!("{refused} {refused:?}").contains("c2Vj"));
}
