//! The loop: keys, answers and signals come in, each from a thread of its own; the screen goes out. Nothing here waits for
//! the gateway, so that keys work however slow it is.

use super::choice::Choice;
use super::draw::{Ability, Place, draw};
use super::keys::Keys;
use super::look::Look;
use super::model::Model;
use super::screen::{Screen, Told, follow, suspend};
use super::shown;
use super::state::{Effect, State};
use super::table::Kind;
use super::{Arguments, ask, wait};
use crate::admin_client::AdminClient;
use std::env;
use std::io::{self, Read};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// How much may have come that is not taken yet; who brings more waits.
const INBOX: usize = 64;
/// What belongs to one key is there within this time.
const KEY: Duration = Duration::from_millis(50);
/// How often times are drawn anew although nothing comes.
const IDLE: Duration = Duration::from_secs(1);

/// What comes in.
#[expect(clippy::large_enum_variant, reason = "a few wait at a time")]
pub(super) enum Input {
    Bytes(Vec<u8>),
    /// The terminal is gone.
    Gone,
    Answer(Result<Look, String>),
    Told(Told),
}

/// Shows it until somebody ends it.
pub(super) fn run(client: AdminClient, first: Look, arguments: &Arguments, choice: Choice) -> Result<ExitCode, String> {
    let place = Place {
        ability: ability(|name| env::var(name).ok()),
        address: shown::name(&client.address().to_string()),
        every: arguments.every,
        again: arguments.gateway.words().iter().map(|word| format!(" {}", shown::quoted(word))).collect(),
    };
    let (to, inbox) = sync_channel(INBOX);
    follow(to.clone())?;
    let no_terminal = |error: io::Error| format!("the terminal cannot be used: {error}");
    let mut screen = Screen::take().map_err(no_terminal)?;
    read(to.clone());
    look_again(client, arguments.every, to);
    let kind = if arguments.upstreams { Kind::Upstreams } else { Kind::Routes };
    let (mut model, mut state) = (Model::default(), State::new(kind, choice));
    state.show(model.take(first));
    let ended = turn(&mut screen, &mut model, &mut state, &place, &inbox);
    drop(screen);
    ended.map_err(no_terminal)
}

/// Takes what comes, and draws.
fn turn(
    screen: &mut Screen,
    model: &mut Model,
    state: &mut State,
    place: &Place,
    inbox: &Receiver<Input>,
) -> io::Result<ExitCode> {
    let mut keys = Keys::default();
    loop {
        screen.draw(|frame| draw(frame, state, place, (Instant::now(), SystemTime::now())))?;
        let mut next = match inbox.recv_timeout(if keys.is_waiting() { KEY } else { IDLE }) {
            Ok(input) => Some(input),
            Err(RecvTimeoutError::Timeout) => {
                if let Some(key) = keys.flush() {
                    state.press(key);
                }
                None
            }
            // All that brings anything has ended.
            Err(RecvTimeoutError::Disconnected) => return Ok(ExitCode::FAILURE),
        };
        // All that has come is drawn at once.
        while let Some(input) = next {
            match input {
                Input::Gone => return Ok(ExitCode::FAILURE),
                Input::Answer(Ok(look)) => state.show(model.take(look)),
                Input::Answer(Err(why)) => state.fail(shown::name(&why), Instant::now()),
                Input::Told(Told::End(number)) => return Ok(ended_by(number)),
                Input::Told(Told::Stop) => screen.stop()?,
                Input::Told(Told::Continue) => screen.go_on()?,
                Input::Told(Told::Resized) => {}
                Input::Bytes(bytes) => {
                    for key in keys.feed(&bytes) {
                        if let Some(code) = act(state.press(key), screen)? {
                            return Ok(code);
                        }
                    }
                }
            }
            next = inbox.try_recv().ok();
        }
    }
}

/// Does what a key asks of the program; how it ends, if it does.
fn act(effect: Effect, screen: &mut Screen) -> io::Result<Option<ExitCode>> {
    match effect {
        Effect::None => {}
        Effect::Quit => return Ok(Some(ExitCode::SUCCESS)),
        Effect::Interrupt => return Ok(Some(ended_by(2))),
        Effect::Suspend => suspend(),
        Effect::Redraw => screen.refresh()?,
    }
    Ok(None)
}

/// What a shell gives for a program that a signal ended.
fn ended_by(signal: i32) -> ExitCode {
    ExitCode::from(u8::try_from(128 + signal).unwrap_or(1))
}

/// Reads what is typed, as long as there is a terminal.
fn read(to: SyncSender<Input>) {
    thread::spawn(move || {
        let mut piece = [0; 256];
        loop {
            let input = match io::stdin().read(&mut piece) {
                Ok(count @ 1..) => Input::Bytes(piece[..count].to_vec()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Ok(0) | Err(_) => Input::Gone,
            };
            let is_end = matches!(input, Input::Gone);
            if to.send(input).is_err() || is_end {
                return;
            }
        }
    });
}

/// Looks at the gateway again and again. An answer that takes longer than it should makes the next look later, never a
/// second one beside it.
fn look_again(client: AdminClient, every: Duration, to: SyncSender<Input>) {
    thread::spawn(move || {
        let mut begun = Instant::now();
        loop {
            wait((begun + every).saturating_duration_since(Instant::now()));
            begun = Instant::now();
            if to.send(Input::Answer(ask(&client))).is_err() {
                return;
            }
        }
    });
}

/// What the terminal can do, by the variables that say so (no-color.org; POSIX.1-2024 8.2).
fn ability(variable: impl Fn(&str) -> Option<String>) -> Ability {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default().to_ascii_lowercase();
    Ability { utf8: locale.contains("utf-8") || locale.contains("utf8"), colors: set("NO_COLOR").is_none() }
}

#[cfg(test)]
mod tests {
    use super::ability;

    #[test]
    fn variables_say_what_the_terminal_can_do() {
        let of = |set: &[(&str, &str)]| {
            let ability = ability(|name| set.iter().find(|(one, _)| *one == name).map(|(_, value)| (*value).into()));
            (ability.utf8, ability.colors)
        };
        assert_eq!(of(&[("LANG", "de_DE.UTF-8")]), (true, true));
        assert_eq!(of(&[("LANG", "C.utf8"), ("NO_COLOR", "1")]), (true, false));
        assert_eq!(of(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")]), (false, true));
        assert_eq!(of(&[("LC_ALL", ""), ("LC_CTYPE", "UTF-8"), ("LANG", "C")]), (true, true));
        assert_eq!(of(&[("NO_COLOR", "")]), (false, true));
    }
}
