//! Configurations made by chance, from a seed: valid, without anything to warn of, and with requests that fit them.
//!
//! What they are made of is what the program offers today; a new key that users will write belongs here too. Nothing is
//! asked of the program: that they are valid is held by how they are made.

mod requests;
mod route;
mod yaml;

pub use requests::GeneratedRequest;
pub use yaml::Yaml;

use fastrand::Rng;
use requests::Taken;
use route::Names;

/// How to make a configuration.
#[derive(Clone, Debug)]
pub struct Generator {
    seed: u64,
    listeners: Vec<String>,
    services: Vec<String>,
    families: usize,
}

/// A configuration that was made, and what to ask it.
#[derive(Clone, Debug)]
pub struct Generated {
    /// What it says.
    pub tree: Yaml,
    /// One way to write it; [`Yaml::write`] knows many.
    pub text: String,
    /// For each route one that it takes, and as many that miss it by a little.
    pub requests: Vec<GeneratedRequest>,
}

impl Generator {
    /// A small configuration with one or two listeners at fixed ports, which nobody needs to open.
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let listeners = (0..rng.usize(1..3)).map(|at| format!("127.0.0.1:{}", 8080 + at)).collect();
        let services = (0..4).map(|at| format!("127.0.0.1:{}", 9001 + at)).collect();
        Generator { seed, listeners, services, families: rng.usize(3..9) }
    }

    /// With listeners at these addresses.
    pub fn listeners(mut self, addresses: &[&str]) -> Self {
        self.listeners = addresses.iter().map(|&address| address.to_owned()).collect();
        self
    }

    /// With services at these addresses, `host:port`.
    pub fn services(mut self, addresses: &[&str]) -> Self {
        self.services = addresses.iter().map(|&address| address.to_owned()).collect();
        self
    }

    /// With routes on so many different paths.
    pub fn families(mut self, families: usize) -> Self {
        self.families = families;
        self
    }

    /// Makes it. The same seed and settings make the same.
    pub fn make(&self) -> Generated {
        let mut rng = Rng::with_seed(self.seed ^ 0x5eed);
        let listener_names: Vec<String> = (0..self.listeners.len()).map(|at| format!("door-{at}")).collect();
        let listener_names: Vec<&str> = listener_names.iter().map(String::as_str).collect();
        let upstreams: Vec<String> = (0..rng.usize(2..4)).map(|at| format!("service-{at}")).collect();
        let policies = vec!["common".to_owned()];
        let urls: Vec<String> = self.services.iter().map(|service| format!("http://{service}")).collect();
        let names = Names { upstreams: &upstreams, policies: &policies, urls: &urls };

        let (mut routes, mut taken) = (Vec::new(), Vec::new());
        for place in 0..self.families {
            if rng.u8(..5) == 0 {
                let (route, inner) = group(place, &names, &mut rng);
                routes.push(route);
                taken.extend(inner);
                continue;
            }
            for (route, one) in route::family(place, &listener_names, &names, &mut rng) {
                routes.push(route);
                taken.push(one);
            }
        }
        // What is named is used: a route for each upstream, and one for the policy.
        for (at, upstream) in upstreams.iter().enumerate() {
            let policies = Yaml::texts(&policies);
            let path = format!("/all/{at}/**");
            taken.push(Taken { path: path.clone(), ..Taken::default() });
            let entries = [("match", Yaml::text(path)), ("policies", policies), ("proxy", Yaml::text(upstream))];
            routes.push(Yaml::map(entries));
        }
        let tree = Yaml::map([
            ("listeners", self.listeners_of(&listener_names, &names, &mut rng)),
            ("upstreams", Yaml::map(upstreams.iter().map(|name| (name.clone(), self.upstream(&mut rng))))),
            ("policies", Yaml::map([("common", common())])),
            ("limits", limits(&mut rng)),
            ("routes", Yaml::List(routes)),
        ]);
        let text = tree.write(rng.u64(..));
        let mut requests = Vec::new();
        for one in &taken {
            let fitting = requests::fitting(one, self.listeners.len(), &mut rng);
            requests.push(requests::missing(fitting.clone(), &mut rng));
            requests.push(fitting);
        }
        Generated { tree, text, requests }
    }

    fn listeners_of(&self, given: &[&str], names: &Names<'_>, rng: &mut Rng) -> Yaml {
        let listener = |(address, name): (&String, &&str)| {
            let mut entries = vec![("name".to_owned(), Yaml::text(*name)), ("address".into(), Yaml::text(address))];
            if rng.u8(..3) == 0 {
                entries.push(("trusted_proxies".into(), Yaml::texts(["10.0.0.0/8", "fd00::/8"])));
            }
            if rng.u8(..3) == 0
                && let Some(policies) = route::policies(names, &[], rng)
            {
                entries.push(("policies".into(), policies));
            }
            Yaml::Map(entries)
        };
        Yaml::List(self.listeners.iter().zip(given).map(listener).collect())
    }

    fn upstream(&self, rng: &mut Rng) -> Yaml {
        let weighted = |(at, service): (usize, &String)| match at {
            0 => Yaml::text(service),
            _ => Yaml::map([("address", Yaml::text(service)), ("weight", Yaml::text((at + 1).to_string()))]),
        };
        let count = rng.usize(1..=self.services.len().min(2));
        let start = rng.usize(..self.services.len());
        let chosen = self.services.iter().cycle().skip(start).take(count).enumerate().map(weighted);
        let mut entries = vec![("endpoints".to_owned(), Yaml::List(chosen.collect()))];
        if rng.bool() {
            entries.push(("balance".into(), Yaml::text(rng.choice(["round_robin", "least_requests"]).unwrap_or(""))));
        }
        if rng.u8(..3) == 0 {
            let timeout = Yaml::map([("connect", Yaml::text("1s")), ("response", Yaml::text("30s"))]);
            entries.push(("timeout".into(), timeout));
        }
        if rng.u8(..3) == 0 {
            entries.push(("connections".into(), Yaml::map([("max", Yaml::text("200"))])));
        }
        Yaml::Map(entries)
    }
}

fn common() -> Yaml {
    let set = Yaml::map([("x-gateway", Yaml::text("pintle")), ("x-path", Yaml::text("${request.path}"))]);
    Yaml::map([("headers", Yaml::map([("request", Yaml::map([("set", set)]))]))])
}

fn limits(rng: &mut Rng) -> Yaml {
    let body = rng.choice(["1MiB", "10MiB", "512KiB"]).unwrap_or("1MiB");
    let header = Yaml::map([("size", Yaml::text("16KiB")), ("count", Yaml::text("64"))]);
    let timeout = Yaml::map([("header", Yaml::text("5s")), ("idle", Yaml::text("90s"))]);
    Yaml::map([("body", Yaml::text(body)), ("header", header), ("timeout", timeout)])
}

/// A group of two routes below one path.
fn group(place: usize, names: &Names<'_>, rng: &mut Rng) -> (Yaml, Vec<Taken>) {
    let children = [("/{user}", "/{user}", vec!["user"]), ("GET /health", "/health", vec![])];
    let mut taken = Vec::new();
    let mut routes = Vec::new();
    for (pattern, path, captures) in children {
        let methods = if pattern.starts_with("GET") { vec!["GET"] } else { vec![] };
        taken.push(Taken { path: format!("/g{place}{path}"), methods, ..Taken::default() });
        let mut entries = vec![("match".to_owned(), Yaml::text(pattern))];
        if let Some(policies) = route::policies(names, &captures, rng) {
            entries.push(("policies".into(), policies));
        }
        entries.push(route::action(names, &captures, false, rng));
        routes.push(Yaml::Map(entries));
    }
    let timeout = Yaml::List(vec![Yaml::map([("timeout", Yaml::text("2s"))])]);
    let group = Yaml::map([
        ("match", Yaml::text(format!("/g{place}/**"))),
        ("policies", timeout),
        ("routes", Yaml::List(routes)),
    ]);
    (group, taken)
}
