//! Documents as they are found, and what is wrong in others.

use super::*;

const USERS: &str = r##"openapi: 3.0.3
info: {title: Users, version: "1.2"}
servers:
  - url: https://api.example.com/v1
  - url: "https://{region}.example.com/{base}/"
    variables: {region: {default: eu}, base: {default: users-api, enum: [users-api]}}
paths:
  /users:
    get:
      parameters: [{name: limit, in: query, schema: {type: integer}}]
      responses:
        "200":
          description: Some.
          content:
            application/json:
              schema: {type: array, items: {$ref: "#/components/schemas/User"}}
    post:
      responses: {"201": {$ref: "#/components/responses/User"}}
  /users/me:
    get:
      responses:
        "200": {content: {application/json: {schema: {type: object, properties: {me: {type: boolean}}}}}}
  /users/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get:
      responses:
        "200": {$ref: "#/components/responses/User"}
        default: {$ref: "#/components/responses/Problem"}
    delete: {responses: {"204": {description: Gone.}}}
  /internal/{id}:
    servers: [{url: /private}]
    get: {responses: {"200": {$ref: "#/components/responses/User"}}}
components:
  responses:
    User:
      description: One.
      content: {application/json: {schema: {$ref: "#/components/schemas/User"}}}
    Problem:
      description: None.
      content: {application/problem+json: {schema: {type: object, properties: {title: {type: string}}}}}
  schemas:
    User:
      type: object
      required: [id]
      properties:
        id: {type: string, example: {$ref: "#/not/a/reference"}}
        name: {type: string, nullable: true}
        tier: {type: string, enum: [none, gold]}
        manager: {$ref: "#/components/schemas/User"}
        address:
          allOf:
            - $ref: "#/components/schemas/Address"
            - {nullable: true}
        tags: {type: object, additionalProperties: {type: string}}
    Address:
      type: object
      properties: {city: {type: string}, zip: {type: string}}
"##;

const ORDERS: &str = "{
\t\"openapi\": \"3.1.0\",
\t\"info\": {\"title\": \"Orders\", \"version\": \"1\", \"description\": \"caf\\u00e9 \\/ \\ud83d\\ude00\"},
\t\"paths\": {
\t\t\"/orders\": {
\t\t\t\"$ref\": \"#/components/pathItems/orders\"
\t\t}
\t},
\t\"components\": {
\t\t\"pathItems\": {
\t\t\t\"orders\": {
\t\t\t\t\"get\": {
\t\t\t\t\t\"responses\": {
\t\t\t\t\t\t\"2XX\": {
\t\t\t\t\t\t\t\"content\": {
\t\t\t\t\t\t\t\t\"application/json\": {
\t\t\t\t\t\t\t\t\t\"schema\": {\"$ref\": \"#/components/schemas/a~1page\", \"properties\": {\"next\": {\"type\": [\"string\", \"null\"]}}}
\t\t\t\t\t\t\t\t}
\t\t\t\t\t\t\t}
\t\t\t\t\t\t}
\t\t\t\t\t}
\t\t\t\t}
\t\t\t}
\t\t},
\t\t\"schemas\": {
\t\t\t\"a/page\": {\"type\": \"object\", \"properties\": {\"items\": {\"type\": \"array\", \"items\": {\"anyOf\": [{\"type\": \"null\"}, {\"type\": \"object\", \"properties\": {\"item\": {\"type\": \"integer\"}}}]}}}}
\t\t}
\t}
}
";

// Rule: openapi-path
#[test]
fn a_document_of_3_0() {
    let users = good(USERS);
    let say = |method: &str, path: &str, read: &str| field(&users, method, path, read);
    assert_eq!(say("GET", "/users/${path.id}", ".name"), "known");
    assert_eq!(say("GET", "/users/${path.id}", ".nmae"), "no nmae: id name tier manager address tags");
    assert_eq!(say("GET", "/users/${path.id}", ".title"), "no title: id name tier manager address tags");
    assert_eq!(say("GET", "/users/${path.id}", ".manager.manager.address.city"), "known");
    assert_eq!(say("GET", "/users/${path.id}", ".manager.address.town"), "no town: city zip");
    assert_eq!(say("GET", "/users/${path.id}", ".tags.anything"), "known");
    assert_eq!(say("GET", "/users/${path.id}", ".tags.anything.more"), "no more in string: ");
    assert_eq!(say("HEAD", "/users/7", ".name"), "known");
    assert_eq!(say("GET", "/users/me", ".me"), "known");
    assert_eq!(say("GET", "/users/me", ".name"), "no name: me");
    assert_eq!(say("GET", "/users?limit=5", "[0].tier"), "known");
    assert_eq!(say("GET", "/users?limit=5", ".map(u, u.teir)"), "no teir: id name tier manager address tags");
    assert_eq!(say("POST", "/users", ".id"), "known");
    assert_eq!(say("DELETE", "/users/${path.id}", ".id"), "?");
    // With the path of a server before it, and without.
    for path in ["/v1/users/${path.id}", "/users-api/users/${path.id}", "/private/internal/7", "/internal/7"] {
        assert_eq!(say("GET", path, ".name"), "known", "{path}");
    }
}

#[test]
fn a_document_of_3_1_in_json() {
    let orders = good(ORDERS);
    let say = |read: &str| field(&orders, "GET", "/orders?user=${path.id}", read);
    assert_eq!(say(".items[0].item"), "known");
    assert_eq!(say(".items[0].id"), "no id: item");
    assert_eq!(say(".next"), "known");
    assert_eq!(say(".nxt"), "no nxt: items next");
}

#[test]
fn what_is_not_there_is_told_by_what_is() {
    let users = good(USERS);
    let say = |method: &str, path: &str| match users.operation(method, &call(path)) {
        Found::Operation(_) => "there".to_owned(),
        Found::OtherMethods { path, methods } => format!("{path}: {}", methods.join(" ")),
        Found::Nothing(similar) => format!("nothing: {}", similar.unwrap_or_default()),
        Found::CannotSay => "?".to_owned(),
    };
    assert_eq!(say("PUT", "/users/${path.id}"), "/users/{id}: GET DELETE");
    assert_eq!(say("DELETE", "/users/me"), "there");
    assert_eq!(say("PUT", "/users/me"), "/users/me: GET");
    assert_eq!(say("GET", "/user/${path.id}"), "nothing: /users/{id}");
    assert_eq!(say("GET", "/v1/usrs/${path.id}"), "nothing: /users/{id}");
    assert_eq!(say("GET", "/private/users/me"), "nothing: /users/me");
    assert_eq!(say("GET", "/something/else/entirely"), "nothing: ");
}

#[test]
fn mistakes_in_a_document_are_told_with_their_lines() {
    for (text, expected) in [
        ("- a\n", &["1: expected an OpenAPI document: a map with `openapi` and `paths`, found a list"][..]),
        (
            "swagger: '2.0'\npaths: {}\n",
            &[
                "1: this is a Swagger document, not an OpenAPI one (OpenAPI 3.0 and 3.1 are read: convert it, for example by \
               `npx swagger2openapi`)",
            ],
        ),
        (
            "info: {}\n",
            &["1: this is no OpenAPI document: it has no `openapi` (it begins with `openapi: 3.1.0`, or 3.0)"],
        ),
        ("openapi: 4.0.0\n", &["1: expected version 3.0 or 3.1, found `4.0.0` (OpenAPI 3.0 and 3.1 are read)"]),
        ("openapi: 3.2.0\n", &["1: expected version 3.0 or 3.1, found `3.2.0` (OpenAPI 3.0 and 3.1 are read)"]),
        ("openapi: 3.0.1\n", &["1: an OpenAPI document of version 3.0 has `paths`, and this one has none"]),
        ("openapi: 3.1\nwebhooks: {}\n", &[]),
        ("openapi: 3.1.0\npaths: []\n", &["2: expected a map of paths, found a list"]),
        (
            "openapi: 3.1.0\npaths:\n  users: {}\n  x-ours: 1\n  /a/{b: {}\n  /c: get\n",
            &[
                "3: a path begins with `/`, and `users` does not (write `/users`; the path of the service's address stands in \
                 `servers`)",
                "5: a brace of this path has no other one (a parameter is written `{name}`, and no `/` stands in it)",
                "6: expected a map with methods such as `get`, found `get`",
            ],
        ),
        (
            "openapi: 3.1.0\npaths:\n  /a: {$ref: '#/components/pathItems/a'}\n  /b: {$ref: '#/components/schemas/Usr'}\n\
             components: {schemas: {User: {properties: {default: {$ref: '#/x'}, a: {$ref: '#/components/schemas/User/properties'}}}}}\n",
            &[
                "3: `#/components/pathItems/a` leads nowhere (there is no `#/components/pathItems` in this document)",
                "4: `#/components/schemas/Usr` leads nowhere (did you mean `#/components/schemas/User`?)",
            ],
        ),
    ] {
        assert_eq!(read(text).1, expected, "{text}");
    }
}

#[test]
fn a_mistake_loses_nothing_else() {
    let text = USERS.replace("        tier: {", "        tier: &tier {").replace("/users/me:", "users/me:");
    let (document, said) = read(&text);
    assert_eq!(said.len(), 2, "{said:?}");
    let document = document.expect("most of it is good");
    assert_eq!(field(&document, "GET", "/users/${path.id}", ".address.zip"), "known");
    // What was not understood may be what is missing.
    assert_eq!(field(&document, "GET", "/users/${path.id}", ".nmae"), "?");
    assert!(matches!(document.operation("GET", &call("/nothing")), Found::CannotSay));
}
