//! The lines that a program has written so far, and waiting for one to come.

use crate::wait::within;
use std::fmt::Display;
use std::io::{BufRead, BufReader, Read};
use tokio::sync::watch;

#[derive(Default)]
struct State {
    lines: Vec<String>,
    ended: bool,
    /// Nobody reads on after the next line.
    unread: bool,
}

/// A growing list of lines.
#[derive(Clone)]
pub(crate) struct Lines {
    state: watch::Sender<State>,
}

impl Lines {
    /// Follows a stream to its end, on a thread of its own.
    pub(crate) fn follow(stream: impl Read + Send + 'static) -> Self {
        let lines = Lines { state: watch::Sender::default() };
        let writer = lines.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                writer.state.send_modify(|state| state.lines.push(line));
                if writer.state.borrow().unread {
                    break;
                }
            }
            writer.state.send_modify(|state| state.ended = true);
        });
        lines
    }

    /// Reads one more line, then closes the stream.
    pub(crate) fn close_after_next(&self) {
        self.state.send_modify(|state| state.unread = true);
    }

    /// How many lines there are.
    pub(crate) fn count(&self) -> usize {
        self.state.borrow().lines.len()
    }

    /// All lines from `start` on.
    pub(crate) fn from(&self, start: usize) -> Vec<String> {
        self.state.borrow().lines.get(start..).unwrap_or_default().to_vec()
    }

    /// All lines as one text.
    pub(crate) fn text(&self) -> String {
        self.state.borrow().lines.join("\n")
    }

    /// Waits for the first line from `start` on of which `pick` makes something; gives that and the line's place.
    ///
    /// # Panics
    /// When the stream ends before, or after the time limit, with all lines in the message.
    pub(crate) async fn find<T>(
        &self,
        start: usize,
        what: impl Display,
        mut pick: impl FnMut(&str) -> Option<T>,
    ) -> (T, usize) {
        let mut next = start;
        let mut found = None;
        let mut states = self.state.subscribe();
        let looking = states.wait_for(|state| {
            while let (None, Some(line)) = (&found, state.lines.get(next)) {
                found = pick(line).map(|value| (value, next));
                next += 1;
            }
            found.is_some() || state.ended
        });
        let late = tokio::time::timeout(crate::LIMIT, looking).await.is_err();
        match found {
            Some(found) => found,
            None if late => panic!("waited {:?} for {what}; it wrote:\n{}", crate::LIMIT, self.text()),
            None => panic!("the program ended before {what}; it wrote:\n{}", self.text()),
        }
    }

    /// Waits until the stream has ended.
    pub(crate) async fn ended(&self) {
        let _ = within("the end of the program's output", self.state.subscribe().wait_for(|state| state.ended)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_is_found_where_it_stands() {
        let lines = Lines::follow(&b"one\ntwo\nthree"[..]);
        let found = lines.find(1, "a line with e", |line| line.contains('e').then(|| line.to_owned())).await;
        assert_eq!(found, ("three".to_owned(), 2));
        lines.ended().await;
        assert_eq!(lines.from(1), ["two", "three"]);
        assert_eq!(lines.count(), 3);
    }

    #[tokio::test]
    #[should_panic(expected = "ended before a fourth; it wrote:\none\ntwo")]
    async fn a_line_that_never_comes_is_told_with_those_that_came() {
        Lines::follow(&b"one\ntwo"[..]).find(0, "a fourth", |line| line.contains("four").then_some(())).await;
    }
}
