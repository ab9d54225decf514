use super::{Effect, Mode, State};
use crate::top::choice::{Choice, Sort};
use crate::top::keys::Key;
use crate::top::model::{Row, View};
use crate::top::table::Kind;
use std::time::{Duration, Instant};

fn view(names: &[&str]) -> View {
    let row = |(at, name): (usize, &&str)| Row { name: (*name).into(), rate: (100 - at) as f64, ..Row::default() };
    View { routes: names.iter().enumerate().map(row).collect(), upstreams: vec![Row::default()], ..View::default() }
}

fn state() -> State {
    let mut state = State::new(Kind::Routes, Choice::default());
    state.show(view(&["a", "b", "c", "d", "e"]));
    state.settle(2);
    state
}

fn selected(state: &State) -> String {
    let rows = state.rows();
    rows[state.place(&rows).0].name.clone()
}

#[test]
fn the_cursor_stays_on_its_row_when_the_order_changes() {
    let mut state = state();
    state.press(Key::Down);
    assert_eq!(selected(&state), "b");
    state.press(Key::Char('r'));
    assert_eq!(selected(&state), "b");
    state.press(Key::Home);
    assert_eq!(selected(&state), "e");
}

#[test]
fn the_cursor_stays_on_the_screen_and_within_the_table() {
    let mut state = state();
    for (key, selected_then, offset) in [
        (Key::PageDown, "c", 1),
        (Key::End, "e", 3),
        (Key::PageDown, "e", 3),
        (Key::Up, "d", 3),
        (Key::PageUp, "b", 1),
        (Key::Up, "a", 0),
        (Key::Up, "a", 0),
    ] {
        state.press(key);
        state.settle(2);
        let rows = state.rows();
        assert_eq!((selected(&state).as_str(), state.place(&rows).1), (selected_then, offset), "{key:?}");
    }
    state.press(Key::End);
    state.settle(2);
    state.show(view(&["a"]));
    state.settle(2);
    assert_eq!(state.place(&state.rows()), (0, 0));
    state.show(view(&[]));
    state.settle(0);
    assert_eq!(state.press(Key::Down), Effect::None);
    assert_eq!(state.press(Key::Enter), Effect::None);
    assert_eq!(state.mode, Mode::Table);
}

#[test]
fn a_filter_is_seen_while_it_is_typed_and_can_be_undone() {
    let mut state = state();
    for key in [Key::Char('/'), Key::Char('q'), Key::Backspace, Key::Char('c')] {
        assert_eq!(state.press(key), Effect::None);
    }
    assert_eq!(state.rows().len(), 1);
    state.press(Key::Enter);
    assert_eq!((state.mode.clone(), state.rows().len()), (Mode::Table, 1));
    for key in [Key::Char('/'), Key::Char('x'), Key::Escape] {
        state.press(key);
    }
    assert_eq!(state.choice.filter, "c");
    state.press(Key::Escape);
    assert_eq!(state.rows().len(), 5);
    state.press(Key::Char('/'));
    for _ in 0..1_000 {
        state.press(Key::Char('ß'));
    }
    assert!(state.choice.filter.len() <= 202);
}

#[test]
fn numbers_stand_still_while_paused_and_are_the_newest_afterwards() {
    let mut state = state();
    state.press(Key::Char(' '));
    state.show(view(&["x"]));
    state.show(view(&["y"]));
    assert_eq!(selected(&state), "a");
    state.press(Key::Char(' '));
    assert_eq!(selected(&state), "y");
}

#[test]
fn keys_change_the_order_and_the_table_and_open_what_lies_above() {
    let mut state = state();
    state.press(Key::Char('s'));
    assert_eq!(state.choice.sort, Sort::Errors);
    state.press(Key::Enter);
    assert_eq!(state.mode, Mode::Why(Kind::Routes, "a".into()));
    state.press(Key::Escape);
    state.press(Key::Char('?'));
    assert_eq!(state.mode, Mode::Help);
    state.press(Key::Char('x'));
    assert_eq!(state.mode, Mode::Table);
    state.press(Key::Tab);
    assert_eq!(state.kind, Kind::Upstreams);
    assert_eq!(state.press(Key::Char('q')), Effect::Quit);
    assert_eq!(state.press(Key::Control('c')), Effect::Interrupt);
    assert_eq!(state.press(Key::Control('z')), Effect::Suspend);
}

#[test]
fn the_time_without_an_answer_begins_with_the_first_one_that_is_missing() {
    let (mut state, now) = (state(), Instant::now());
    state.fail("one".into(), now);
    state.fail("two".into(), now + Duration::from_secs(5));
    assert_eq!(state.failing, Some((now, "two".into())));
    state.show(view(&["a"]));
    assert_eq!(state.failing, None);
}
