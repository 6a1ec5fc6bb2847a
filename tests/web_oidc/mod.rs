//! Signing in with an account of the council's, against an issuer on this machine.

mod issuer;

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use self::issuer::{CLIENT, Issuer, Key, SECRET};
use crate::runner::Tessera;
use crate::served::{Authority, Browser, Served, Shown};

const WANTED: &str = "/requests?panel=support-panel";
const BACK: &str = "/sign-in/council/back";

/// The pages of an installation that knows an issuer.
fn served(issuer: &str, more: &str) -> Served {
    served_with(issuer, more, "", |_| {})
}

fn served_with(issuer: &str, web: &str, oidc: &str, prepare: impl FnOnce(&Tessera)) -> Served {
    let tessera = Tessera::new("lincolnshire");
    prepare(&tessera);
    let configuration = std::fs::read_to_string(tessera.path("tessera.toml")).unwrap();
    let web = format!(
        "\n[web]\n{web}\n[web.oidc]\n{oidc}\nissuer = \"{issuer}\"\nclient-id = \"{CLIENT}\"\nclient-secret = {{ env = \"OIDC\" }}\n\
         [web.oidc.roles]\n\"Panel.Administrator\" = \"administrator\"\n\"Panel.Systems\" = \"systems\"\n"
    );
    tessera.write("tessera.toml", configuration + &web);
    Served::start_as(tessera, |command| {
        // A proxy of the environment is none of ours: nobody would answer there.
        command.env("OIDC", SECRET).env("TESSERA_LOG", "tessera=debug").env("HTTP_PROXY", "http://127.0.0.1:1");
    })
}

async fn both() -> (Issuer, Served) {
    let issuer = Issuer::start().await;
    let served = served(&issuer.url, "");
    (issuer, served)
}

/// Sets out for the issuer; where it leads back to.
async fn set_out(browser: &mut Browser) -> String {
    let led = browser.open(&format!("/sign-in/council?then={}", WANTED.replace('?', "%3F"))).await;
    assert_eq!(led.status, StatusCode::SEE_OTHER, "{led:?}");
    let back = browser.open(led.location()).await.location().to_owned();
    assert!(back.starts_with(&format!("{}{BACK}?", browser.url)), "{back}");
    back
}

/// Goes to the issuer and comes back.
async fn sign_in(browser: &mut Browser) -> Shown {
    let back = set_out(browser).await;
    browser.open(&back).await
}

/// That nobody is signed in in a browser.
async fn is_out(browser: &mut Browser) -> bool {
    let shown = browser.open("/").await;
    shown.status == StatusCode::SEE_OTHER && shown.location().starts_with("/sign-in")
}

#[tokio::test]
async fn somebody_signs_in_opens_a_page_and_signs_out_here_and_at_the_council() {
    let (issuer, served) = both().await;
    assert_eq!(served.first_link, None, "an account of tessera's own is offered");
    let mut browser = Browser::new(&served.url);
    let wanted = browser.open(WANTED).await;
    assert_eq!(wanted.location(), "/sign-in?then=%2Frequests%3Fpanel%3Dsupport-panel");
    let page = browser.open(wanted.location()).await;
    assert!(page.text.contains("href=\"/sign-in/council?then=%2Frequests%3Fpanel%3Dsupport-panel\""), "{page:?}");
    assert!(!page.text.contains("type=\"password\""), "{page:?}");
    assert_eq!(browser.send("/sign-in", &[("name", "sam"), ("password", "x")]).await.status, StatusCode::NOT_FOUND);

    let back = set_out(&mut browser).await;
    let before = browser.cookie().unwrap().to_owned();
    let signed_in = browser.open(&back).await;
    assert_eq!(signed_in.location(), WANTED, "{signed_in:?}");
    let cookie = signed_in.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(["HttpOnly", "SameSite=Lax", "Path=/"].iter().all(|part| cookie.contains(part)), "{cookie}");
    assert_ne!(browser.cookie().unwrap(), before, "the session has kept its id");

    let today = browser.open("/").await;
    assert_eq!(today.status, StatusCode::OK);
    assert!(today.text.contains("sam.officer@council.example"), "{today:?}");
    assert_eq!(browser.open("/quarantine").await.status, StatusCode::FORBIDDEN);
    let mut stranger = Browser::new(&served.url);
    assert!(is_out(&mut stranger).await);

    let csrf = today.field("csrf").to_owned();
    let out = browser.send("/sign-out", &[("csrf", &csrf)]).await;
    assert_eq!(out.heading(), "You are signed out");
    let way_out = format!("0; url={}/end?client_id=tessera&post_logout_redirect_uri=", issuer.url);
    let refresh = out.headers["refresh"].to_str().unwrap();
    assert!(refresh.starts_with(&way_out) && refresh.ends_with("%2Fsign-in"), "{refresh}");
    assert!(is_out(&mut browser).await);
    assert_eq!(
        served.trail(),
        ["account:sam.officer@council.example signed-in", "account:sam.officer@council.example signed-out"]
    );
    assert_eq!(issuer.manners().asked, (1, 1), "asked about itself, asked for tokens");
}

#[tokio::test]
async fn whoever_is_not_proved_is_not_signed_in() {
    let (issuer, served) = both().await;
    let expired = jiff::Timestamp::now().as_second() - 1;
    let other = json!("https://elsewhere.example");
    let claims = [
        (json!({ "nonce": "another" }), "it belongs to another sign-in"),
        (json!({ "nonce": null }), "it belongs to another sign-in"),
        (json!({ "aud": "another" }), "it is meant for somebody else"),
        (json!({ "aud": [CLIENT, "another"] }), "it is meant for another party"),
        (json!({ "aud": [CLIENT, "another"], "azp": "another" }), "it is meant for another party"),
        (json!({ "azp": "another" }), "it is meant for another party"),
        (json!({ "exp": expired }), "it has expired"),
        (json!({ "iss": other }), "it is another issuer's"),
    ];
    for (claims, why) in claims {
        issuer.manners().claims = claims.clone();
        not_proved(&served, why, &claims).await;
    }
    issuer.manners().claims = json!({});

    // The signature: of another key of the same name, of other claims, cut off, none at all, of the secret we share.
    let own = std::mem::replace(&mut issuer.manners().key, Key::rsa("first"));
    not_proved(&served, "its signature", &json!("another key")).await;
    issuer.manners().key = own;
    issuer.manners().forged = json!({ "roles": ["Panel.Systems"] });
    not_proved(&served, "its signature", &json!("other claims")).await;
    issuer.manners().forged = json!({});
    let whole = std::mem::replace(&mut issuer.manners().signature, |_| ".".to_owned());
    not_proved(&served, "its signature", &json!("cut off")).await;
    issuer.manners().header = json!({ "alg": "none" });
    not_proved(&served, "its signature", &json!("none, and no signature")).await;
    issuer.manners().signature = whole;
    for algorithm in ["none", "HS256", "RS512"] {
        issuer.manners().header = json!({ "alg": algorithm });
        not_proved(&served, "its signature", &json!(algorithm)).await;
    }

    assert_eq!(served.trail(), Vec::<String>::new());
    let log = served.log();
    assert!(!["eyJ", "Sam", "sam.", "code-", SECRET].iter().any(|word| log.contains(word)), "{log}");
}

async fn not_proved(served: &Served, why: &str, what: &Value) {
    let mut browser = Browser::new(&served.url);
    let before = served.log();
    let shown = sign_in(&mut browser).await;
    assert_eq!((shown.status, shown.heading()), (StatusCode::FORBIDDEN, "You are not signed in"), "{what}: {shown:?}");
    assert!(is_out(&mut browser).await, "{what}");
    assert!(served.log().strip_prefix(&before).unwrap().contains(why), "{what}: {}", served.log());
}

#[tokio::test]
async fn a_token_that_holds_is_taken_whoever_else_it_is_for_and_whatever_kind_of_key_it_has() {
    let (issuer, served) = both().await;
    let ec = Key::ec("second");
    let shown = vec![issuer.manners().key.clone(), ec.clone()];
    issuer.manners().claims = json!({ "aud": [CLIENT, "another"], "azp": CLIENT, "roles": "Panel.Systems" });
    let mut browser = Browser::new(&served.url);
    assert_eq!(sign_in(&mut browser).await.location(), WANTED);
    assert_eq!(browser.open("/quarantine").await.status, StatusCode::OK);
    // The issuer changes its keys: tessera finds out by itself, at the first token of a key that it does not know.
    issuer.manners().shown = shown;
    issuer.manners().key = ec;
    let mut browser = Browser::new(&served.url);
    assert_eq!(sign_in(&mut browser).await.location(), WANTED);
    assert_eq!(issuer.manners().asked, (2, 2));
}

#[tokio::test]
async fn what_comes_back_is_taken_once_and_in_the_browser_that_set_out() {
    let (issuer, served) = both().await;
    let over =
        |shown: &Shown| assert_eq!((shown.status, shown.heading()), (StatusCode::BAD_REQUEST, "This sign-in is over"));
    let (mut browser, mut thief) = (Browser::new(&served.url), Browser::new(&served.url));
    let back = set_out(&mut browser).await;
    over(&thief.open(&back).await);
    set_out(&mut thief).await;
    over(&thief.open(&back).await);
    assert!(is_out(&mut thief).await);
    for spoilt in [
        BACK.to_owned(),
        format!("{BACK}?code=code-0"),
        format!("{BACK}?code=code-0&state="),
        format!("{back}x"),
        format!("{back}&state=a"),
    ] {
        over(&browser.open(&spoilt).await);
    }
    assert_eq!(issuer.manners().asked.1, 0, "a code was handed in that nobody has set out for");
    assert_eq!(browser.open(&back).await.location(), WANTED);
    over(&browser.open(&back).await);
    assert_eq!(browser.open("/").await.status, StatusCode::OK, "who is signed in stays so");

    // A code that was used already, with a state that is good.
    let mut browser = Browser::new(&served.url);
    let back = set_out(&mut browser).await;
    let used = back.replace("code=code-2", "code=code-0");
    assert_ne!(used, back);
    over(&browser.open(&used).await);
    // Its state is used up by that.
    over(&browser.open(&back).await);
    assert!(is_out(&mut browser).await);
    // A code of another browser: the verifier of PKCE is not its own.
    let (mut first, mut second) = (Browser::new(&served.url), Browser::new(&served.url));
    let (mine, other) = (set_out(&mut first).await, set_out(&mut second).await);
    let state = mine.split("state=").nth(1).unwrap();
    let code = other.split("code=").nth(1).unwrap().split('&').next().unwrap();
    over(&first.open(&format!("{BACK}?code={code}&state={state}")).await);
    assert!(is_out(&mut first).await);
    // Two tabs do not get into each other's way.
    let mut browser = Browser::new(&served.url);
    let (first, _) = (set_out(&mut browser).await, set_out(&mut browser).await);
    assert_eq!(browser.open(&first).await.location(), WANTED);
}

#[tokio::test]
async fn nobody_is_led_to_another_site_and_an_answer_of_another_issuer_is_not_taken() {
    let (issuer, served) = both().await;
    let mut browser = Browser::new(&served.url);
    for then in [
        "https://elsewhere.example",
        "//elsewhere.example",
        "/%5Celsewhere.example",
        &format!("/{}", "a".repeat(3_000)),
    ] {
        let led = browser.open(&format!("/sign-in/council?then={then}")).await;
        let back = browser.open(led.location()).await.location().to_owned();
        assert_eq!(browser.open(&back).await.location(), "/", "{then}");
    }
    let back = set_out(&mut browser).await;
    let shown = browser.open(&format!("{back}&iss=https://elsewhere.example")).await;
    assert_eq!(shown.status, StatusCode::FORBIDDEN);
    let named = format!("{}&iss={}", set_out(&mut browser).await, issuer.url);
    assert_eq!(browser.open(&named).await.location(), WANTED);
}

#[tokio::test]
async fn whoever_has_no_role_or_no_name_is_told_so() {
    let (issuer, served) = both().await;
    for roles in [json!(["Cleaner", "panel.administrator"]), json!([]), Value::Null] {
        issuer.manners().claims = json!({ "roles": roles });
        let mut browser = Browser::new(&served.url);
        let shown = sign_in(&mut browser).await;
        assert_eq!((shown.status, shown.heading()), (StatusCode::FORBIDDEN, "You may not use tessera yet"));
        assert!(shown.text.contains("Your account has none of the roles"), "{shown:?}");
        assert!(!shown.text.contains("Cleaner") && !shown.text.to_lowercase().contains("sam."), "{shown:?}");
        assert!(is_out(&mut browser).await);
    }
    issuer.manners().claims = json!({ "preferred_username": "Sam Officer" });
    let mut browser = Browser::new(&served.url);
    let shown = sign_in(&mut browser).await;
    assert_eq!((shown.status, shown.heading()), (StatusCode::FORBIDDEN, "You are not signed in"));
    assert!(is_out(&mut browser).await);
    assert_eq!(served.trail(), ["account:sam.officer@council.example sign-in-refused"; 3]);
    let log = served.log();
    assert!(log.contains("name-claim") && !log.contains("Sam Officer"), "{log}");
}

#[tokio::test]
async fn an_issuer_that_is_down_or_says_no_is_told_in_plain_words() {
    let (issuer, served) = both().await;
    let mut browser = Browser::new(&served.url);
    issuer.manners().is_down = true;
    let away = |shown: &Shown| {
        let heading = "The council’s sign-in does not answer";
        assert_eq!((shown.status, shown.heading()), (StatusCode::SERVICE_UNAVAILABLE, heading));
    };
    away(&browser.open("/sign-in/council").await);
    assert!(served.log().contains("status 502"), "{}", served.log());
    // It is not asked again by everybody who comes in the same moment.
    away(&browser.open("/sign-in/council").await);
    assert_eq!(issuer.manners().asked.0, 1);
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    // An issuer that calls itself otherwise, and one that would lead people somewhere in the clear.
    issuer.manners().is_down = false;
    for about in [
        json!({ "issuer": "https://elsewhere.example" }),
        json!({ "authorization_endpoint": "http://elsewhere.example" }),
    ] {
        issuer.manners().about = about;
        away(&browser.open("/sign-in/council").await);
        tokio::time::sleep(Duration::from_millis(2_100)).await;
    }
    issuer.manners().about = json!({});
    for (error, status, heading) in [
        ("access_denied", StatusCode::FORBIDDEN, "You are not signed in"),
        ("<b>anything</b>", StatusCode::FORBIDDEN, "You are not signed in"),
        ("server_error", StatusCode::SERVICE_UNAVAILABLE, "The council’s sign-in does not answer"),
    ] {
        issuer.manners().error = Some(error);
        let shown = sign_in(&mut browser).await;
        assert_eq!((shown.status, shown.heading()), (status, heading), "{error}");
        assert!(!shown.text.contains("Officer") && !shown.text.contains("anything"), "{shown:?}");
    }
    issuer.manners().error = None;
    assert_eq!(sign_in(&mut browser).await.location(), WANTED);
    assert!(!served.log().contains("Officer"), "{}", served.log());
}

#[tokio::test]
async fn a_secret_that_is_wrong_is_the_log_s_business() {
    let issuer = Issuer::start().await;
    let tessera = Tessera::new("lincolnshire");
    let configuration = std::fs::read_to_string(tessera.path("tessera.toml")).unwrap();
    let web = format!(
        "[web.oidc]\nissuer = \"{}\"\nclient-id = \"{CLIENT}\"\nclient-secret = {{ env = \"OIDC\" }}\nroles = {{ a = \"reader\" }}\n",
        issuer.url
    );
    tessera.write("tessera.toml", configuration + &web);
    let ran = tessera.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(ran.code, 2, "{}", ran.all());
    assert!(ran.stderr.contains("OIDC is not set") && ran.stderr.contains("What to do"), "{}", ran.all());
    let served = Served::start_as(tessera, |command| {
        command.env("OIDC", "wrong").env("TESSERA_LOG", "warn");
    });
    let mut browser = Browser::new(&served.url);
    let shown = sign_in(&mut browser).await;
    assert_eq!(shown.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(served.log().contains("it does not take client-id and client-secret"), "{}", served.log());
}

#[tokio::test]
async fn both_kinds_of_account_may_be_had_where_the_configuration_says_so() {
    let issuer = Issuer::start().await;
    let served = served(&issuer.url, "local-accounts = true");
    assert!(served.first_link.is_some());
    let mut browser = Browser::new(&served.url);
    let page = browser.open("/sign-in").await;
    assert!(page.text.contains("type=\"password\"") && page.text.contains("/sign-in/council"), "{page:?}");
    assert_eq!(sign_in(&mut browser).await.location(), WANTED);
}

#[tokio::test]
async fn the_council_s_own_authority_is_trusted_and_no_other() {
    let (council, stranger) = (Authority::new(), Authority::new());
    let issuer = Issuer::start_with(Some(council.signed("127.0.0.1"))).await;
    for (authority, is_trusted) in [(Some(&council), true), (Some(&stranger), false), (None, false)] {
        let more = if authority.is_some() { "ca = \"authority.pem\"" } else { "" };
        let served = served_with(&issuer.url, "", more, |tessera| {
            tessera.write("authority.pem", authority.map(Authority::pem).unwrap_or_default());
        });
        let mut browser = Browser::with(&served.url, |builder| builder.tls_certs_only([council.trusted()]));
        if is_trusted {
            assert_eq!(sign_in(&mut browser).await.location(), WANTED);
        } else {
            let shown = browser.open("/sign-in/council").await;
            assert_eq!(shown.status, StatusCode::SERVICE_UNAVAILABLE);
            assert!(served.log().contains("nobody answers"), "{}", served.log());
        }
    }
}

#[tokio::test]
async fn people_come_back_to_the_address_that_browsers_know() {
    let issuer = Issuer::start().await;
    let web = "address = \"https://panels.council.example\"\ntrusted-proxies = [\"127.0.0.1\"]";
    let served = served(&issuer.url, web);
    assert_eq!(served.url, "https://panels.council.example");
    let led = Browser::new(&served.listens()).open("/sign-in/council").await;
    let back = "redirect_uri=https%3A%2F%2Fpanels.council.example%2Fsign-in%2Fcouncil%2Fback&";
    assert!(led.location().contains(back), "{led:?}");
    assert!(led.headers["set-cookie"].to_str().unwrap().starts_with("__Host-tessera="), "{led:?}");
}
