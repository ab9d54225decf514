//! The reference's lists say what there is.

use super::*;
use crate::template::functions::names;
use crate::template::{FUNCTIONS, NAMES};
use std::collections::BTreeSet;

#[test]
fn every_function_is_listed_and_its_example_is_true() {
    for function in FUNCTIONS {
        assert_eq!(run(function.example), function.result, "{}", function.example);
    }
    let name = |call: &str| {
        let name = call.split('(').next().unwrap_or(call);
        if name == "strings.quote" { name.to_owned() } else { name.rsplit('.').next().unwrap_or(name).to_owned() }
    };
    let listed: BTreeSet<String> = FUNCTIONS.iter().map(|function| name(function.call)).collect();
    assert_eq!(listed, names().map(str::to_owned).collect());
}

#[test]
fn every_name_that_is_listed_has_the_type_that_is_said() {
    let declared = Declared::request().path(&["NAME"], true).identity().response().problem();
    for name in NAMES {
        let expression =
            Expression::compile(name.name, &declared).unwrap_or_else(|fault| panic!("{name:?}: {fault:?}"));
        assert_eq!(expression.names().count(), 1, "{name:?}");
        assert!(expression.kind().to_string().ends_with(name.kind), "{name:?} is {}", expression.kind());
    }
}

#[test]
fn every_name_of_tls_is_listed() {
    for field in TlsField::ALL {
        assert!(NAMES.iter().any(|name| name.name == format!("client.tls.{}", field.name())), "{field:?}");
    }
}
