//! `pintle init`: a first configuration that passes the check, from flags or from questions at a terminal.

use pintle_testkit::{Certificates, Finished, Folder, Gateway, Origin, Terminal, pintle, pintle_with};
use std::fs;

fn read(folder: &Folder, name: &str) -> String {
    fs::read_to_string(folder.at(name)).expect("it was written")
}

/// That a file passes the check without a warning, in its canonical form, and says what to do next.
async fn passes(folder: &Folder, name: &str, ended: &Finished) {
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    for part in [format!("{name} is written"), format!("pintle run -c {name}"), "curl ".to_owned()] {
        assert!(ended.stdout.contains(&part), "no {part} in {ended:?}");
    }
    let checked = pintle(folder.path(), &["check", name]).await;
    assert_eq!((checked.code, checked.stderr.as_str()), (Some(0), ""), "{}", read(folder, name));
    let formatted = pintle(folder.path(), &["fmt", "--check", name]).await;
    assert_eq!(formatted.code, Some(0), "{}", formatted.stdout);
}

#[tokio::test]
async fn without_a_terminal_nothing_is_asked_and_the_defaults_are_taken() {
    let folder = Folder::new();
    let ended = pintle_with(folder.path(), &["init"], &[], "0.0.0.0:1\n").await;
    passes(&folder, "gateway.yaml", &ended).await;
    let text = read(&folder, "gateway.yaml");
    for part in ["address: 127.0.0.1:8080", "proxy: http://127.0.0.1:9001", "address: 127.0.0.1:9900"] {
        assert!(text.contains(part), "no {part} in {text}");
    }
}

#[tokio::test]
async fn flags_say_all_of_it() {
    let folder = Folder::new();
    let certificates = Certificates::new();
    let certificate = certificates.server(&["example.com"]);
    folder.write("certs/site.pem", &certificate.pem);
    folder.write("certs/site.key", &certificate.key);
    fs::create_dir(folder.at("etc")).expect("a folder");
    for (file, cert, key) in
        [("a.yaml", "certs/site.pem", "certs/site.key"), ("etc/b.yaml", "certs/site.pem", "certs/site.key")]
    {
        let args =
            ["init", file, "--listen", "[::1]:8443", "--service", "localhost:3000", "--cert", cert, "--key", key];
        let ended = pintle(folder.path(), &[&args[..], &["--admin", "unix:admin.sock"]].concat()).await;
        passes(&folder, file, &ended).await;
        assert!(ended.stdout.contains("curl -k https://[::1]:8443/"), "{ended:?}");
        let text = read(&folder, file);
        for part in ["address: \"[::1]:8443\"", "proxy: http://localhost:3000", "site.pem", "address: unix:admin.sock"]
        {
            assert!(text.contains(part), "no {part} in {text}");
        }
    }
}

#[tokio::test]
async fn what_it_wrote_serves_and_what_is_commented_out_passes_the_check_too() {
    let folder = Folder::new();
    let service = Origin::echo().await;
    let ended = pintle(folder.path(), &["init", "--service", &service.url(), "--admin", "unix:admin.sock"]).await;
    passes(&folder, "gateway.yaml", &ended).await;
    let text = read(&folder, "gateway.yaml");
    let gateway = Gateway::start(text.replace("127.0.0.1:8080", "127.0.0.1:0")).await;
    assert_eq!(gateway.get("/a").await.json()["target"], "/a");
    assert_eq!(gateway.get("/gateway-health").await.text(), "ok\n");

    let certificates = Certificates::new();
    let certificate = certificates.server(&["example.com"]);
    folder.write("certs/site.pem", &certificate.pem);
    folder.write("certs/site.key", &certificate.key);
    let is_yaml = |line: &str| line.starts_with("- ") || line.starts_with("  ") || line.starts_with("tls: ");
    let taken_in: Vec<String> = text
        .lines()
        .map(|line| match line.split_once("# ") {
            Some((indent, rest)) if !indent.is_empty() && is_yaml(rest) => format!("{indent}{rest}"),
            _ => line.to_owned(),
        })
        .collect();
    let taken_in = taken_in.join("\n");
    assert!(taken_in.matches("- match:").count() == 4 && taken_in.contains("    tls: {"), "{taken_in}");
    folder.write("all.yaml", &taken_in);
    let checked = pintle(folder.path(), &["check", "all.yaml"]).await;
    assert_eq!(checked.code, Some(0), "{}\n{taken_in}", checked.stderr);
}

#[tokio::test]
async fn what_is_wrong_is_told_and_nothing_written() {
    let folder = Folder::new();
    let wrong: [(&[&str], &str); 7] = [
        (&["--listen", "8080"], "say where: 127.0.0.1:8080"),
        (&["--listen", "localhost:80"], "write 127.0.0.1:80"),
        (&["--listen", "127.0.0.1:0"], "port 0"),
        (&["--service", "http://127.0.0.1:9001/api"], "give the path by `path:`"),
        (&["--admin", "0.0.0.0:9900"], "open to other machines"),
        (&["--admin", "127.0.0.1:8080"], "twice"),
        (&["--cert", "absent.pem", "--key", "absent.key"], "absent.pem"),
    ];
    for (args, part) in wrong {
        let ended = pintle(folder.path(), &[&["init"], args].concat()).await;
        assert!(ended.code == Some(1) && ended.stderr.contains(part), "no {part} in {ended:?}");
        assert!(!folder.at("gateway.yaml").exists());
    }
    let ended = pintle(folder.path(), &["init", "absent/gateway.yaml"]).await;
    assert!(ended.code == Some(1) && ended.stderr.contains("absent/gateway.yaml cannot be written"), "{ended:?}");
}

#[tokio::test]
async fn a_file_that_is_there_is_overwritten_only_by_force() {
    let folder = Folder::new();
    folder.write("gateway.yaml", "mine");
    let ended = pintle(folder.path(), &["init"]).await;
    assert!(ended.code == Some(1) && ended.stderr.contains("--force"), "{ended:?}");
    assert_eq!(read(&folder, "gateway.yaml"), "mine");
    let ended = pintle(folder.path(), &["init", "--force"]).await;
    passes(&folder, "gateway.yaml", &ended).await;
}

#[tokio::test]
async fn at_a_terminal_three_questions_are_asked_each_until_it_is_right() {
    let folder = Folder::new();
    let certificate = Certificates::new().server(&["example.com"]);
    folder.write("site.pem", &certificate.pem);
    folder.write("site.key", &certificate.key);
    let mut terminal = Terminal::start(folder.path(), &["init"]);
    terminal.shows("Where do clients come in?", 1).await;
    terminal.types("8443\n");
    terminal.shows("say where: 127.0.0.1:8443", 1).await;
    terminal.shows("Where do clients come in?", 2).await;
    terminal.types("127.0.0.1:8443\n");
    terminal.shows("Where is the service behind?", 1).await;
    terminal.types("ftp://127.0.0.1\n");
    terminal.shows("Where is the service behind?", 2).await;
    terminal.types("\n");
    terminal.shows("which certificate?", 1).await;
    terminal.types("absent.pem\n");
    terminal.shows("private key? [absent.key]", 1).await;
    terminal.types("\n");
    terminal.shows("which certificate?", 2).await;
    terminal.types("site.pem\n");
    terminal.shows("private key? [site.key]", 1).await;
    terminal.types("\n");
    let ended = terminal.ended().await;
    passes(&folder, "gateway.yaml", &ended).await;
    let text = read(&folder, "gateway.yaml");
    assert!(text.contains("address: 127.0.0.1:8443") && text.contains("{cert: site.pem, key: site.key}"), "{text}");
    assert!(text.contains("proxy: http://127.0.0.1:9001"), "{text}");
}

#[tokio::test]
async fn what_flags_say_is_not_asked_and_without_answers_nothing_is_written() {
    let folder = Folder::new();
    let mut terminal =
        Terminal::start(folder.path(), &["init", "--listen", "127.0.0.1:8080", "--service", "localhost:1"]);
    terminal.shows("which certificate?", 1).await;
    // The end of the input.
    terminal.types("\u{4}");
    assert_eq!(terminal.ended().await.code, Some(1));
    terminal.shows("nothing was written", 1).await;
    assert!(!terminal.shown().contains("Where") && !folder.at("gateway.yaml").exists());
    let terminal = Terminal::start(folder.path(), &["init", "--yes"]);
    passes(&folder, "gateway.yaml", &terminal.ended().await).await;
}
