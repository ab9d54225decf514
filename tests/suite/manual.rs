//! What the program says about itself: help, the manual, what shells complete. All of it is made from one description.

use pintle_testkit::{Folder, pintle};
use std::fs;
use std::process::{Command, Stdio};

/// The commands, as the help lists them.
async fn commands() -> Vec<String> {
    let help = pintle(Folder::new().path(), &["help"]).await.stdout;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let named = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names: Vec<_> = named.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
    assert!(names.len() > 8 && names.contains(&"check".to_owned()), "{help}");
    names
}

/// Runs a program over a file, where it is installed; gives what it said if it failed.
fn faults(program: &str, args: &[&str], file: &std::path::Path) -> Option<String> {
    let output = Command::new(program).args(args).arg(file).stdin(Stdio::null()).output().ok()?;
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

#[tokio::test]
async fn shells_complete_every_command() {
    let folder = Folder::new();
    for (shell, args) in [("bash", &["-n"][..]), ("zsh", &["-n"]), ("fish", &["--no-execute"])] {
        let ended = pintle(folder.path(), &["completions", shell]).await;
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
        for command in commands().await {
            assert!(ended.stdout.contains(&command), "{shell} does not know {command}");
        }
        let script = folder.write(shell, ended.stdout + "\n");
        assert_eq!(faults(shell, args, &script), None, "{shell}");
    }
    assert_eq!(pintle(folder.path(), &["completions", "tcsh"]).await.code, Some(2));
}

#[tokio::test]
async fn the_manual_has_a_page_for_each_command() {
    let folder = Folder::new();
    let ended = pintle(folder.path(), &["man", "--out", "deep/man1"]).await;
    assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), "", ""));
    let names = commands().await.into_iter().filter(|name| name != "help").map(|name| format!("pintle-{name}.1"));
    for name in names.chain(["pintle.1".into(), "pintle-hash-password.1".into()]) {
        let page = folder.at("deep/man1").join(&name);
        let text = fs::read_to_string(&page).unwrap_or_else(|error| panic!("no {name}: {error}"));
        assert!(text.contains(".TH ") && text.contains(".SH NAME"), "{text}");
        // Whoever has `man` asks it to render the page.
        assert_eq!(faults("man", &["--warnings", "-l"], &page), None, "{name}");
    }
    let ended = pintle(folder.path(), &["man"]).await;
    assert_eq!(ended.code, Some(0));
    assert!(ended.stdout.matches(".SH NAME").count() > 8);
    folder.write("file", "");
    let ended = pintle(folder.path(), &["man", "--out", "file/below"]).await;
    assert!(ended.code == Some(1) && ended.stderr.contains("file/below"), "{ended:?}");
}
