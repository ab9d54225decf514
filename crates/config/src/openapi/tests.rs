use super::*;
use pintle_core::template::{Declared, Expression, Place, Template};

mod documents;

const OWN: &str = "users.yaml";

/// The document, and all that is said of it, each with its line.
fn read(text: &str) -> (Option<Document>, Vec<String>) {
    let mut reader = Reader::new();
    let document = Document::of_text(&Source::new(OWN, text), &mut reader);
    reader.diagnostics.sort();
    let said = reader.diagnostics.iter().map(|one| {
        let help = one.help.as_ref().map_or(String::new(), |help| format!(" ({help})"));
        format!("{}: {}{help}", one.span.position().line, one.message)
    });
    (document, said.collect())
}

fn good(text: &str) -> Document {
    let (document, said) = read(text);
    assert_eq!(said, [""; 0]);
    document.expect("it is good")
}

fn call(text: &str) -> CallPath {
    let declared = Declared::request().path(&["id"], true);
    let template = Template::compile(text, Place::Url, &declared).expect("a template");
    CallPath::of(&template).expect("its segments are known")
}

/// What an operation knows of the body's field that the expression reads.
fn field(document: &Document, method: &str, path: &str, read: &str) -> String {
    let Found::Operation(operation) = document.operation(method, &call(path)) else { panic!("{method} {path}") };
    let text = format!("parts.x.body{read}");
    let expression = Expression::compile(&text, &Declared::request().parts(&["x"])).expect("an expression");
    let access = expression.reads().next().expect("it reads something");
    match operation.field(&access.steps, &|status| (200..300).contains(&status)) {
        Field::Known => "known".to_owned(),
        Field::CannotSay => "?".to_owned(),
        Field::Unknown(unknown) => {
            let named = &text[access.steps[unknown.step].range.clone()];
            let kind = unknown.kind.map_or(String::new(), |kind| format!(" in {kind}"));
            format!("no {named}{kind}: {}", unknown.names.join(" "))
        }
    }
}

/// A 3.1 document with that schema as the answer of `GET /a`.
fn schema(schema: &str) -> Document {
    let text = "{openapi: 3.1.0, paths: {/a: {get: {responses: {200: {content: {application/json: {schema: SCHEMA}}}}}}}, \
                components: {schemas: {A: {properties: {a: {type: string}}}, \
                Base: {type: object, properties: {base: {}}, discriminator: {propertyName: kind}}, \
                Loop: {properties: {next: {$ref: '#/components/schemas/Loop'}}, allOf: [{$ref: '#/components/schemas/Loop'}]}, \
                Only: {$ref: '#/components/schemas/Only'}, \
                Tree: {oneOf: [{type: string}, {type: array, items: {$ref: '#/components/schemas/Tree'}}]}}}}";
    good(&text.replace("SCHEMA", schema))
}

// Rule: openapi-field
#[test]
fn what_a_schema_knows() {
    for (text, read, expected) in [
        // Names that are listed are meant.
        ("{type: object, properties: {a: {}, b: {}}}", ".a", "known"),
        ("{type: object, properties: {a: {}, b: {}}}", ".a.anything.below", "?"),
        ("{type: object, properties: {a: {}, b: {}}}", ".c", "no c: a b"),
        ("{properties: {a: {}}}", ".c", "no c: a"),
        ("{properties: {a: {properties: {b: {}}}}}", ".a.c", "no c: b"),
        ("{properties: {a: {type: [string, 'null']}}}", ".a.c", "no c in string: "),
        ("{properties: {a: {type: string, nullable: true}}}", ".a.c", "no c in string: "),
        ("{properties: {a: {}}, additionalProperties: false}", ".c", "no c: a"),
        ("{properties: {}, additionalProperties: false}", ".c", "no c: "),
        // What is left open is.
        ("{properties: {a: {}}, additionalProperties: true}", ".c", "?"),
        ("{properties: {a: {}}, additionalProperties: {}}", ".c", "?"),
        ("{properties: {a: {}}, patternProperties: {'^x-': {}}}", ".c", "?"),
        ("{type: object}", ".c", "?"),
        ("{}", ".c", "?"),
        ("true", ".c", "?"),
        ("{properties: {a: true}}", ".a.b", "?"),
        ("{properties: {a: false}}", ".a.b", "no b: "),
        ("{$ref: 'other.yaml#/A'}", ".c", "?"),
        ("{$ref: '#an-anchor'}", ".c", "?"),
        ("{$dynamicRef: '#node', properties: {a: {}}}", ".c", "?"),
        // A map from any name.
        ("{additionalProperties: {properties: {a: {}}}}", ".any.a", "known"),
        ("{additionalProperties: {properties: {a: {}}}}", ".any.b", "no b: a"),
        ("{properties: {a: {}}, additionalProperties: {properties: {b: {}}}}", ".x.c", "no c: b"),
        ("{properties: {a: {properties: {b: {}}}}, additionalProperties: true}", ".a.c", "no c: b"),
        // Lists.
        ("{type: array, items: {properties: {a: {}}}}", "[0].a", "known"),
        ("{type: array, items: {properties: {a: {}}}}", "[0].b", "no b: a"),
        ("{type: array, items: {properties: {a: {}}}}", ".map(i, i.b)", "no b: a"),
        ("{type: array, items: {properties: {a: {}}}}", ".items", "no items in array: "),
        ("{type: array}", "[0].b", "?"),
        ("{type: array, prefixItems: [{properties: {a: {}}}, {properties: {b: {}}}]}", "[1].b", "known"),
        ("{type: object, properties: {a: {}}}", "[0]", "?"),
        // Several.
        ("{allOf: [{properties: {a: {}}}, {properties: {b: {}}}, {required: [a]}]}", ".b", "known"),
        ("{allOf: [{properties: {a: {}}}, {properties: {b: {}}}, {required: [a]}]}", ".c", "no c: a b"),
        ("{allOf: [{properties: {a: {}}}, {$ref: 'x.yaml'}]}", ".c", "?"),
        ("{oneOf: [{properties: {a: {}}}, {properties: {b: {properties: {c: {}}}}}]}", ".b.c", "known"),
        ("{oneOf: [{properties: {a: {}}}, {properties: {b: {properties: {c: {}}}}}]}", ".b.d", "no d: c"),
        ("{oneOf: [{properties: {a: {}}}, {properties: {b: {}}}]}", ".c", "no c: a b"),
        ("{anyOf: [{properties: {a: {}}}, {type: 'null'}]}", ".c", "no c: a"),
        ("{anyOf: [{properties: {a: {}}}, {type: object}]}", ".c", "?"),
        ("{anyOf: [{type: string}, {type: integer}]}", ".c", "no c in string: "),
        ("{properties: {a: {}}, oneOf: [{required: [a]}, {required: [b], properties: {b: {}}}]}", ".c", "no c: a b"),
        (
            "{oneOf: [{type: array, items: {properties: {a: {}}}}, {type: object, properties: {b: {}}}]}",
            "[0].c",
            "no c: a",
        ),
        (
            "{properties: {a: {}}, then: {properties: {b: {}}}, dependentSchemas: {a: {properties: {c: {}}}}}",
            ".c",
            "known",
        ),
        // Subtypes have names of their own.
        ("{$ref: '#/components/schemas/Base'}", ".base", "known"),
        ("{$ref: '#/components/schemas/Base'}", ".other", "?"),
        ("{oneOf: [{$ref: '#/components/schemas/A'}], discriminator: {propertyName: kind}}", ".other", "no other: a"),
        // References, with what stands beside them in 3.1.
        ("{$ref: '#/components/schemas/A'}", ".b", "no b: a"),
        ("{$ref: '#/components/schemas/A', properties: {b: {}}}", ".b", "known"),
        ("{$ref: '#/components/schemas/A', properties: {b: {}}}", ".c", "no c: a b"),
        // Cycles.
        ("{$ref: '#/components/schemas/Loop'}", ".next.next.next", "known"),
        ("{$ref: '#/components/schemas/Loop'}", ".next.next.nxt", "no nxt: next"),
        ("{$ref: '#/components/schemas/Only'}", ".a", "?"),
        ("{$ref: '#/components/schemas/Tree'}", "[0][1][2].a", "no a in string: "),
    ] {
        assert_eq!(field(&schema(text), "GET", "/a", read), expected, "{text} {read}");
    }
}

#[test]
fn schemas_without_end_are_bounded() {
    let names =
        |count: usize| (0..count).map(|at| format!("{{$ref: '#/components/schemas/S{at}'}}")).collect::<Vec<_>>();
    let all = names(12).join(", ");
    let schemas: String = (0..12).map(|at| format!("S{at}: {{anyOf: [{all}]}}, ")).collect();
    let text = format!(
        "{{openapi: 3.1.0, paths: {{/a: {{get: {{responses: {{200: {{content: {{application/json: {{schema: \
         {{anyOf: [{all}]}}}}}}}}}}}}}}}}, components: {{schemas: {{{schemas}Z: {{}}}}}}}}"
    );
    assert_eq!(field(&good(&text), "GET", "/a", ".a"), "?");
}

// Rule: openapi-field
#[test]
fn responses_that_are_accepted_count() {
    let of = |responses: &str, read: &str| {
        let text = format!("{{openapi: 3.0.3, paths: {{/a: {{get: {{responses: {responses}}}}}}}}}");
        field(&good(&text), "GET", "/a", read)
    };
    let json = |names: &str| format!("{{content: {{application/json: {{schema: {{properties: {{{names}}}}}}}}}}}");
    let (a, b) = (json("a: {}"), json("b: {}"));
    assert_eq!(of(&format!("{{'200': {a}, '404': {b}, default: {b}}}"), ".b"), "no b: a");
    assert_eq!(of(&format!("{{'200': {a}, 2XX: {b}}}"), ".b"), "known");
    assert_eq!(of(&format!("{{'404': {b}, default: {a}}}"), ".b"), "no b: a");
    assert_eq!(of(&format!("{{'404': {b}}}"), ".b"), "?");
    assert_eq!(of(&format!("{{'200': {a}, '204': {{description: nothing}}}}"), ".b"), "no b: a");
    assert_eq!(of(&format!("{{'200': {a}, '202': {{description: later}}}}"), ".b"), "?");
    assert_eq!(of("{'200': {content: {text/plain: {schema: {type: string}}}}}", ".b"), "?");
    assert_eq!(of("{'200': {content: {application/json: {}}}}", ".b"), "?");
    let vendor = "{'200': {content: {'application/vnd.x+json; v=1': {schema: {properties: {a: {}}}}}}}";
    assert_eq!(of(vendor, ".b"), "no b: a");
    // In 3.0 what stands beside a reference means nothing.
    let beside = "{'200': {content: {application/json: {schema: {$ref: '#/paths', properties: {b: {}}}}}}}";
    assert_eq!(of(beside, ".b"), "?");
}

// Rule: openapi-path
#[test]
fn paths_fit_segment_by_segment() {
    for (pattern, path, fits) in [
        ("/users", "/users", true),
        ("/users", "/users/", false),
        ("/users/{id}", "/users/${path.id}", true),
        ("/users/{id}", "/users/me", true),
        ("/users/{id}", "/users/", false),
        ("/users/{id}", "/users/${path.id}/x", false),
        ("/users/{id}", "/users/u-${path.id}", true),
        ("/users/me", "/users/${path.id}", false),
        ("/users/{id}", "/user/${path.id}", false),
        ("/a b/{x}", "/a%20b/1?q=${path.id}", true),
        ("/files/{name}.json", "/files/a.json", true),
        ("/files/{name}.json", "/files/.json", false),
        ("/files/{name}.json", "/files/a.xml", false),
        ("/files/{name}.json", "/files/${path.id}.json", true),
        ("/files/{name}.json", "/files/${path.id}.xml", false),
        ("/files/{name}.json", "/files/${path.id}", true),
        ("/{a}-{b}", "/x-y-z", true),
        ("/{a}-{b}", "/-y", false),
        ("/{a}-{b}", "/x-", false),
        ("/", "/", true),
    ] {
        let parsed = Pattern::parse(pattern).expect("a pattern");
        assert_eq!(parsed.fits(&call(path)), fits, "{pattern} {path}");
    }
    let declared = Declared::request().path(&["id"], true);
    for unknown in ["/a/${path.rest}", "${path.id}/a", "a"] {
        let template = Template::compile(unknown, Place::Url, &declared).expect("a template");
        assert_eq!(CallPath::of(&template), None, "{unknown}");
    }
    for bad in ["/a/{b", "/a/b}", "/a/{b/c}", "/a/{b{c}}"] {
        assert_eq!(Pattern::parse(bad), None, "{bad}");
    }
}
