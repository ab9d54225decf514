//! `pintle hash`: from a secret to what a configuration may hold, without the secret being seen.

use pintle_testkit::{Finished, Folder, Signal, Terminal, pintle, pintle_with};

const PASSWORD: &str = "correct horse battery staple";

async fn hashed(args: &[&str], input: &str) -> Finished {
    pintle_with(Folder::new().path(), args, &[], input).await
}

fn refused(ended: &Finished, part: &str) {
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
    assert!(ended.stderr.contains(part), "no {part:?} in {ended:?}");
}

#[tokio::test]
async fn a_key_from_standard_input_becomes_the_line_for_a_consumer() {
    // What `printf %s a-key-of-more-than-24-chars | sha256sum` says.
    let expected = "api_keys: [{sha256: 8149b58caf3a94d775454b9d6ebe6032bcd08acf265b3676e27fbb6d32b4fd1e}]";
    for input in ["a-key-of-more-than-24-chars", "a-key-of-more-than-24-chars\n", "a-key-of-more-than-24-chars\r\n"] {
        let ended = hashed(&["hash", "api-key"], input).await;
        assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), expected, ""));
    }
}

#[tokio::test]
async fn a_made_key_is_told_once_differs_each_time_and_fits_its_line() {
    let mut keys = Vec::new();
    for _ in 0..3 {
        let made = hashed(&["hash", "api-key", "--generate"], "").await;
        let (key, line) = made.stdout.split_once('\n').expect("two lines");
        let random = key.strip_prefix("pintle_").expect("a prefix");
        assert!(random.len() == 40 && random.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{key}");
        assert!(!made.stderr.contains(key), "{made:?}");
        let again = hashed(&["hash", "api-key"], key).await;
        assert_eq!((again.stdout.as_str(), again.stderr.as_str()), (line, ""));
        assert!(!keys.contains(&key.to_owned()));
        keys.push(key.to_owned());
    }
}

#[tokio::test]
async fn a_password_gets_a_salt_of_its_own_and_the_recommended_parameters() {
    let run = async || hashed(&["hash", "password"], &format!("{PASSWORD}\n")).await;
    let (one, two) = (run().await, run().await);
    for ended in [&one, &two] {
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
        let hash = ended.stdout.strip_prefix("password: {argon2: \"$argon2id$v=19$m=19456,t=2,p=1$");
        assert!(hash.is_some_and(|rest| rest.ends_with("\"}")), "{ended:?}");
    }
    assert_ne!(one.stdout, two.stdout);
}

#[tokio::test]
async fn what_is_empty_too_long_or_no_such_secret_is_refused() {
    for input in ["", "\n", "\r\n"] {
        refused(&hashed(&["hash", "api-key"], input).await, "the API key is empty");
        refused(&hashed(&["hash", "password"], input).await, "the password is empty");
    }
    refused(&hashed(&["hash", "api-key"], &"x".repeat(513)).await, "more than 512 bytes");
    assert_eq!(hashed(&["hash", "api-key"], &("x".repeat(512) + "\r\n")).await.code, Some(0));
    refused(&hashed(&["hash", "password"], &"x".repeat(10_000_000)).await, "more than 1024 bytes");
    refused(&hashed(&["hash", "api-key"], "two words that are long enough").await, "without spaces");
    refused(&hashed(&["hash", "password"], "two\nlines that are long enough").await, "one line");
    let bytes = pintle_with(Folder::new().path(), &["hash", "password"], &[], b"\xff\xfe".as_slice()).await;
    refused(&bytes, "UTF-8");
}

#[tokio::test]
async fn what_is_easy_to_guess_is_warned_of() {
    let ended = hashed(&["hash", "api-key"], "short").await;
    assert!(ended.code == Some(0) && ended.stderr.contains("--generate"), "{ended:?}");
    let ended = hashed(&["hash", "password"], "hunter2").await;
    assert!(ended.code == Some(0) && ended.stderr.contains("under 12 characters"), "{ended:?}");
    assert!(!ended.stderr.contains("hunter2"));
}

#[tokio::test]
async fn a_secret_as_an_argument_is_refused_and_not_repeated() {
    for args in [["hash", "password", "hunter2"], ["hash", "api-key", "hunter2"]] {
        let ended = pintle(Folder::new().path(), &args).await;
        refused(&ended, "other users see a program's arguments");
        assert!(!ended.stderr.contains("hunter2"), "{ended:?}");
    }
}

#[tokio::test]
async fn at_a_terminal_a_secret_is_asked_for_twice_and_never_shown() {
    let folder = Folder::new();
    let mut terminal = Terminal::start(folder.path(), &["hash", "password"]);
    terminal.shows("Password: ", 1).await;
    assert!(!terminal.echoes());
    terminal.types(&format!("{PASSWORD}\n"));
    terminal.shows("The same again: ", 1).await;
    terminal.types(&format!("{PASSWORD}\n"));
    let ended = terminal.ended().await;
    assert_eq!(ended.code, Some(0), "{}", terminal.shown());
    assert!(ended.stdout.starts_with("password: {argon2: "), "{ended:?}");
    assert!(terminal.echoes() && !terminal.shown().contains("horse"), "{}", terminal.shown());

    let mut terminal = Terminal::start(folder.path(), &["hash", "api-key"]);
    terminal.shows("API key: ", 1).await;
    terminal.types("a-key-of-more-than-24-chars\n");
    terminal.shows("The same again: ", 1).await;
    terminal.types("a-key-of-more-than-24-char\n");
    assert_eq!(terminal.ended().await.code, Some(1));
    terminal.shows("the two are not the same", 1).await;
}

#[tokio::test]
async fn after_an_interrupt_the_terminal_shows_again_what_is_typed() {
    let folder = Folder::new();
    let terminal = Terminal::start(folder.path(), &["hash", "password"]);
    terminal.shows("Password: ", 1).await;
    assert!(!terminal.echoes());
    terminal.signal(Signal::INT);
    assert_eq!(terminal.ended().await.code, Some(130));
    assert!(terminal.echoes());
}
