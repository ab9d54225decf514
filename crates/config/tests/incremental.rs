//! A reload that takes over what did not change gives what a full load of the same files gives: the same routes in the
//! same order, the same upstreams, the same messages. Random changes to a handful of files, from seeds.

use fastrand::Rng;
use pintle_config::{Checked, World, assemble_written, load, load_since};
use pintle_engine::Runtime;
use pintle_engine::tls::Tls;
use pintle_telemetry::Metrics;
use pintle_testkit::Folder;
use std::sync::Arc;

const SEEDS: u64 = 10;
const FILES: usize = 6;
const CHANGES: usize = 60;

/// The files' texts; few names, so that they come into conflict.
struct Texts {
    rng: Rng,
    main: String,
    files: Vec<Option<String>>,
}

impl Texts {
    fn new(seed: u64) -> Self {
        let mut texts = Texts { rng: Rng::with_seed(seed), main: String::new(), files: vec![None; FILES] };
        texts.new_main();
        (0..FILES).for_each(|at| texts.new_file(at));
        texts
    }

    /// What is around the routes.
    fn new_main(&mut self) {
        let rng = &mut self.rng;
        let door = ["", ", policies: [{timeout: 9s}]"][usize::from(rng.u8(..4) == 0)];
        let (port, seconds, more) = (9001 + rng.u16(..3), rng.u8(1..4), rng.u8(..4));
        self.main = format!(
            "include: [routes.d/*.yaml]
listeners: [{{name: a, address: 127.0.0.1:8080{door}}}, {{name: b, address: 127.0.0.1:8081}}]
upstreams: {{one: {{endpoints: [127.0.0.1:{port}]}}, two: {{endpoints: [127.0.0.1:9009]}}}}
policies: {{common: {{timeout: {seconds}s}}}}
routes: [{{match: /main/{more}, respond: {{body: x}}}}]
"
        );
    }

    /// A file of routes, mostly good.
    fn new_file(&mut self, at: usize) {
        let rng = &mut self.rng;
        let mut text = String::from("routes:\n");
        for number in 0..rng.usize(1..6) {
            text += &route(at, number, rng);
        }
        match rng.u8(..60) {
            0 => text += "  - {match: [\n",
            1 => text += "limits: {body: 1MiB}\n",
            2 => text += "upstreams: {three: {endpoints: [127.0.0.1:9010]}}\n",
            3 => text = "# nothing\n".into(),
            _ => {}
        }
        self.files[at] = Some(text);
    }

    fn change(&mut self) {
        let at = self.rng.usize(..FILES);
        match self.rng.u8(..10) {
            0 => self.new_main(),
            1 => self.files[at] = None,
            2 => self.files.swap(at, (at + 1) % FILES),
            _ => self.new_file(at),
        }
    }

    fn write(&self, folder: &Folder) {
        folder.write("pintle.yaml", &self.main);
        for (at, text) in self.files.iter().enumerate() {
            let name = format!("routes.d/{at}.yaml");
            match text {
                Some(text) => drop(folder.write(&name, text)),
                None => drop(std::fs::remove_file(folder.at(&name))),
            }
        }
    }
}

/// The label tells one version of a route from another.
fn route(at: usize, number: usize, rng: &mut Rng) -> String {
    let version = rng.u16(..);
    let path = match rng.u8(..60) {
        0 => "/shared".to_owned(),
        1 => format!("/f{at}"),
        _ => format!("/f{at}/{number}/{{id}}"),
    };
    let name = match rng.u8(..60) {
        0 => "name: same, ".to_owned(),
        1..10 => format!("name: f{at}-{number}, "),
        _ => String::new(),
    };
    let rest = match rng.u8(..100) {
        0 => "proxy: three",
        1 => "proxy: http://127.0.0.1:8080",
        2 => "proxi: one",
        3 => "policies: [nobody], proxy: one",
        4..20 => "policies: [common], proxy: one",
        20..30 => "proxy: http://127.0.0.1:9100",
        30..40 => "proxy: http://127.0.0.1:9101",
        40..50 => "listener: b, proxy: two",
        50..60 => "policies: [{timeout: {use: common}}], proxy: {to: two, path: '/${request.method}'}",
        _ => "respond: {body: here}",
    };
    let labels = format!("labels: {{v: '{version}'}}");
    if rng.u8(..8) == 0 {
        format!(
            "  - {{{name}match: '{path}/x/**', {labels}, routes: [{{match: /c, {rest}}}, {{match: /d, proxy: one}}]}}\n"
        )
    } else {
        format!("  - {{{name}match: '{path}', {labels}, {rest}}}\n")
    }
}

/// What a load gives, and what it says.
struct Made {
    runtime: Option<Arc<Runtime>>,
    said: String,
}

fn build(mut checked: Checked, tls: &Arc<Tls>, metrics: &Arc<Metrics>, before: Option<&Arc<Runtime>>) -> Made {
    let world = World {
        tls: Arc::clone(tls),
        metrics: Arc::clone(metrics),
        lasting: pintle_core::Lasting::idle(),
        before: before.cloned(),
    };
    let document = checked.document.as_ref();
    let runtime =
        document.and_then(|document| assemble_written(document, &checked.written, &world, &mut checked.reader));
    checked.reader.diagnostics.sort();
    Made { runtime: runtime.map(Arc::new), said: checked.reader.diagnostics.render(false) }
}

/// All that a runtime says of its routes, upstreams and listeners.
fn told(runtime: &Runtime) -> [Vec<String>; 3] {
    let routes = (0..runtime.table.len()).map(|number| {
        let entry = runtime.table.entry(number).expect("as many as there are");
        let route = entry.value;
        format!("{:?} {} {:?} {:?}", route.facts, entry.pattern, entry.listeners, route.chain)
    });
    let mut upstreams: Vec<String> = runtime.upstreams.iter().map(|upstream| upstream.name.to_string()).collect();
    upstreams.sort();
    let listeners = runtime.listeners.iter().map(|listener| listener.name.to_string());
    [routes.collect(), upstreams, listeners.collect()]
}

/// How many configurations were in force, and how many routes were taken over.
fn run(seed: u64) -> (usize, usize) {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.at("routes.d")).expect("a folder");
    let path = folder.at("pintle.yaml");
    let (tls, metrics, alone) = (Tls::new(), Arc::new(Metrics::new(1, 1000)), Arc::new(Metrics::new(1, 1000)));
    let mut texts = Texts::new(seed);
    let mut in_force: Option<Arc<Runtime>> = None;
    let (mut good, mut taken_over) = (0, 0);
    for change in 0..CHANGES {
        texts.write(&folder);
        let checked = in_force.as_ref().map_or_else(|| load(&path), |before| load_since(&path, before));
        let reloaded = build(checked, &tls, &metrics, in_force.as_ref());
        let fresh = build(load(&path), &tls, &alone, None);
        let place = format!("seed {seed}, change {change}");
        assert_eq!(reloaded.said, fresh.said, "{place}");
        assert_eq!(reloaded.runtime.as_deref().map(told), fresh.runtime.as_deref().map(told), "{place}");
        match reloaded.runtime {
            Some(now) => {
                let before: Vec<_> =
                    in_force.iter().flat_map(|before| before.table.values()).map(Arc::as_ptr).collect();
                taken_over += now.table.values().iter().filter(|route| before.contains(&Arc::as_ptr(route))).count();
                for route in now.table.values() {
                    assert!(Arc::ptr_eq(&route.meter, &metrics.route(&route.facts.name)), "{place}: another meter");
                }
                good += 1;
                in_force = Some(now);
                texts.change();
            }
            // What is broken does not stay so, or little would ever be in force.
            None => (0..FILES).for_each(|at| texts.new_file(at)),
        }
    }
    (good, taken_over)
}

#[test]
fn a_reload_gives_what_a_full_load_gives() {
    let (mut good, mut taken_over) = (0, 0);
    for seed in 0..SEEDS {
        let one = run(seed);
        (good, taken_over) = (good + one.0, taken_over + one.1);
    }
    let all = SEEDS as usize * CHANGES;
    assert!(good > all / 4 && all - good > all / 20, "{good} of {all} are good: this shows little");
    assert!(taken_over > 1000, "only {taken_over} routes were taken over: this shows little");
}

#[test]
fn what_a_route_leads_to_is_never_that_of_another_configuration() {
    let folder = Folder::new();
    let main = |port: u16| {
        let upstreams = format!("{{a: {{endpoints: [127.0.0.1:{port}]}}}}");
        format!("include: [r.yaml]\nlisteners: [{{address: 127.0.0.1:8080}}]\nupstreams: {upstreams}\n")
    };
    folder.write("r.yaml", "routes: [{match: /a, proxy: a}]\n");
    let path = folder.write("pintle.yaml", main(9001));
    let (tls, metrics) = (Tls::new(), Arc::new(Metrics::new(1, 1000)));
    let make = |checked, before: Option<&Arc<Runtime>>| build(checked, &tls, &metrics, before).runtime.expect("good");
    let same = |a: &Runtime, b: &Runtime| Arc::ptr_eq(&a.table.values()[0], &b.table.values()[0]);
    let first = make(load(&path), None);
    let again = make(load_since(&path, &first), Some(&first));
    assert!(same(&first, &again));
    // Read with one configuration in force, assembled with another one.
    let checked = load_since(&path, &again);
    folder.write("pintle.yaml", main(9002));
    let other = make(load(&path), Some(&again));
    assert!(!same(&again, &other));
    let late = make(checked, Some(&other));
    assert!(!same(&late, &other) && !same(&late, &again));
}
