//! Many files of routes, of which one changes: the others stay what they are, and what is said is said of all.

use pintle_testkit::{Ask, Gateway, Origin, Reloaded};
use std::cell::Cell;
use std::fmt::Write;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::{LocalSet, spawn_local};

const FILES: usize = 6;
const EACH: usize = 60;

fn main_file(origin: &Origin) -> String {
    format!(
        "include: [routes.d/*.yaml]
listeners: [{{address: 127.0.0.1:0}}]
admin: {{address: 127.0.0.1:0}}
upstreams: {{service: {{endpoints: [{}]}}}}
",
        origin.address()
    )
}

fn file(number: usize, more: &str) -> String {
    let mut text = String::from("routes:\n");
    for route in 0..EACH {
        let _ = writeln!(text, "  - {{name: r-{number}-{route}, match: /{number}/{route}/**, proxy: service}}");
    }
    text + more
}

async fn started(origin: &Origin) -> Gateway {
    let setup = (0..FILES).fold(Gateway::with(main_file(origin)), |setup, number| {
        setup.file(&format!("routes.d/{number}.yaml"), file(number, ""))
    });
    setup.start().await
}

#[tokio::test]
async fn a_route_added_under_load_answers_soon_and_nobody_notices() {
    LocalSet::new().run_until(added_under_load()).await;
}

async fn added_under_load() {
    let origin = Origin::echo().await;
    let gateway = started(&origin).await;
    let (stop, served) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0)));
    let mut clients = Vec::new();
    for number in 0..4 {
        let (mut client, stop, served) = (gateway.h1().await, Rc::clone(&stop), Rc::clone(&served));
        clients.push(spawn_local(async move {
            while !stop.get() {
                let answer = client.get(&format!("/{number}/7/x")).await;
                assert_eq!(answer.status, 200, "{answer:?}");
                served.set(served.get() + 1);
            }
        }));
    }
    let mut asks = gateway.h1().await;
    for change in 0..FILES {
        let before = served.get();
        gateway.file(
            &format!("routes.d/{change}.yaml"),
            file(change, &format!("  - {{match: /new/{change}, proxy: service}}\n")),
        );
        let began = Instant::now();
        while asks.get(&format!("/new/{change}")).await.status == 404 {
            assert!(began.elapsed() < Duration::from_secs(2), "{change} is not there after two seconds");
        }
        while served.get() < before + 10 {
            tokio::task::yield_now().await;
        }
    }
    stop.set(true);
    for client in clients {
        client.await.expect("every request served");
    }
    // Counted on, over all changes.
    let metrics = gateway.ask_admin(Ask::get("/metrics")).await.text();
    let counted = metrics.lines().find(|line| line.contains("route=\"r-3-7\"") && line.contains("requests_total"));
    let counted: usize = counted.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_default();
    let all = origin.received().iter().filter(|one| one.target.starts_with("/3/7/")).count();
    assert_eq!(counted, all);
}

#[tokio::test]
async fn a_mistake_against_a_file_that_did_not_change_names_both() {
    let origin = Origin::echo().await;
    let gateway = started(&origin).await;
    // Taken over once, so that what is said of it is not of its first reading.
    gateway.file("routes.d/more.yaml", "routes: [{match: /more, proxy: service}]\n");
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    gateway.file("routes.d/more.yaml", "routes:\n  - {match: /2/5/**, proxy: service}\n");
    let Reloaded::Refused(said) = gateway.verdict().await else { panic!("equal routes were taken") };
    assert!(said.contains("two routes are equal"), "{said}");
    assert!(said.contains("routes.d/2.yaml:7:") && said.contains("routes.d/more.yaml:2:"), "{said}");
    gateway.file("routes.d/more.yaml", "routes:\n  - {name: r-4-0, match: /more, proxy: service}\n");
    let Reloaded::Refused(said) = gateway.verdict().await else { panic!("the same name was taken") };
    assert!(said.contains("two routes are named `r-4-0`"), "{said}");
    assert!(said.contains("routes.d/4.yaml:2:") && said.contains("routes.d/more.yaml:2:"), "{said}");
    assert_eq!(gateway.get("/more").await.status, 200);
    // What stands around the routes changes: they are read again, all of them.
    gateway.folder().remove("routes.d/more.yaml");
    gateway.rewrite(main_file(&origin).replace("service:", "other:"));
    let Reloaded::Refused(said) = gateway.reload().await else { panic!("dangling names were taken") };
    assert!(said.contains(&format!("{} errors", FILES * EACH)), "{said}");
    assert_eq!(gateway.get("/2/5/x").await.status, 200);
}
