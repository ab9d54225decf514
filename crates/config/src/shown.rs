//! Text from outside on a terminal: nothing in it is obeyed, and none of it goes on without end.

/// A text on one line, cut to so many characters; control characters stand as escapes.
pub(crate) fn shown(text: &str, most: usize) -> String {
    let mut out = String::new();
    for (at, character) in text.chars().enumerate() {
        if at == most {
            out.push('…');
            break;
        }
        match character.is_control() {
            true => out.extend(character.escape_default()),
            false => out.push(character),
        }
    }
    out
}
