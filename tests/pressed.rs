//! The pages' buttons, pressed while a night sends: all of them work but those that send.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::beside::{LATER, Office, REQUESTS};
use crate::served::{Browser, Served, Shown};
use crate::web::failing;

/// The longest that a page may take beside a night.
const PATIENCE: Duration = Duration::from_secs(20);

/// A day on which the sitting of what is waived is still to come.
const BEFORE: [&str; 2] = ["--as-at", "2026-12-01T09:00:00Z"];

/// Somebody at the pages of an office.
struct Hands {
    browser: Browser,
    csrf: String,
}

impl Hands {
    /// Whoever made the first account, which may do everything.
    async fn of(served: &Served) -> Self {
        let mut browser = Browser::new(&served.url);
        let link = served.first_link.as_ref().unwrap().strip_prefix(&served.url).unwrap().to_owned();
        let shown = browser.send(&link, &[("name", "ada"), ("password", "four plain words here")]).await;
        assert_eq!(shown.status, 303, "{shown:?}");
        let csrf = browser.open("/help").await.field("csrf").to_owned();
        Self { browser, csrf }
    }

    /// Sends a form of our pages, which is answered soon and not put off.
    async fn press(&mut self, address: &str, fields: &[(&str, &str)]) -> Shown {
        let csrf = self.csrf.clone();
        let began = Instant::now();
        let shown = self.browser.send(address, &[&[("csrf", csrf.as_str())], fields].concat()).await;
        assert!(began.elapsed() < PATIENCE, "{address} took {:?}", began.elapsed());
        shown
    }

    /// As [`Hands::press`], of what leads to another page.
    async fn leads(&mut self, address: &str, fields: &[(&str, &str)], to: &str) {
        let shown = self.press(address, fields).await;
        assert_eq!(shown.status, 303, "{address}: {shown:?}");
        assert!(shown.location().starts_with(to), "{address}: {shown:?}");
    }
}

/// An office with something to press for every button, and the write-backs that wait are being sent.
struct Night {
    office: Office,
    duty: String,
}

impl Night {
    fn prepared() -> Self {
        let office = Office::open();
        office.decide(&REQUESTS);
        let ids: Vec<&str> = REQUESTS.iter().map(|(id, _)| *id).collect();
        office.ends(0, "approver", &["outcomes", "approve", ids[0]]);
        // What is sent and decided before raises duties.
        let synced = office.run("night", &[&LATER[..], &["sync"]].concat());
        assert!(matches!(synced.code, 0 | 3), "{}", synced.all());
        let duty = office.json(&["duties", "list"])[0]["id"].as_str().unwrap().to_owned();
        office.ends(0, "approver", &[&["outcomes", "approve"], &ids[1..6]].concat());
        Self { office, duty }
    }

    fn pages(&self) -> Served {
        Served::start_as(self.office.tessera.clone(), |command| {
            command.args(BEFORE).env("LEDGER_KEY", "ab".repeat(32));
        })
    }
}

#[tokio::test]
async fn while_a_night_sends_every_button_of_the_pages_works_but_those_that_send() {
    let night = Night::prepared();
    let Night { office, duty } = &night;
    let served = night.pages();
    let mut ada = Hands::of(&served).await;
    office.gate.shut();
    let mut sending = office.start(&["writeback", "send"]);
    office.gate.wait();
    let waiting = office.in_state("approved");
    assert!(!waiting.is_empty() && !office.in_state("sending").is_empty(), "{waiting:?}");

    let write_back = format!("/write-backs/{}", waiting[0]);
    ada.leads(&format!("{write_back}/hold"), &[], &write_back).await;
    assert_eq!(office.in_state("held"), [waiting[0].clone()]);
    ada.leads(&format!("{write_back}/retry"), &[], &write_back).await;
    ada.leads(&format!("{write_back}/hold"), &[], &write_back).await;

    let list = ada.browser.open("/outcomes/waiting").await;
    let seen = list.field("seen").to_owned();
    let approved = ada.press("/outcomes/approve", &[("seen", &seen)]).await;
    assert!(approved.status == 200 && approved.text.contains("Approved: 1 request"), "{approved:?}");
    let left = ada.browser.open("/outcomes/waiting").await;
    let (submission, person) = (left.field("submission").to_owned(), left.field("person").to_owned());
    let seen = left.field("seen").to_owned();
    let fields = [("submission", submission.as_str()), ("person", &person), ("seen", &seen)];
    let fields = [&fields[..], &[("reason", "it is to be said otherwise")]].concat();
    ada.leads("/outcomes/reject", &fields, "/outcomes/waiting?done=rejected").await;

    ada.leads(&format!("/duties/{duty}/done"), &[("reason", "it is on the record")], "/duties?done=yes").await;

    let request = "/requests/lincolnshire-700040";
    let finding = [("person", "100040"), ("finding", "document-missing:chronology"), ("reason", "it is on its way")];
    let waived = [&finding[..], &[("role", "service-manager"), ("until", "2026-12-02")]].concat();
    ada.leads(&format!("{request}/waive"), &waived, &format!("{request}?done=waived")).await;
    ada.leads(&format!("{request}/unwaive"), &finding, &format!("{request}?done=taken-back")).await;
    let stated = [("fact-direct-work-done", "yes")];
    ada.leads(&format!("{request}/facts"), &stated, &format!("{request}?done=facts")).await;
    let sitting = "/sittings/lincolnshire/support-panel/2026-12-09";
    ada.leads(&format!("{sitting}/check"), &[], &format!("{sitting}?checked=")).await;

    ada.leads("/quarantine/replay", &[("id", "7")], "/quarantine?done=").await;
    ada.leads("/quarantine/5/discard", &[("reason", "the row is of no use")], "/quarantine?done=discarded").await;
    ada.leads("/quarantine/replay", &[], "/quarantine?done=").await;

    // Nobody else sends, or reads Mosaic for what is not known.
    for address in ["/write-backs/send", "/write-backs/reconcile"] {
        let shown = ada.press(address, &[]).await;
        assert_eq!((shown.status.as_u16(), &shown.headers["retry-after"]), (503, &"60".parse().unwrap()), "{shown:?}");
        assert!(shown.text.contains("Notes are being sent to Mosaic at the moment"), "{shown:?}");
        failing::is_well_said(address, &shown.text, &office.tessera.path(""), true);
    }

    office.gate.open();
    assert!(sending.0.wait().unwrap().success());
    assert_eq!(office.in_state("held"), [waiting[0].clone()]);
    let trail = office.json(&["audit", "export"]);
    let own: Vec<&str> = trail.as_array().unwrap().iter().filter(|one| is_hers(one)).map(action).collect();
    for done in [
        "held",
        "outcome-approved",
        "outcome-rejected",
        "duty-done",
        "finding-waived",
        "waiver-taken-back",
        "fact-stated",
    ] {
        assert!(own.contains(&done), "{done}: {own:?}");
    }
    office.ends(0, "governance", &["audit", "verify"]);
}

fn is_hers(entry: &Value) -> bool {
    entry["actor"].as_str().unwrap().ends_with(":ada")
}

fn action(entry: &Value) -> &str {
    entry["action"].as_str().unwrap()
}
