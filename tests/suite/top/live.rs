//! At a terminal: keys in, the screen out, and the terminal as it was afterwards.

use super::{ask_all, config, gateway};
use pintle_testkit::{Folder, Gateway, Origin, Reply, Screen, Signal, Terminal, until};
use std::sync::atomic::{AtomicBool, Ordering};

const SIZE: (u16, u16) = (80, 24);
const LOCALE: (&str, &str) = ("LC_ALL", "C.UTF-8");

fn top(gateway: &Gateway) -> Terminal {
    top_with(gateway, &[LOCALE])
}

fn top_with(gateway: &Gateway, env: &[(&str, &str)]) -> Terminal {
    Terminal::start_on_screen(gateway.folder().path(), &["top", "-c", "pintle.yaml", "--every", "200ms"], env, SIZE)
}

/// Waits for the screen while requests are made.
async fn beside_traffic(gateway: &Gateway, terminal: &Terminal, what: &str, is_so: impl Fn(&Screen) -> bool) -> Screen {
    let seen = terminal.until(what, is_so);
    tokio::pin!(seen);
    loop {
        tokio::select! {
            screen = &mut seen => return screen,
            () = ask_all(gateway) => {}
        }
    }
}

/// The numbers of the row of that name; the name may be under the cursor.
fn numbers(screen: &Screen, name: &str) -> Vec<String> {
    let line = screen.lines().into_iter().find(|line| line.starts_with(name)).unwrap_or_default();
    line[name.len().min(line.len())..].split_whitespace().map(str::to_owned).collect()
}

fn has_rate(screen: &Screen, name: &str) -> bool {
    numbers(screen, name).first().and_then(|rate| rate.parse::<f64>().ok()).is_some_and(|rate| rate > 0.0)
}

fn fits(screen: &Screen, (columns, rows): (u16, u16)) {
    let lines = screen.lines();
    assert!(lines.len() <= rows.into() && lines.iter().all(|line| line.chars().count() <= columns.into()), "{screen}");
}

async fn is_given_back(terminal: &Terminal, code: i32) {
    assert_eq!(terminal.ended().await.code, Some(code), "{}", terminal.shown());
    let screen = terminal.until("the first screen", |screen| !screen.is_second && screen.has_cursor).await;
    assert!(terminal.echoes(), "{screen}");
    assert!(screen.unknown.is_empty(), "{:?}", screen.unknown);
}

#[tokio::test]
async fn rates_are_seen_and_keys_change_what_is_seen() {
    let service = Origin::echo().await;
    let gateway = gateway(&service).await;
    let mut terminal = top(&gateway);
    let screen = beside_traffic(&gateway, &terminal, "rates", |screen| {
        has_rate(screen, "orders") && has_rate(screen, "failing") && has_rate(screen, "(no route)")
    })
    .await;
    fits(&screen, SIZE);
    assert!(screen.is_second && !screen.has_cursor && !terminal.echoes(), "{screen}");
    assert!(
        screen.shows("3 routes by rate") && screen.shows("configuration 1") && screen.shows("requests "),
        "{screen}"
    );
    terminal.types("s");
    terminal.until("another order", |screen| screen.shows("by errors")).await;
    terminal.types("r");
    terminal.until("it reversed", |screen| screen.shows("by errors ↑")).await;
    terminal.types("/ORD");
    terminal.until("a filter", |screen| screen.shows("1 of 3 routes") && screen.shows("filter: ORD_")).await;
    terminal.types("\r");
    terminal.types("\r");
    let screen = terminal.until("a command", |screen| screen.shows("pintle why --last-error --route orders")).await;
    assert!(screen.shows("-c pintle.yaml"), "{screen}");
    terminal.types("\x1b");
    terminal.until("the table", |screen| !screen.shows("pintle why") && screen.shows("q quit")).await;
    terminal.types("\t");
    terminal.until("upstreams", |screen| screen.shows("fails/s") && screen.shows("0 of 1 upstream")).await;
    terminal.types("\x1b");
    let is_there = |screen: &Screen| screen.shows("1 upstream by") && !numbers(screen, "shop").is_empty();
    let screen = terminal.until("all upstreams", is_there).await;
    assert_eq!(numbers(&screen, "shop")[3], "1/1", "{screen}");
    terminal.types("?");
    terminal.until("help", |screen| screen.shows("sort by rate, errors, p99, name")).await;
    terminal.types("xq");
    is_given_back(&terminal, 0).await;
}

#[tokio::test]
async fn numbers_stand_still_while_paused() {
    let service = Origin::echo().await;
    let gateway = gateway(&service).await;
    let mut terminal = top(&gateway);
    beside_traffic(&gateway, &terminal, "rates", |screen| has_rate(screen, "orders")).await;
    terminal.types(" ");
    let screen = terminal.until("a pause", |screen| screen.shows("PAUSED")).await;
    gateway.change(config(&service, "unix:admin.sock") + "# changed\n").await;
    // Nobody asks for anything now: as soon as it goes on there is a rate of 0.
    assert!(has_rate(&terminal.screen(), "orders") && terminal.screen().shows("configuration 1"), "{screen}");
    terminal.types(" ");
    let is_newest = |screen: &Screen| {
        !screen.shows("configuration 1 ") && numbers(screen, "orders").first().is_some_and(|rate| rate == "0")
    };
    terminal.until("the newest numbers", |screen| !screen.shows("PAUSED") && is_newest(screen)).await;
    terminal.types("\x03");
    is_given_back(&terminal, 130).await;
}

#[tokio::test]
async fn a_route_that_a_reload_removed_leaves_the_screen() {
    let service = Origin::echo().await;
    let gateway = gateway(&service).await;
    let mut terminal = top(&gateway);
    beside_traffic(&gateway, &terminal, "rates", |screen| has_rate(screen, "failing")).await;
    let text = config(&service, "unix:admin.sock");
    gateway.change(text.lines().filter(|line| !line.contains("failing")).collect::<Vec<_>>().join("\n")).await;
    let screen = terminal
        .until("the route to be gone", |screen| {
            !screen.shows("configuration 1 ") && numbers(screen, "failing").is_empty()
        })
        .await;
    assert!(!screen.lines().iter().any(|line| line.contains(" -0")), "{screen}");
    gateway.rewrite("routes: 7");
    gateway.reload().await;
    terminal.until("a warning", |screen| screen.shows("a configuration was refused, 2 stays in force")).await;
    terminal.types("q");
    is_given_back(&terminal, 0).await;
}

#[tokio::test]
async fn a_gateway_that_is_gone_is_waited_for() {
    let service = Origin::echo().await;
    let first = gateway(&service).await;
    let mut terminal = top(&first);
    beside_traffic(&first, &terminal, "rates", |screen| has_rate(screen, "orders")).await;
    first.kill().await;
    terminal.until("that nobody answers", |screen| screen.shows("no answer for") && screen.shows("trying on")).await;
    let socket = format!("unix:{}", first.folder().at("admin.sock").display());
    let second = Gateway::start(config(&service, &socket)).await;
    let screen = beside_traffic(&second, &terminal, "new rates", |screen| {
        !screen.shows("no answer") && has_rate(screen, "orders")
    })
    .await;
    fits(&screen, SIZE);
    terminal.types("q");
    is_given_back(&terminal, 0).await;
}

#[tokio::test]
async fn the_terminal_is_given_back_whatever_signal_comes() {
    let service = Origin::echo().await;
    let gateway = gateway(&service).await;
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129)] {
        let terminal = top(&gateway);
        terminal.until("the screen", |screen| screen.shows("q quit")).await;
        terminal.signal(signal);
        is_given_back(&terminal, code).await;
    }
}

#[tokio::test]
async fn it_stops_and_goes_on_as_any_other_program() {
    let service = Origin::echo().await;
    let gateway = gateway(&service).await;
    let mut terminal = top(&gateway);
    terminal.until("the screen", |screen| screen.shows("q quit")).await;
    terminal.signal(Signal::TSTP);
    until("it to stop", async || terminal.is_stopped().then_some(())).await;
    let screen = terminal.until("the first screen", |screen| !screen.is_second && screen.has_cursor).await;
    assert!(terminal.echoes(), "{screen}");
    terminal.signal(Signal::CONT);
    terminal.until("the screen", |screen| screen.is_second && screen.shows("q quit") && screen.shows("Pintle ")).await;
    until("raw keys", async || (!terminal.echoes()).then_some(())).await;
    terminal.types("q");
    is_given_back(&terminal, 0).await;
}

#[tokio::test]
async fn it_is_drawn_for_the_size_that_the_terminal_has() {
    let service = Origin::echo().await;
    let gateway = gateway(&service).await;
    let mut terminal = top(&gateway);
    beside_traffic(&gateway, &terminal, "rates", |screen| has_rate(screen, "orders")).await;
    for size in [(200, 60), (40, 10), (20, 4), (80, 24)] {
        terminal.resize(size);
        let bottom = usize::from(size.1) - 1;
        let screen = terminal
            .until("the keys at the bottom", |screen| {
                let lines = screen.lines();
                lines.len() == bottom + 1 && lines[bottom].starts_with("q quit")
            })
            .await;
        fits(&screen, size);
    }
    terminal.types("q");
    is_given_back(&terminal, 0).await;
}

#[tokio::test]
async fn colours_and_characters_are_those_that_the_terminal_has() {
    let service = Origin::echo().await;
    let gateway = gateway(&service).await;
    let seen = async |env: &[(&str, &str)]| {
        let mut terminal = top_with(&gateway, env);
        let screen = beside_traffic(&gateway, &terminal, "rates", |screen| has_rate(screen, "failing")).await;
        terminal.types("?");
        let help = terminal.until("help", |screen| screen.shows("any key goes back")).await;
        terminal.types("q");
        is_given_back(&terminal, 0).await;
        (screen.has_colors || help.has_colors, help.to_string())
    };
    let (colors, text) = seen(&[("LC_ALL", "C"), ("NO_COLOR", "1")]).await;
    assert!(!colors && text.is_ascii() && text.contains("+help--"), "{text}");
    let (colors, text) = seen(&[LOCALE, ("NO_COLOR", "")]).await;
    assert!(colors && text.contains("┌help─"), "{text}");
}

#[tokio::test]
async fn a_gateway_that_does_not_answer_does_not_hold_up_keys() {
    let asked = AtomicBool::new(false);
    let service = Origin::start(move |_| {
        let is_first = !asked.swap(true, Ordering::Relaxed);
        async move {
            if !is_first {
                std::future::pending::<()>().await;
            }
            Reply::text(r#"{"pintle": "1", "instance": "a", "uptime_us": 1, "routes": [], "upstreams": []}"#)
        }
    })
    .await;
    let folder = Folder::new();
    let args = ["top", "--admin", &service.address().to_string(), "--every", "200ms"];
    let mut terminal = Terminal::start_on_screen(folder.path(), &args, &[LOCALE], SIZE);
    terminal.until("the screen", |screen| screen.shows("q quit")).await;
    service.wait_hits(2).await;
    terminal.types("?");
    terminal.until("help", |screen| screen.shows("any key goes back")).await;
    terminal.types("q");
    is_given_back(&terminal, 0).await;
}
