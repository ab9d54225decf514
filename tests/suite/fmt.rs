//! `pintle fmt`: one layout, the same meaning, and a file that is never half written.

use pintle_core::config::{Comment, Diagnostics, Node, Source};
use pintle_testkit::generate::Generator;
use pintle_testkit::{Folder, pintle, pintle_with};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

const LOOSE: &str =
    "listeners:   # where\n- {address:   '127.0.0.1:8080'}\n\n\n\nroutes: [ {match: /**, respond: {status: 204}} ]\n";
const TIGHT: &str =
    "listeners: # where\n  - {address: \"127.0.0.1:8080\"}\n\nroutes: [{match: /**, respond: {status: 204}}]\n";

#[tokio::test]
async fn files_are_formatted_in_place_and_the_changed_ones_told() {
    let folder = Folder::new();
    let (loose, tight) = (folder.write("loose.yaml", LOOSE), folder.write("tight.yaml", TIGHT));
    let ended = pintle(folder.path(), &["fmt", "loose.yaml", "tight.yaml"]).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "loose.yaml: formatted"), "{ended:?}");
    let text = fs::read_to_string(&loose).expect("it is there");
    assert!(text.contains("  - {address: \"127.0.0.1:8080\"}") && !text.contains("\n\n\n"), "{text}");
    assert_eq!(fs::read_to_string(&tight).expect("it is there"), TIGHT);
    assert_eq!(pintle(folder.path(), &["check", "loose.yaml"]).await.code, Some(0));
    let again = pintle(folder.path(), &["fmt", "loose.yaml", "tight.yaml"]).await;
    assert_eq!((again.code, again.stdout.as_str()), (Some(0), "2 files, nothing to change"));
    let left: Vec<_> = fs::read_dir(folder.path()).expect("a folder").collect();
    assert_eq!(left.len(), 2, "something is left beside the files");
}

#[tokio::test]
async fn a_check_changes_nothing_shows_what_would_change_and_fails() {
    let folder = Folder::new();
    let loose = folder.write("loose.yaml", LOOSE);
    let ended = pintle(folder.path(), &["fmt", "--check", "loose.yaml"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("2 - - {address:   '127.0.0.1:8080'}"), "{ended:?}");
    assert!(ended.stdout.contains("+   - {address: \"127.0.0.1:8080\"}"), "{ended:?}");
    assert_eq!(fs::read_to_string(loose).expect("it is there"), LOOSE);
    folder.write("tight.yaml", TIGHT);
    assert_eq!(pintle(folder.path(), &["fmt", "--check", "tight.yaml"]).await.code, Some(0));
}

#[tokio::test]
async fn standard_input_goes_to_standard_output() {
    let folder = Folder::new();
    let ended = pintle_with(folder.path(), &["fmt", "-"], &[], TIGHT.replace('\n', "\r\n")).await;
    assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), TIGHT.trim_end(), ""));
    let ended = pintle_with(folder.path(), &["fmt", "--check", "-"], &[], LOOSE).await;
    assert_eq!(ended.code, Some(1));
    let loose = folder.write("loose.yaml", LOOSE);
    let ended = pintle(folder.path(), &["fmt", "--stdout", "loose.yaml"]).await;
    assert!(ended.code == Some(0) && ended.stdout.starts_with("listeners:   # where\n  - {address"), "{ended:?}");
    assert_eq!(fs::read_to_string(loose).expect("it is there"), LOOSE);
}

#[tokio::test]
async fn permissions_and_symlinks_stay_what_they_are() {
    let folder = Folder::new();
    let real = folder.write("real/loose.yaml", LOOSE);
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("permissions");
    symlink("real/loose.yaml", folder.at("link.yaml")).expect("a symlink");
    assert_eq!(pintle(folder.path(), &["fmt", "link.yaml"]).await.code, Some(0));
    assert!(folder.at("link.yaml").is_symlink());
    assert_ne!(fs::read_to_string(&real).expect("it is there"), LOOSE);
    assert_eq!(fs::metadata(&real).expect("it is there").permissions().mode() & 0o777, 0o640);
}

#[tokio::test]
async fn what_cannot_be_read_or_formatted_stays_as_it_is_and_the_others_are_formatted() {
    let folder = Folder::new();
    let broken = "listeners: [\n";
    folder.write("broken.yaml", broken);
    // Blank lines at the end of a text that keeps them: the layout would drop them.
    let beyond =
        "listeners: []\nroutes:\n  - match: /\n    respond:\n      body: |+\n        x\n\n\n      status: 200\n";
    folder.write("beyond.yaml", beyond);
    folder.write("bytes.yaml", b"a: \xff\n");
    let loose = folder.write("loose.yaml", LOOSE);
    let args = ["fmt", "broken.yaml", "beyond.yaml", "bytes.yaml", "absent.yaml", "loose.yaml"];
    let ended = pintle(folder.path(), &args).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), "loose.yaml: formatted"), "{ended:?}");
    for part in ["broken.yaml:1:12", "beyond.yaml:6:9", "nothing was written", "bytes.yaml", "UTF-8", "absent.yaml"] {
        assert!(ended.stderr.contains(part), "no {part} in {}", ended.stderr);
    }
    assert_eq!(fs::read_to_string(folder.at("broken.yaml")).expect("it is there"), broken);
    assert_eq!(fs::read_to_string(folder.at("beyond.yaml")).expect("it is there"), beyond);
    assert_ne!(fs::read_to_string(loose).expect("it is there"), LOOSE);
}

#[tokio::test]
async fn a_file_that_may_not_be_written_stays_as_it_is() {
    let folder = Folder::new();
    let loose = folder.write("loose.yaml", LOOSE);
    fs::set_permissions(&loose, fs::Permissions::from_mode(0o444)).expect("permissions");
    let ended = pintle(folder.path(), &["fmt", "loose.yaml"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("loose.yaml cannot be written, and is as it was: it is read-only"), "{ended:?}");
    assert_eq!(fs::read_to_string(&loose).expect("it is there"), LOOSE);
}

/// The round trip: a document, its canonical form, read again, says the same.
#[tokio::test]
async fn a_thousand_generated_configurations_keep_their_meaning_and_settle() {
    const COUNT: u64 = 1_000;
    let folder = Folder::new();
    let names: Vec<String> = (0..COUNT).map(|seed| format!("{seed}.yaml")).collect();
    let mut written = Vec::new();
    for (seed, name) in (0..COUNT).zip(&names) {
        let text = Generator::new(seed).make().text;
        folder.write(name, &text);
        written.push((Source::new(name, text.as_str()), text));
    }
    // In calls that each end within the time that a test waits for one.
    for (part, names) in names.chunks(10).enumerate() {
        let args = |first: &[&'static str]| -> Vec<String> {
            first.iter().map(|arg| (*arg).to_owned()).chain(names.iter().cloned()).collect()
        };
        let run = async |args: Vec<String>| {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            pintle(folder.path(), &args).await
        };
        let ended = run(args(&["fmt"])).await;
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
        if part % 5 != 0 {
            continue;
        }
        let ended = run(args(&["fmt", "--check"])).await;
        assert_eq!(ended.code, Some(0), "what was formatted is not settled: {}", ended.stdout);
        let ended = run(args(&["check"])).await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    }
    let mut changed = 0;
    for (source, text) in &written {
        let form = fs::read_to_string(folder.at(source.name())).expect("it is there");
        changed += usize::from(form != *text);
        let (before, after) = (Source::new("before", text.as_str()), Source::new("after", form.as_str()));
        let mut found = Diagnostics::new();
        let (was, is) = (Node::parse(&before, &mut found), Node::parse(&after, &mut found));
        assert!(!found.has_errors(), "{form}");
        assert_eq!(was, is, "{text}\n---\n{form}");
        let words = |source: &Source| -> Vec<_> {
            Comment::all(source).iter().map(|one| one.span.text().trim_end().to_owned()).collect()
        };
        assert_eq!(words(&before), words(&after), "{text}\n---\n{form}");
    }
    assert!(changed > 500, "only {changed} had anything to change");
}
