//! By e-mail: sent once, noted when the server has it and not before, and nothing secret in what is said.

use super::server::{MailServer, PASSWORD, USER};
use super::{EVENING, MORNING, configure, installed, letters, night, told};
use crate::runner::Tessera;

const MAILBOXES: &str = "[authority.mailboxes]\nsocial-worker = \"workers@council.example\"\nlocality-service-manager = \"managers@council.example\"\n";

fn settings(smtp: &str) -> String {
    format!("[reminders]\nfrom = \"tessera@council.example\"\n[reminders.smtp]\n{smtp}\n")
}

fn in_the_clear(server: &MailServer) -> String {
    settings(&format!("host = \"127.0.0.1\"\nport = {}\ntls = \"none\"", server.port))
}

fn safely(server: &MailServer, tls: &str, authority: &str) -> String {
    settings(&format!(
        "host = \"localhost\"\nport = {}\ntls = \"{tls}\"\nuser = \"{USER}\"\npassword = {{ env = \"SMTP_PASSWORD\" }}\nca = \"{authority}\"",
        server.port
    ))
}

/// The nightly job with a password in the environment: its exit code, and all that was said.
fn night_with(tessera: &Tessera, password: &str) -> (i32, String) {
    let mut command = tessera.command(&["--as-at", EVENING, "sync"]);
    let output = command.env("SMTP_PASSWORD", password).env("TESSERA_LOG", "trace").output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(!said.contains(password), "the password is said:\n{said}");
    (output.status.code().unwrap(), said)
}

#[test]
fn an_encrypted_server_is_given_each_reminder_once() {
    for tls in ["starttls", "implicit"] {
        let server = MailServer::safe(tls);
        let tessera = installed(&safely(&server, tls, &server.authority()), MAILBOXES);
        let (code, said) = night_with(&tessera, PASSWORD);
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("TRACE"), "nothing was logged");
        assert_eq!(server.recipients(), ["managers@council.example", "workers@council.example"], "{said}");
        assert!(said.contains("2 reminders sent by e-mail"), "{said}");
        let taken = letters(&server.taken());
        let of = |to: &str| taken.iter().find(|letter| letter.to == to).unwrap();
        assert!(of("workers@council.example").subject.starts_with("Social worker: "));
        assert!(
            of("managers@council.example").text.contains("Locality service manager, Lincolnshire"),
            "{}",
            taken[0].text
        );
        for letter in &taken {
            assert!(letter.raw.contains("\r\nFrom: tessera <tessera@council.example>\r\n"), "{}", letter.raw);
            assert!(!letter.all().contains("100004"), "{}", letter.all());
        }
        let (code, said) = night_with(&tessera, PASSWORD);
        assert_eq!((code, server.recipients().len()), (0, 2), "{said}");
        assert!(!tessera.path("state/outbox").exists(), "it was sent");
        assert!(tessera.run(&["audit", "verify"]).well());
    }
}

#[test]
fn a_role_without_a_mailbox_is_told_when_it_has_one() {
    let server = MailServer::plain();
    let one = "[authority.mailboxes]\nlocality-service-manager = \"managers@council.example\"\n";
    let tessera = installed(&in_the_clear(&server), one);
    let [sent, outbox, failed, without] = told(&tessera, EVENING);
    assert!(sent == 1 && outbox == 0 && failed == 0 && without >= 1, "{without}");
    let ran = night(&tessera, EVENING);
    assert!(ran.well() && ran.stdout.contains("without a mailbox not told"), "{}", ran.all());
    configure(&tessera, &in_the_clear(&server), MAILBOXES);
    assert_eq!(told(&tessera, EVENING), [1, 0, 0, without - 1]);
    assert_eq!(server.recipients(), ["managers@council.example", "workers@council.example"]);
}

#[test]
fn what_the_server_does_not_take_is_tried_again_and_holds_up_nobody_else() {
    let server = MailServer::plain();
    let tessera = installed(&in_the_clear(&server), MAILBOXES);
    server.behave("later");
    let ran = night(&tessera, EVENING);
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(ran.stderr.contains("`social-worker` under [authority.mailboxes] of `lincolnshire`"), "{}", ran.all());
    assert!(ran.stderr.contains("the mail server answered 451. The next run tries again"), "{}", ran.all());
    assert!(!ran.all().contains("council.example"), "an address is said:\n{}", ran.all());

    server.behave("never workers@council.example");
    let [sent, outbox, failed, _] = told(&tessera, EVENING);
    assert_eq!((sent, outbox, failed), (1, 0, 1), "the other role is told");
    let ran = night(&tessera, EVENING);
    assert!(ran.code == 3 && ran.stderr.contains("answered 550; look at the address there"), "{}", ran.all());
    assert!(!ran.all().contains("council.example"), "an address is said:\n{}", ran.all());

    server.behave("take");
    let [sent, outbox, failed, _] = told(&tessera, MORNING);
    assert_eq!((sent, outbox, failed), (1, 0, 0));
    assert_eq!(server.recipients(), ["managers@council.example", "workers@council.example"]);
    assert!(tessera.run(&["audit", "verify"]).well());
}

#[test]
fn what_was_sent_without_an_answer_is_the_same_e_mail_when_it_is_sent_again() {
    let server = MailServer::plain();
    let one = "[authority.mailboxes]\nsocial-worker = \"workers@council.example\"\n";
    let tessera = installed(&in_the_clear(&server), one);
    server.behave("cut");
    let ran = night(&tessera, EVENING);
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(ran.stderr.contains("there is no connection to the mail server that holds"), "{}", ran.all());
    assert_eq!(letters(&server.taken()).len(), 1, "it has come whole");

    server.behave("take");
    assert_eq!(told(&tessera, MORNING)[0], 1);
    assert_eq!(told(&tessera, MORNING)[0], 0);
    let taken = letters(&server.taken());
    assert_eq!(taken.len(), 2);
    assert_eq!(taken[0].id, taken[1].id, "whoever has both knows that they are one");
    assert_eq!(taken[0].duties(), taken[1].duties());
}

#[test]
fn a_run_that_dies_before_the_answer_has_told_nobody_and_the_next_one_sends_the_same() {
    let server = MailServer::plain();
    let one = "[authority.mailboxes]\nsocial-worker = \"workers@council.example\"\n";
    let tessera = installed(&in_the_clear(&server), one);
    server.behave("slow");
    let mut run = tessera.start(&["--as-at", EVENING, "sync"]);
    for _ in 0..600 {
        if !letters(&server.taken()).is_empty() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    let dry = tessera.json(&["--as-at", EVENING, "duties", "remind", "--dry-run"]);
    assert_eq!(dry["sent"], 1, "it is not taken for told: {dry:#}");

    server.behave("take");
    assert_eq!(told(&tessera, MORNING)[0], 1);
    assert_eq!(told(&tessera, MORNING)[0], 0);
    let taken = letters(&server.taken());
    assert_eq!((taken.len(), &taken[0].id), (2, &taken[1].id));
    assert!(tessera.run(&["audit", "verify"]).well());
}

#[test]
fn a_server_that_cannot_be_trusted_or_reached_is_given_nothing() {
    let (server, stranger) = (MailServer::safe("starttls"), MailServer::safe("starttls"));
    let tessera = installed(&safely(&server, "starttls", &stranger.authority()), MAILBOXES);
    let (code, said) = night_with(&tessera, PASSWORD);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("no reminder was sent: ") && said.contains("certificate"), "{said}");

    tessera.write("empty.pem", "nothing");
    configure(&tessera, &safely(&server, "starttls", "empty.pem"), MAILBOXES);
    let (code, said) = night_with(&tessera, PASSWORD);
    assert!(code == 3 && said.contains("no certificate, PEM; correct `ca` under [reminders.smtp]"), "{said}");

    configure(&tessera, &safely(&server, "starttls", &server.authority()), MAILBOXES);
    let (code, said) = night_with(&tessera, "not-the-password-at-all");
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("answered 535; look at `user` and `password` under [reminders.smtp]"), "{said}");
    assert!(!said.contains(PASSWORD), "{said}");

    // Nothing is said in the clear to one that offers no encryption.
    let open = MailServer::plain();
    configure(&tessera, &safely(&open, "starttls", &server.authority()), MAILBOXES);
    let (code, said) = night_with(&tessera, PASSWORD);
    assert!(code == 3 && said.contains("no reminder was sent"), "{said}");

    let nowhere = settings("host = \"127.0.0.1\"\nport = 9\ntls = \"none\"");
    configure(&tessera, &nowhere, MAILBOXES);
    assert_eq!(told(&tessera, EVENING)[..3], [0, 0, 2]);

    configure(&tessera, &safely(&server, "starttls", &server.authority()), MAILBOXES);
    let unset = night(&tessera, EVENING);
    assert_eq!(unset.code, 3, "{}", unset.all());
    assert!(unset.stderr.contains("the variable SMTP_PASSWORD is not set"), "{}", unset.all());

    for server in [&server, &stranger, &open] {
        assert_eq!(server.recipients(), Vec::<String>::new());
    }
    let (code, said) = night_with(&tessera, PASSWORD);
    assert_eq!((code, server.recipients().len()), (0, 2), "{said}");
}

#[test]
fn a_rehearsal_sends_nothing() {
    let server = MailServer::plain();
    let tessera = installed(&in_the_clear(&server), MAILBOXES);
    let ran = tessera.run(&["--as-at", EVENING, "sync", "--rehearse"]);
    assert!(ran.well(), "{}", ran.all());
    assert!(letters(&tessera.path("state/rehearsal/outbox")).len() >= 2, "{}", ran.all());
    let again = tessera.run(&["--as-at", EVENING, "--rehearsal", "duties", "remind"]);
    assert!(again.well(), "{}", again.all());
    assert_eq!(server.recipients(), Vec::<String>::new());
}
