//! A browser as far as logins need one: it keeps cookies as RFC 6265 says, whatever the port, and follows redirects.

use pintle_testkit::{Answer, Ask, H1Client};
use std::net::SocketAddr;

/// What a browser accepts of a page.
const PAGE: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

/// A browser, all of whose servers are on 127.0.0.1.
#[derive(Clone, Default)]
pub(crate) struct Browser {
    /// Name, value and path.
    pub(crate) cookies: Vec<(String, String, String)>,
}

/// Where it is in the end, and the page there.
pub(crate) struct Page {
    pub(crate) url: String,
    pub(crate) answer: Answer,
}

impl Browser {
    /// The Cookie field for a path.
    pub(crate) fn sent(&self, path: &str) -> String {
        let on = self.cookies.iter().filter(|(_, _, on)| path.starts_with(on.as_str()));
        on.map(|(name, value, _)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// The values of its cookies of that name's beginning.
    pub(crate) fn named(&self, name: &str) -> Vec<&str> {
        self.cookies.iter().filter(|(own, ..)| own.starts_with(name)).map(|(_, value, _)| value.as_str()).collect()
    }

    /// Keeps what an answer sets.
    pub(crate) fn keep(&mut self, answer: &Answer) {
        for line in answer.fields.all("set-cookie") {
            let mut parts = line.split(';').map(str::trim);
            let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            let (mut path, mut is_gone) = ("/".to_owned(), value.is_empty());
            for part in parts {
                match part.split_once('=').map(|(name, value)| (name.to_ascii_lowercase(), value)) {
                    Some((name, value)) if name == "path" => path = value.to_owned(),
                    Some((name, value)) if name == "max-age" => is_gone |= value == "0",
                    Some((name, value)) if name == "expires" => is_gone |= value.contains("1970"),
                    _ => {}
                }
            }
            self.cookies.retain(|(own, _, on)| (own.as_str(), on) != (name, &path));
            if !is_gone {
                self.cookies.push((name.to_owned(), value.to_owned(), path));
            }
        }
    }

    /// Sends one request, with its cookies, and keeps what the answer sets.
    pub(crate) async fn send(&mut self, url: &str, method: &str, body: &str) -> Answer {
        let (address, target) = apart(url);
        let mut ask =
            Ask::new(method, &target).host(&address).header("accept", PAGE).header("sec-fetch-mode", "navigate");
        let cookies = self.sent(target.split('?').next().unwrap_or_default());
        if !cookies.is_empty() {
            ask = ask.header("cookie", &cookies);
        }
        if method == "POST" {
            ask = ask.header("content-type", "application/x-www-form-urlencoded").body(body);
        }
        let address: SocketAddr = address.parse().unwrap_or_else(|_| panic!("an address: {url}"));
        let answer = H1Client::tcp(address).await.ask(ask).await;
        self.keep(&answer);
        answer
    }

    /// One GET.
    pub(crate) async fn get(&mut self, url: &str) -> Answer {
        self.send(url, "GET", "").await
    }

    /// Goes where redirects lead.
    pub(crate) async fn visit(&mut self, url: &str) -> Page {
        let answer = self.get(url).await;
        self.follow(url, answer).await
    }

    async fn follow(&mut self, from: &str, mut answer: Answer) -> Page {
        let mut url = from.to_owned();
        for _ in 0..10 {
            if !matches!(answer.status, 302 | 303) {
                return Page { url, answer };
            }
            url = joined(&url, answer.get("location").expect("a place to go to"));
            answer = self.get(&url).await;
        }
        panic!("no end of redirects: {url}");
    }

    /// Goes as far as the issuer's page that asks who it is.
    pub(crate) async fn go_to_log_in(&mut self, url: &str) -> Page {
        let page = self.visit(url).await;
        assert!(page.url.contains("/interaction/"), "{} {:?}", page.url, page.answer);
        page
    }

    /// Says who it is on that page, and comes back as far as redirects lead.
    pub(crate) async fn say(&mut self, page: &Page, name: &str) -> Page {
        let back = self.said(page, name).await;
        self.visit(&back).await
    }

    /// The same; stops before the gateway's callback, whose URL it gives.
    pub(crate) async fn said(&mut self, page: &Page, name: &str) -> String {
        let answer = self.send(&page.url, "POST", &format!("prompt=login&login={name}&password=x")).await;
        let mut url = joined(&page.url, answer.get("location").expect("a place to go to"));
        while !url.contains("/login/callback") {
            let answer = self.get(&url).await;
            url = joined(&url, answer.get("location").unwrap_or_else(|| panic!("{url}: {answer:?}")));
        }
        url
    }

    /// Logs in by that name on the way to a page.
    pub(crate) async fn log_in(&mut self, url: &str, name: &str) -> Page {
        let page = self.go_to_log_in(url).await;
        self.say(&page, name).await
    }
}

/// Address and target of a URL.
pub(crate) fn apart(url: &str) -> (String, String) {
    let rest = url.strip_prefix("http://").unwrap_or_else(|| panic!("an http URL: {url}"));
    let end = rest.find('/').unwrap_or(rest.len());
    let target = if end == rest.len() { "/" } else { &rest[end..] };
    (rest[..end].to_owned(), target.to_owned())
}

/// Where a Location leads from a URL.
pub(crate) fn joined(url: &str, location: &str) -> String {
    if location.starts_with("http://") || location.starts_with("https://") {
        return location.to_owned();
    }
    assert!(location.starts_with('/') && !location.starts_with("//"), "{location}");
    format!("http://{}{location}", apart(url).0)
}

/// Checks that the gateway refused so, in whatever form the browser wants to read it.
pub(crate) fn refused(answer: &Answer, status: u16, reason: &str) {
    assert_eq!((answer.status, answer.text().contains(reason)), (status, true), "{answer:?}");
}

/// A parameter of a URL, decoded.
pub(crate) fn parameter(url: &str, name: &str) -> Option<String> {
    let query = url.split_once('?')?.1;
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    let mut out = Vec::new();
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16)).expect("a digit") as u8;
                digit() << 4 | digit()
            }
            byte => byte,
        });
    }
    Some(String::from_utf8(out).expect("text"))
}
