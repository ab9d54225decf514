//! Mistakes made by chance in valid configurations: nearly each one is found, at the line where it was made. And no
//! message at all about configurations without one.
//!
//! What is made is a mistake by how it is made, and never by asking the program: a key that must be there is taken out, a
//! key is misspelled, two values are swapped that are of different kinds, a value becomes one of another kind, a name
//! leads nowhere.

#[path = "mistakes/lines.rs"]
mod lines;
#[path = "mistakes/make.rs"]
mod make;

use fastrand::Rng;
use lines::Lines;
use make::{Kind, Mistake};
use pintle_config::check;
use pintle_core::config::{Diagnostics, Severity};
use pintle_testkit::Folder;
use pintle_testkit::generate::Generator;

fn found(text: &str) -> Diagnostics {
    let folder = Folder::new();
    let path = folder.write("pintle.yaml", text);
    check(&path).reader.diagnostics
}

#[test]
fn of_a_hundred_mistakes_ninety_five_are_found_at_their_lines() {
    let (mut good, mut missed) = (0, Vec::new());
    for seed in 0..100 {
        let kind = Kind::ALL[seed as usize % Kind::ALL.len()];
        let mut rng = Rng::with_seed(seed);
        let generated = Generator::new(seed).make();
        let Mistake { tree, places, what } = make::mistake(&generated.tree, kind, &mut rng);
        let (lines, before) = (Lines::of(&tree), Lines::of(&generated.tree));
        assert_ne!(lines.text, before.text, "{kind:?}: {what}");
        let wanted: Vec<usize> = places.iter().flat_map(|place| lines.of_place(place)).collect();
        let diagnostics = found(&lines.text);
        let at: Vec<usize> = diagnostics
            .iter()
            .filter(|one| one.severity == Severity::Error)
            .map(|one| one.span.position().line)
            .collect();
        if at.iter().any(|line| wanted.contains(line)) {
            good += 1;
        } else {
            missed.push(format!(
                "{seed} {kind:?}: {what}; wanted {wanted:?}, found {at:?}\n{}",
                diagnostics.render(false)
            ));
        }
        // Two values in the wrong places are two mistakes; any other is one, and what follows from it is left out.
        let once = at.len() == 1 || matches!(kind, Kind::Swap);
        assert!(once, "{seed} {kind:?}: {what}\n{}", diagnostics.render(false));
    }
    assert!(good >= 95, "{good} of 100\n{}", missed.join("\n"));
}

#[test]
fn of_fifty_valid_configurations_nothing_is_said() {
    for seed in 1000..1050 {
        let generated = Generator::new(seed).make();
        let diagnostics = found(&generated.text);
        assert!(diagnostics.is_empty(), "{seed}\n{}\n{}", generated.text, diagnostics.render(false));
        let plain = found(&Lines::of(&generated.tree).text);
        assert!(plain.is_empty(), "{seed}, written plainly\n{}", plain.render(false));
    }
}
