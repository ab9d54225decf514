//! Whether a change is seen without reading what the files mean, and what is left unread where it is known.

use super::includes::Directory;
use crate::config::{Form, Reader, Source, Sources};
use std::os::unix::fs::symlink;

fn load(files: &Directory) -> Sources {
    Sources::load(&files.path("gateway.yaml"), &mut Reader::new())
}

#[test]
fn what_has_not_changed_is_the_same() {
    let files = Directory::new("survey-same");
    files.write("gateway.yaml", "\u{feff}include: [routes.d/*.yaml]\nworkers: 2\n");
    files.write("routes.d/a.yaml", "routes: [a]\n");
    let survey = load(&files).survey;
    assert!(survey.is_same_now());
    files.write("routes.d/a.yaml", "routes: [a]\n");
    files.write("routes.d/notes.txt", "nothing of it");
    assert!(survey.is_same_now(), "written again with the same text");
}

#[test]
fn every_kind_of_change_is_seen() {
    let files = Directory::new("survey-changes");
    files.write("gateway.yaml", "include: [routes.d/*.yaml]\n");
    let a = files.write("routes.d/a.yaml", "routes: [a]\n");
    let again = |what: &str, change: &dyn Fn()| {
        let survey = load(&files).survey;
        assert!(survey.is_same_now(), "before: {what}");
        change();
        assert!(!survey.is_same_now(), "{what}");
    };
    again("a text of the same length", &|| drop(files.write("routes.d/a.yaml", "routes: [b]\n")));
    again("a new file", &|| drop(files.write("routes.d/b.yaml", "")));
    again("a file less", &|| std::fs::remove_file(&a).expect("removed"));
    again("a link in place of a file", &|| {
        std::fs::remove_file(files.path("routes.d/b.yaml")).expect("removed");
        symlink(files.write("elsewhere.yaml", ""), files.path("routes.d/b.yaml")).expect("a link");
    });
    again("a link that leads to another file with the same text", &|| {
        std::fs::remove_file(files.path("routes.d/b.yaml")).expect("removed");
        symlink(files.write("another.yaml", ""), files.path("routes.d/b.yaml")).expect("a link");
    });
    again("the main file", &|| drop(files.write("gateway.yaml", "")));
}

#[test]
fn what_could_not_be_read_is_looked_at_again() {
    let files = Directory::new("survey-unreadable");
    assert!(!load(&files).survey.is_same_now(), "no main file");
    files.write("gateway.yaml", "include: [routes.d/*.yaml]\n");
    std::fs::write(files.write("routes.d/a.yaml", ""), [0xff]).expect("a file");
    assert!(!load(&files).survey.is_same_now(), "not UTF-8");
}

#[test]
fn what_is_known_is_left_unread() {
    let files = Directory::new("survey-known");
    files.write("gateway.yaml", "include: [a.yaml, b.yaml, c.yaml]\nroutes: [m]\n");
    for (name, text) in [("a.yaml", "routes: [a]\n"), ("b.yaml", "routes: [b]\n"), ("c.yaml", "include: []\n")] {
        files.write(name, text);
    }
    let mut reader = Reader::new();
    let known = |source: &Source| source.name().ends_with("a.yaml");
    let sources = Sources::load_unknown(&files.path("gateway.yaml"), &known, &mut reader);
    assert!(reader.diagnostics.is_empty());
    let end = |source: &Source| source.name().rsplit('/').next().unwrap_or_default().to_owned();
    assert_eq!(sources.unread.iter().map(end).collect::<Vec<_>>(), ["a.yaml"]);
    assert_eq!(sources.files.iter().map(end).collect::<Vec<_>>(), ["gateway.yaml", "a.yaml", "b.yaml", "c.yaml"]);
    let of_one_key: Vec<_> = sources.of_one_key.iter().map(|(source, key)| (end(source), &**key)).collect();
    assert_eq!(of_one_key, [("b.yaml".to_owned(), "routes")]);
    let routes = sources.root.get("routes").map(|node| node.form().clone());
    let Some(Form::List(routes)) = routes else { panic!("no list") };
    assert_eq!(routes.iter().filter_map(|route| route.as_text()).collect::<Vec<_>>(), ["m", "b"]);
}
