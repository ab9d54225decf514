use super::*;
use pintle_testkit::Folder as Place;
use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};

const WAYS: [Way; 2] = [Way::System, Way::Walk];

/// A root with files and links, and a secret beside it.
fn place() -> Place {
    let place = Place::new();
    for name in ["public/a.txt", "public/sub/b.txt", "public/sub/deep/c.txt", "secret.txt"] {
        place.write(name, name);
    }
    let link = |to: &str, name: &str| symlink(to, place.at(name)).expect("a link");
    link("a.txt", "public/to_file");
    link("sub", "public/to_folder");
    link("../a.txt", "public/sub/up");
    link("deep/../../sub/./deep//c.txt", "public/sub/winding");
    link("to_folder/to_file2", "public/chain");
    link("../to_file", "public/sub/to_file2");
    link("sub/", "public/slash");
    link("../secret.txt", "public/out");
    link("..", "public/parent");
    link("sub/../../secret.txt", "public/over");
    link("to_folder/../../secret.txt", "public/by_link");
    link("/", "public/top");
    link("nowhere", "public/dangling");
    link("loop_b", "public/loop_a");
    link("loop_a", "public/loop_b");
    symlink(place.at("public/a.txt"), place.at("public/absolute")).expect("a link");
    place
}

fn read(folder: &Folder, name: &str) -> Result<String, Errno> {
    let mut node = folder.node(name.as_bytes())?;
    let mut text = String::new();
    if node.kind() == FileType::RegularFile {
        node.file.read_to_string(&mut text).expect("a text");
    }
    Ok(text)
}

fn open(place: &Place, way: Way) -> Folder {
    Folder::open(&place.at("public"), way).expect("a folder").0
}

#[test]
fn links_are_followed_below_the_root_in_both_ways() {
    let place = place();
    for way in WAYS {
        let folder = open(&place, way);
        let cases = [
            ("a.txt", "public/a.txt"),
            ("sub/b.txt", "public/sub/b.txt"),
            ("to_file", "public/a.txt"),
            ("to_folder/b.txt", "public/sub/b.txt"),
            ("sub/up", "public/a.txt"),
            ("sub/winding", "public/sub/deep/c.txt"),
            ("chain", "public/a.txt"),
            ("slash/deep/c.txt", "public/sub/deep/c.txt"),
            ("", ""),
            ("sub", ""),
            ("slash", ""),
        ];
        for (name, wanted) in cases {
            assert_eq!(read(&folder, name).as_deref(), Ok(wanted), "{name} by {way:?}");
        }
    }
}

#[test]
fn nothing_leads_out_of_the_root_in_both_ways() {
    let place = place();
    for way in WAYS {
        let folder = open(&place, way);
        let out = [
            "out",
            "parent",
            "parent/secret.txt",
            "over",
            "by_link",
            "top",
            "top/etc/passwd",
            "absolute",
            "..",
            "sub/../..",
            "sub/../../secret.txt",
        ];
        for name in out {
            assert_eq!(read(&folder, name), Err(Errno::XDEV), "{name} by {way:?}");
            assert_eq!(folder.look(name.as_bytes()).err(), Some(Errno::XDEV), "{name} by {way:?}");
        }
        for name in ["dangling", "nothing", "sub/nothing"] {
            assert_eq!(read(&folder, name), Err(Errno::NOENT), "{name} by {way:?}");
        }
        assert_eq!(read(&folder, "loop_a"), Err(Errno::LOOP), "{way:?}");
        assert_eq!(read(&folder, "a.txt/b"), Err(Errno::NOTDIR), "{way:?}");
        assert_eq!(read(&folder, "to_file/b"), Err(Errno::NOTDIR), "{way:?}");
        assert_eq!(read(&folder, &"n".repeat(300)), Err(Errno::NAMETOOLONG), "{way:?}");
        // What is looked at is where a link leads.
        let kind = |name: &str| folder.look(name.as_bytes()).map(|stat| FileType::from_raw_mode(stat.st_mode));
        assert_eq!(kind("to_file"), Ok(FileType::RegularFile), "{way:?}");
        assert_eq!(kind("to_folder"), Ok(FileType::Directory), "{way:?}");
    }
}

/// What a link leads to changes while it is opened: it is the one file or none, never the secret.
#[test]
fn a_link_that_turns_while_it_is_followed_never_leads_out() {
    let place = place();
    fs::create_dir(place.at("public/turn")).expect("a folder");
    let end = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let turner = scope.spawn(|| {
            // A folder, a link out, a link within: each as the last segment's folder, and as the file itself.
            let turns = ["../..", "/", "../sub", "../../public/sub", "."];
            for at in 0.. {
                if end.load(Ordering::Relaxed) {
                    return;
                }
                let to = turns[at % turns.len()];
                for (name, to) in [("folder", to), ("file", if at % 2 == 0 { "../../secret.txt" } else { "../a.txt" })]
                {
                    let _ = fs::remove_file(place.at("public/turn/new"));
                    symlink(to, place.at("public/turn/new")).expect("a link");
                    fs::rename(place.at("public/turn/new"), place.at(&format!("public/turn/{name}"))).expect("a turn");
                }
            }
        });
        let mut found = 0;
        for way in WAYS {
            let folder = open(&place, way);
            for _ in 0..3000 {
                for name in ["turn/folder/secret.txt", "turn/folder/b.txt", "turn/file", "turn/folder/../secret.txt"] {
                    if let Ok(text) = read(&folder, name) {
                        assert!(!text.contains("secret"), "{name} by {way:?}");
                        found += 1;
                    }
                }
            }
        }
        end.store(true, Ordering::Relaxed);
        turner.join().expect("it turns");
        assert!(found > 0, "no link was ever followed");
    });
}

#[test]
fn a_fifo_does_not_hold_anybody_up() {
    let place = place();
    rustix::fs::mknodat(CWD, place.at("public/fifo"), FileType::Fifo, Mode::RUSR, 0).expect("a FIFO");
    let _socket = std::os::unix::net::UnixListener::bind(place.at("public/socket")).expect("a socket");
    for way in WAYS {
        let folder = open(&place, way);
        assert_eq!(folder.node(b"fifo").expect("it opens").kind(), FileType::Fifo);
        assert_eq!(folder.node(b"socket").err(), Some(Errno::NXIO));
    }
}

#[test]
fn another_folder_in_the_roots_place_is_noticed() {
    let place = Place::new();
    place.write("one/v.txt", "one");
    place.write("two/v.txt", "two");
    let turn = |to: &str| {
        symlink(to, place.at("new")).expect("a link");
        fs::rename(place.at("new"), place.at("current")).expect("a turn");
    };
    turn("one");
    let root = Root::new(place.at("current"), Way::here());
    let now = Instant::now();
    let get = |now| root.folder(now).map(|(folder, is_fresh)| (read(&folder, "v.txt"), is_fresh));
    assert_eq!(get(now), Ok((Ok("one".into()), true)));
    turn("two");
    assert_eq!(get(now + LOOK / 2), Ok((Ok("one".into()), false)), "looked at a moment ago");
    assert_eq!(get(now + LOOK), Ok((Ok("two".into()), true)));
    assert_eq!(get(now + LOOK), Ok((Ok("two".into()), false)));
    assert!(root.another(now + LOOK).is_none(), "it is the same");
    turn("one");
    assert_eq!(read(&root.another(now + LOOK).expect("it turned"), "v.txt").as_deref(), Ok("one"));
    // A root that goes is not served any more, and may come again.
    fs::remove_file(place.at("current")).expect("it goes");
    assert_eq!(get(now + 2 * LOOK), Err(Errno::NOENT));
    turn("two");
    assert_eq!(get(now + 2 * LOOK), Ok((Ok("two".into()), true)));
}
