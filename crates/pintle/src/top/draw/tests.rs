//! Screens as they look, held against `screens`; `PINTLE_BLESS=1` writes them anew.

use super::{Ability, Place, draw};
use crate::top::choice::Choice;
use crate::top::keys::Key;
use crate::top::look::{Program, Standing};
use crate::top::model::{Asked, Moment, Row, View};
use crate::top::quantile::Quantile;
use crate::top::state::State;
use crate::top::table::Kind;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const MS: fn(u64) -> Duration = Duration::from_millis;
const ALL: Ability = Ability { utf8: true, colors: true };
const NOTHING: Ability = Ability { utf8: false, colors: false };

fn place(ability: Ability) -> Place {
    Place { ability, address: "127.0.0.1:9900".into(), every: MS(1000), again: " -c pintle.yaml".into() }
}

fn route(name: &str, rate: f64, errors: f64, p99: u64) -> Row {
    Row {
        name: name.into(),
        rate,
        client_errors: rate / 100.0,
        server_errors: errors,
        share: errors / rate,
        p50: Some(Quantile::At(MS(p99 / 10))),
        p99: Some(Quantile::At(MS(p99))),
        over: MS(if rate > 100.0 { 1_000 } else { 12_000 }),
        asked: None,
    }
}

fn upstream(name: &str, up: u64, breaker_open: Option<bool>) -> Row {
    let standing = Standing { up, endpoints: 3, active: 7, breaker_open };
    Row { asked: Some(Asked { failures: 3.0, retries: 1.5, standing }), ..route(name, 900.0, 3.0, 250) }
}

fn view() -> View {
    let mut routes = vec![
        route("orders/list", 950.0, 0.0, 41),
        route("GET shop.example.com/a/very/long/path/{of}/{many}/**", 250.0, 12.5, 1_800),
        route("größe/日本語", 4.2, 0.0, 3),
        Row { p50: None, p99: Some(Quantile::Over(MS(60_000))), ..route("slow", 0.02, 0.0, 1) },
        Row { name: "".into(), ..Row::default() },
    ];
    routes.extend((0..40).map(|at| Row { name: format!("idle/{at:02}"), ..Row::default() }));
    View {
        program: Program {
            version: "0.1.0".into(),
            uptime: Duration::from_secs(11_520),
            configuration: 7,
            since: Some(UNIX_EPOCH + Duration::from_secs(1_700_000_000)),
            connections: 120,
            active: 12,
            memory: Some(45 << 20),
            descriptors: Some((140, 1024)),
            ..Program::default()
        },
        interval: Some(MS(1_003)),
        all: route("", 1_204.0, 12.5, 1_800),
        cpu: Some(0.34),
        minute: (0..60)
            .map(|at| Moment {
                at: MS(11_461_000 + at * 1_000),
                rate: (at % 12) as f64 * 100.0,
                errors: if at == 40 { 12.5 } else { 0.0 },
            })
            .collect(),
        routes,
        upstreams: vec![
            upstream("orders", 3, Some(false)),
            upstream("carts", 0, Some(true)),
            upstream("users", 2, None),
        ],
    }
}

fn state(view: View) -> State {
    let mut state = State::new(Kind::Routes, Choice::default());
    state.show(view);
    state
}

/// What is drawn, and whether there are colours in it.
fn drawn(state: &mut State, ability: Ability, (width, height): (u16, u16)) -> (String, bool) {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal in memory");
    let clock: SystemTime = UNIX_EPOCH + Duration::from_secs(1_700_000_723);
    let now = Instant::now();
    terminal.draw(|frame| draw(frame, state, &place(ability), (now, clock))).expect("a terminal in memory");
    let buffer = terminal.backend().buffer();
    let mut lines = Vec::new();
    for y in 0..height {
        let line: String = (0..width).map(|x| buffer[(x, y)].symbol()).collect();
        lines.push(line.trim_end().to_owned());
    }
    (lines.join("\n") + "\n", buffer.content().iter().any(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset))
}

fn held(name: &str, state: &mut State, ability: Ability, size: (u16, u16)) {
    let (is, has_colors) = drawn(state, ability, size);
    assert!(!has_colors || ability.colors, "{name} has colours");
    assert!(ability.utf8 || is.is_ascii(), "{name} is not ASCII:\n{is}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/top/draw/screens").join(name);
    if std::env::var_os("PINTLE_BLESS").is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder of screens");
        fs::write(&path, &is).expect("a screen");
    }
    let wanted = fs::read_to_string(&path).unwrap_or_default();
    assert!(is == wanted, "{name} is not as it was; PINTLE_BLESS=1 writes this:\n{is}");
}

#[test]
fn routes_on_the_usual_screen() {
    held("routes-80x24.txt", &mut state(view()), ALL, (80, 24));
}

#[test]
fn routes_on_a_large_screen() {
    held("routes-200x60.txt", &mut state(view()), ALL, (200, 60));
}

#[test]
fn routes_without_utf8_and_colours() {
    held("routes-plain.txt", &mut state(view()), NOTHING, (80, 24));
}

#[test]
fn upstreams() {
    let mut state = state(view());
    state.press(Key::Tab);
    held("upstreams-80x24.txt", &mut state, ALL, (80, 24));
    held("upstreams-120x20.txt", &mut state, ALL, (120, 20));
}

#[test]
fn what_an_operator_should_know_stands_above_the_table() {
    let mut view = view();
    view.program.refused = Some(UNIX_EPOCH);
    view.program.lost = 12;
    view.program.draining = true;
    let mut state = state(view);
    state.fail("nobody listens on 127.0.0.1:9900".into(), Instant::now());
    state.press(Key::Char(' '));
    held("warnings.txt", &mut state, ALL, (80, 24));
}

#[test]
fn help_and_why_lie_above_the_table() {
    let mut state = state(view());
    state.press(Key::Char('?'));
    held("help.txt", &mut state, ALL, (80, 24));
    state.press(Key::Escape);
    state.press(Key::Down);
    state.press(Key::Enter);
    held("why.txt", &mut state, NOTHING, (80, 24));
}

#[test]
fn a_filter_is_seen_as_it_is_typed() {
    let mut state = state(view());
    for c in "/idle/1".chars() {
        state.press(Key::Char(c));
    }
    held("filter.txt", &mut state, ALL, (80, 24));
}

#[test]
fn before_the_second_look_there_are_no_rates() {
    let first = View { program: view().program, ..View::default() };
    held("first-look.txt", &mut state(first), ALL, (80, 10));
}

#[test]
fn no_size_is_too_small() {
    for width in [0, 1, 2, 3, 10, 19, 40, 79] {
        for height in [0, 1, 2, 3, 5, 7, 9] {
            let mut state = state(view());
            for key in [Key::End, Key::Char('?'), Key::Escape, Key::Enter, Key::Escape, Key::Tab] {
                state.press(key);
                drawn(&mut state, ALL, (width, height));
                drawn(&mut state, NOTHING, (width, height));
            }
        }
    }
}
