//! Too much, too often, too slowly.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use reqwest::Method;

use super::{Pages, REQUEST, Somebody};

/// How many of so many requests that come at once are answered by another page than “too many”.
fn let_in(own: &Somebody, count: usize, forwarded: &[&str]) -> usize {
    let answers = (0..count).map(|_| {
        let mut request = own.ask(Method::GET, "/accessibility");
        for address in forwarded {
            request = request.header("x-forwarded-for", *address);
        }
        async { request.send().await.unwrap().status().as_u16() }
    });
    let answers: Vec<u16> = super::run(futures::future::join_all(answers));
    answers.into_iter().filter(|status| *status != 429).count()
}

#[test]
fn a_flood_from_one_address_leaves_the_others_their_pages() {
    let pages = Pages::serve("trusted-proxies = [\"127.0.0.9\"]\nlocal-accounts = true");
    // Fifty more come in with each second that it takes.
    let began = Instant::now();
    let came = let_in(&pages.from(2), 600, &[]);
    let most = 200 + 50 * (usize::try_from(began.elapsed().as_secs()).unwrap() + 1);
    assert!((200..=most.min(599)).contains(&came), "{came} of at most {most}");
    assert_eq!(let_in(&pages.from(3), 5, &[]), 5, "another address");

    // Whoever is no trusted proxy says nothing about who asks.
    let liar = pages.from(4);
    let mut came = 0;
    let began = Instant::now();
    for number in 0..6 {
        came += let_in(&liar, 100, &[&format!("10.0.0.{number}")]);
    }
    let most = 200 + 50 * (usize::try_from(began.elapsed().as_secs()).unwrap() + 1);
    assert!(came <= most.min(599), "{came} of at most {most}");

    // A trusted one does, with the address that it has seen itself: the last, whatever was sent to it.
    let proxy = pages.from(9);
    let flood = |forwarded: &dyn Fn(usize) -> Vec<String>| -> (usize, usize) {
        let began = Instant::now();
        let came = (0..6).map(|number| {
            let forwarded = forwarded(number);
            let_in(&proxy, 100, &forwarded.iter().map(String::as_str).collect::<Vec<_>>())
        });
        let came = came.sum();
        (came, (200 + 50 * (usize::try_from(began.elapsed().as_secs()).unwrap() + 1)).min(599))
    };
    let (came, most) = flood(&|number| vec![format!("10.9.0.{number}, 10.1.0.1")]);
    assert!(came <= most, "{came} of at most {most}: the first of a list is taken");
    let (came, most) = flood(&|number| vec![format!("10.9.1.{number}"), "10.1.0.2".to_owned()]);
    assert!(came <= most, "{came} of at most {most}: the first of two headers is taken");
    assert_eq!(let_in(&proxy, 50, &["10.1.0.3"]), 50, "others behind the same proxy");
}

/// A connection that has begun to send something, and how long it takes until it is ended.
fn ended_after(pages: &Pages, head: &str, byte_every: Duration) -> Duration {
    let mut stream = TcpStream::connect(pages.url.strip_prefix("http://").unwrap()).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.set_read_timeout(Some(byte_every)).unwrap();
    let began = Instant::now();
    let mut answer = [0; 1_024];
    while began.elapsed() < Duration::from_secs(40) {
        match stream.read(&mut answer) {
            Ok(_) => break,
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
        if stream.write_all(b"x").is_err() {
            break;
        }
    }
    began.elapsed()
}

#[test]
fn whoever_sends_a_byte_a_second_is_not_waited_for() {
    let pages = Pages::serve("");
    let owner = pages.owner();
    let host = pages.url.strip_prefix("http://").unwrap();
    let cookie = owner.cookie.borrow().clone().unwrap();
    let start = super::multipart(Some(&owner.csrf.borrow()), &[(b"slow.pdf", b"%PDF-1.4")]);
    let start = String::from_utf8(start[..start.len() - 40].to_vec()).unwrap();
    let heads = [
        format!("GET / HTTP/1.1\r\nHost: {host}\r\nX-Slow: "),
        format!(
            "POST /sign-in HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\nname="
        ),
        format!(
            "POST {REQUEST}/pack HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nContent-Type: multipart/form-data; boundary={}\r\nContent-Length: 10000000\r\n\r\n{start}",
            super::BOUNDARY
        ),
    ];
    let took: Vec<Duration> = std::thread::scope(|scope| {
        let all: Vec<_> =
            heads.iter().map(|head| scope.spawn(|| ended_after(&pages, head, Duration::from_secs(1)))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(took.iter().all(|took| *took < Duration::from_secs(30)), "{took:?}");
    assert!(owner.is_in() && pages.left().is_empty(), "{:?}", pages.left());
}
