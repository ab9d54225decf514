use super::*;
use pintle_core::config::Source;
use pintle_testkit::Folder as Place;
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn bundle(text: &str) -> Bundle {
    Bundle::new(&[Source::new("pintle.yaml", text)]).expect("there is a text")
}

/// Keeps a text as the next configuration.
fn keep(history: &mut History, text: &str, copy_of: Option<u64>) -> u64 {
    let (version, bundle) = (history.next(), bundle(text));
    let mut entry = Entry::new(version, SystemTime::now(), Cause::File, 1, &bundle, bundle.pack());
    entry.copy_of = copy_of;
    history.keep(Kept { entry, standing: Standing { version, origin: Origin::Files, files: None } });
    version
}

fn text(history: &History, version: u64) -> Option<String> {
    let (_, bundle) = history.text(version)?;
    Some(bundle.files().map(|(_, text)| text).collect())
}

#[test]
fn the_last_ten_are_kept_and_no_more() {
    let place = Place::new();
    let state = place.at("state");
    for folder in [None, Some(&*state)] {
        let mut history = History::open(folder).unwrap_or_else(|why| panic!("{why}"));
        for number in 1..=25 {
            assert_eq!(keep(&mut history, &format!("# {number}"), None), number);
        }
        assert_eq!(text(&history, 15), None);
        assert_eq!(text(&history, 16).as_deref(), Some("# 16"));
        assert_eq!(text(&history, 25).as_deref(), Some("# 25"));
        assert_eq!(history.to_json()["versions"].as_array().map(Vec::len), Some(KEPT));
        assert_eq!(history.failures(), (None, 0));
    }
    let files = fs::read_dir(&state).expect("it was made").count();
    assert_eq!(files, KEPT + 2, "and the index, and the lock");
}

#[test]
fn what_is_kept_is_there_after_a_restart_and_private() {
    let place = Place::new();
    let state = place.at("deep/state");
    let mut history = History::open(Some(&state)).unwrap_or_else(|why| panic!("{why}"));
    keep(&mut history, "# a", None);
    let two = keep(&mut history, "# b", None);
    history.take_back(two, true);
    keep(&mut history, "# c", Some(1));
    let before = history.to_json();
    assert!(History::open(Some(&state)).is_err_and(|why| why.contains("used by another gateway")));
    drop(history);
    let again = History::open(Some(&state)).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(again.to_json(), before);
    assert_eq!(again.next(), 4);
    assert_eq!(text(&again, 2).as_deref(), Some("# b"));
    assert_eq!(again.good().collect::<Vec<_>>(), [3, 1]);
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    for file in fs::read_dir(&state).expect("a folder").flatten() {
        assert_eq!(mode(&file.path()), 0o600, "{file:?}");
    }
}

#[test]
fn what_was_in_force_as_a_version_is_found_though_its_text_came_again() {
    let mut history = History::open(None).unwrap_or_else(|why| panic!("{why}"));
    for text in ["# a", "# a", "# b", "# c", "# c"] {
        keep(&mut history, text, None);
    }
    let was = |history: &History, version| {
        let bundle = history.text_in_force_as(version)?;
        Some(bundle.files().map(|(_, text)| text).collect::<String>())
    };
    let texts: Vec<_> = (0..=6).map(|version| was(&history, version)).collect();
    let expected = [None, Some("# a"), Some("# a"), Some("# b"), Some("# c"), Some("# c"), None];
    assert_eq!(texts, expected.map(|text| text.map(str::to_owned)));
    for number in 6..=15 {
        keep(&mut history, &format!("# {number}"), None);
    }
    assert_eq!(was(&history, 5), None, "it had to go");
    assert_eq!(was(&history, 6).as_deref(), Some("# 6"));
}

#[test]
fn going_back_again_goes_further_back() {
    let mut history = History::open(None).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(history.before(), None);
    for text in ["# a", "# b", "# c"] {
        keep(&mut history, text, None);
    }
    assert_eq!(history.before(), Some(2));
    keep(&mut history, "# b", Some(2));
    assert_eq!(history.before(), Some(1));
    // Read again, as for a secret that has changed, it is still a copy.
    keep(&mut history, "# b", None);
    assert_eq!(history.before(), Some(1));
    keep(&mut history, "# a", Some(1));
    assert_eq!(history.before(), None);
}

#[test]
fn the_same_text_again_takes_no_place() {
    let mut history = History::open(None).unwrap_or_else(|why| panic!("{why}"));
    keep(&mut history, "# a", None);
    for _ in 0..20 {
        keep(&mut history, "# b", None);
    }
    assert_eq!(history.good().collect::<Vec<_>>(), [21, 1]);
    assert_eq!(history.before(), Some(1));
}

#[test]
fn a_folder_of_somebody_else_is_left_alone() {
    let place = Place::new();
    let foreign = |name: &str, text: &str| {
        let state = place.at(name);
        place.write(&format!("{name}/{}", text.split(' ').next().unwrap_or_default()), text);
        History::open(Some(&state)).err()
    };
    let why = foreign("theirs", "data.db of theirs").unwrap_or_default();
    assert!(why.contains("holds `data.db`"), "{why}");
    place.write("newer/pintle-state.json", r#"{"format": "pintle-state-9"}"#);
    let why = History::open(Some(&place.at("newer"))).err().unwrap_or_default();
    assert!(why.contains("its format is `pintle-state-9`"), "{why}");
    assert_eq!(foreign("mounted", ".snapshot of a mount"), None);
}

#[test]
fn a_damaged_index_stops_nothing() {
    let place = Place::new();
    let state = place.at("state");
    place.write("state/pintle-state.json", "{\"format\": \"pintle-st");
    let mut history = History::open(Some(&state)).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(history.failures().1, 1);
    keep(&mut history, "# a", None);
    assert_eq!(history.failures().0, None);
    drop(history);
    let again = History::open(Some(&state)).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(text(&again, 1).as_deref(), Some("# a"));
}

#[test]
fn a_damaged_text_is_not_taken() {
    let place = Place::new();
    let state = place.at("state");
    let mut history = History::open(Some(&state)).unwrap_or_else(|why| panic!("{why}"));
    keep(&mut history, "# a", None);
    keep(&mut history, "# b", None);
    fs::copy(state.join("configuration-1.zz"), state.join("configuration-2.zz")).expect("a copy");
    assert_eq!(text(&history, 2), None, "whole, but not what the index says");
    assert_eq!(text(&history, 1).as_deref(), Some("# a"));
}

#[test]
fn what_cannot_be_written_stays_in_memory_until_it_can() {
    let place = Place::new();
    let state = place.write("state", "a file in the way");
    let mut history = History::open(Some(&state)).unwrap_or_else(|why| panic!("{why}"));
    assert!(history.failures().0.is_some());
    keep(&mut history, "# a", None);
    keep(&mut history, "# b", None);
    let (failure, failures) = history.failures();
    assert!(failure.is_some_and(|why| why.contains("cannot be written")), "{failure:?}");
    assert_eq!(failures, 3);
    assert_eq!(text(&history, 1).as_deref(), Some("# a"));
    fs::remove_file(&state).expect("it is there");
    history.try_again();
    assert_eq!(history.failures().0, None);
    drop(history);
    let again = History::open(Some(&state)).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!((text(&again, 1).as_deref(), text(&again, 2).as_deref()), (Some("# a"), Some("# b")));
}

#[test]
fn a_disk_that_hangs_holds_nobody_up() {
    let place = Place::new();
    let state = place.at("state");
    fs::create_dir(&state).expect("a folder");
    // Reading it waits for somebody who writes.
    let made = std::process::Command::new("mkfifo").arg(state.join("pintle-state.json")).status();
    assert!(made.is_ok_and(|status| status.success()));
    let mut history = History::open(Some(&state)).unwrap_or_else(|why| panic!("{why}"));
    let (failure, failures) = history.failures();
    assert!(failure.is_some_and(|why| why.ends_with("does not answer within 5s")), "{failure:?}");
    assert_eq!(failures, 1);
    keep(&mut history, "# a", None);
    assert_eq!(history.failures().1, 2, "what hung still hangs");
    assert_eq!(text(&history, 1).as_deref(), Some("# a"));
}
