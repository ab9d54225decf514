//! The reference is fresh, its links lead somewhere, and its examples load and show every key.

use pintle_config::{Document, World, assemble, load, reference};
use pintle_core::config::{Field, Form, Node, Read, Reader, Shape, Sources};
use pintle_testkit::{Certificates, Folder, Place, geo_file};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn the_page_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/config.md");
    let page = reference();
    if std::env::var_os("PINTLE_BLESS").is_some() {
        fs::write(&path, &page).expect("the page can be written");
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    let differs = there.lines().zip(page.lines()).find(|(there, made)| there != made);
    assert!(
        there == page,
        "docs/config.md is not fresh: PINTLE_BLESS=1 writes it anew. First difference: {differs:#?}"
    );
}

fn anchors(page: &str) -> Vec<String> {
    let headings =
        page.lines().filter_map(|line| line.strip_prefix('#')).map(|line| line.trim_start_matches('#').trim());
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    headings.map(|title| title.chars().filter(kept).collect::<String>().to_lowercase().replace(' ', "-")).collect()
}

#[test]
fn every_link_leads_to_one_heading() {
    let page = outside_of_code(&reference());
    let anchors = anchors(&page);
    for link in page.split("](#").skip(1).filter_map(|rest| rest.split(')').next()) {
        assert_eq!(anchors.iter().filter(|anchor| *anchor == link).count(), 1, "#{link}");
    }
    assert!(!page.contains("{{"), "a line of the page was not replaced");
}

fn outside_of_code(page: &str) -> String {
    page.split("```").step_by(2).collect()
}

fn examples(page: &str) -> Vec<String> {
    page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).map(str::to_owned).collect()
}

/// The example with what it leaves out: it shows what it is about, and names what stands elsewhere in a file.
fn completed(example: &str) -> String {
    let has = |key: &str| example.lines().any(|line| line.starts_with(&format!("{key}:")));
    let mut text = example.to_owned();
    if !has("listeners") {
        text.push_str("listeners: [{address: 127.0.0.1:8080}]\n");
    }
    if !has("upstreams") {
        text.push_str("upstreams:\n  orders: {endpoints: [127.0.0.1:9001]}\n  users: {endpoints: [127.0.0.1:9002]}\n");
    }
    text
}

#[test]
fn every_example_loads() {
    let certificates = Certificates::new();
    for name in ["certs/shop", "certs/own"] {
        certificates.write(name, &certificates.server(&["shop.example.com"]));
    }
    let folder: &Folder = certificates.folder();
    folder.write("certs/ca.pem", certificates.authority());
    // RFC 9421 B.1.4
    let key = "MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=";
    folder.write("keys/ops.pem", format!("-----BEGIN PUBLIC KEY-----\n{key}\n-----END PUBLIC KEY-----\n"));
    folder.write("pages/not-found.html", "${request.path}");
    folder.write("api/orders.yaml", "openapi: 3.1.0\npaths: {}");
    folder.write("pages/sorry.html", "");
    folder.write("lists/blocked.txt", "192.0.2.0/24");
    folder.write("lists/partners.txt", "198.51.100.0/24");
    folder.write("geo/GeoLite2-Country.mmdb", geo_file(&[("192.0.2.0/24", Place::Country("DE"))]));
    folder.write("geo/GeoLite2-ASN.mmdb", geo_file(&[("192.0.2.0/24", Place::Asn(64500))]));
    folder.write("keys/partner.pem", include_str!("reference/partner.pem"));
    let examples = examples(&reference());
    assert!(examples.len() > 15, "{}", examples.len());
    for example in examples {
        let mut checked = load(&folder.write("gateway.yaml", completed(&example)));
        if let Some(document) = &checked.document {
            let world = World::idle();
            assemble(document, &world, &mut checked.reader);
        }
        assert!(!checked.reader.diagnostics.has_errors(), "{example}\n{}", checked.reader.diagnostics.render(false));
    }
}

#[test]
fn every_key_is_shown_in_an_example() {
    let mut shown = BTreeSet::new();
    for example in examples(&reference()) {
        let tree = Sources::from_text("example", &example, &mut Reader::new()).root;
        walk(&Document::shape(), &tree, &mut shown);
        // It is taken out of the tree when the files are joined.
        shown.extend(example.contains("include:").then(|| key("Document", "include")));
    }
    let mut all = BTreeSet::new();
    every_key(&Document::shape(), &mut BTreeSet::new(), &mut all);
    let missing: Vec<_> = all.difference(&shown).collect();
    assert!(missing.is_empty(), "write an example (```yaml in the comment of the type) with: {missing:#?}");
}

fn key(name: &str, key: &str) -> String {
    format!("{name}.{key}")
}

/// Notes the keys that the tree has.
fn walk(shape: &Shape, node: &Node, shown: &mut BTreeSet<String>) {
    match (shape, node.form()) {
        (Shape::List(item) | Shape::OneOrMany(item), Form::List(nodes)) => {
            nodes.iter().for_each(|node| walk(&item(), node, shown));
        }
        (Shape::OneOrMany(item), _) => walk(&item(), node, shown),
        (Shape::MapOf(value), Form::Map(entries)) => entries.iter().for_each(|one| walk(&value(), &one.value, shown)),
        (Shape::Map { name, fields, .. } | Shape::Kinds { name, kinds: fields, .. }, Form::Map(entries)) => {
            for entry in entries {
                let Some(field) = fields.iter().find(|field| field.key == &*entry.key.value) else { continue };
                shown.insert(key(name, field.key));
                walk(&(field.shape)(), &entry.value, shown);
            }
        }
        (Shape::Forms { forms, .. }, form) => {
            let written = match form {
                Form::Scalar { text, .. } if &**text == "none" => "none",
                Form::Scalar { .. } => "text",
                Form::List(_) => "list",
                _ if node.get("use").is_some() => "use",
                _ => "map",
            };
            forms.iter().filter(|form| form.key == written).for_each(|form| walk(&(form.shape)(), node, shown));
        }
        _ => {}
    }
}

/// Notes the keys that there are, of types with a name.
fn every_key(shape: &Shape, seen: &mut BTreeSet<&'static str>, all: &mut BTreeSet<String>) {
    let (name, fields): (&'static str, &[Field]) = match shape {
        Shape::List(inner) | Shape::OneOrMany(inner) | Shape::MapOf(inner) => return every_key(&inner(), seen, all),
        Shape::Map { name, fields, .. } | Shape::Kinds { name, kinds: fields, .. } => (name, fields),
        Shape::Forms { forms, .. } => {
            let there = forms.iter().filter(|form| !form.later && form.key != "use" && form.key != "none");
            return there.for_each(|form| every_key(&(form.shape)(), seen, all));
        }
        _ => return,
    };
    if !name.is_empty() && seen.insert(name) {
        for field in fields.iter().filter(|field| !field.later) {
            all.insert(key(name, field.key));
            every_key(&(field.shape)(), seen, all);
        }
    }
}
