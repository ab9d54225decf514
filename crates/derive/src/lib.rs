//! `#[derive(Read)]`: a configuration type reads itself from a tree with positions.
//!
//! Owns the attributes and the shape of the derived code; all that happens while reading is in `pintle_core::config`,
//! which derived code calls. Refuses what it does not know, at the place of the attribute.
#![forbid(unsafe_code)]

mod attributes;
mod choices;
mod record;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, Result, parse_quote};

use attributes::{Container, Style, doc_of};

/// Derives `pintle_core::config::Read`. The documentation comments become the reference's.
///
/// On the type, what it reads:
/// - a struct with named fields reads a map: `#[read(called = "route")]` names it in messages, `instead = "write …"` is the
///   remedy where something else stands, `#[read(check)]` calls `fn check(self, node: &Node, reader: &mut Reader) ->
///   Option<Self>` after all fields were read;
/// - `#[read(text, expected = "a duration such as 5s")]` reads one text by the type's `Text`;
///   `pattern = "REGEX"` or `range = "1-65535"` with `or = "auto"` say more of it to the schema;
/// - `#[read(transparent)]`: a struct around one value reads as that value; `check` as above;
/// - `#[read(word)]`: an enum of unit variants reads one of several words;
/// - `#[read(kind, called = "policy")]`: an enum reads a map with a single key that names the variant;
/// - `#[read(forms, expected = "a name, a URL, or a map")]`: an enum whose variants are told apart by the node's form.
///
/// On a field: `default = "YAML"`, `default` (the type's own), `key = "name"`, `later`, `span`.
/// On a variant: `key = "name"`, `later`; of forms: `text`, `list`, `map`, `none`.
#[proc_macro_derive(Read, attributes(read))]
pub fn derive_read(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(Error::into_compile_error).into()
}

/// The two functions of the trait that a kind of type derives.
struct Derived {
    read: Tokens,
    shape: Tokens,
}

fn expand(input: &DeriveInput) -> Result<Tokens> {
    let container = Container::of(&input.attrs)?;
    let name = input.ident.to_string();
    let doc = doc_of(&input.attrs);
    let Derived { read, shape } = match (&input.data, container.style) {
        (Data::Struct(data), Style::Map) => match &data.fields {
            Fields::Named(fields) => record::map(&name, &doc, fields, &container)?,
            _ => return Err(Error::new_spanned(&input.ident, "a map needs named fields; or say #[read(text)]")),
        },
        (Data::Struct(_) | Data::Enum(_), Style::Text) => record::text(&name, &doc, &container),
        (Data::Struct(data), Style::Transparent) => match &data.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                record::transparent(&name, &doc, &fields.unnamed[0].ty, &container)
            }
            _ => return Err(Error::new_spanned(&input.ident, "what is transparent has one value without a name")),
        },
        (Data::Enum(data), Style::Word) => choices::word(&name, &doc, data)?,
        (Data::Enum(data), Style::Kind) => choices::kind(&name, &doc, data, &container)?,
        (Data::Enum(data), Style::Forms) => choices::forms(&name, &doc, data, &container)?,
        (Data::Enum(_), Style::Map) => {
            let message = "say how the enum is read: #[read(word)], #[read(kind)], #[read(forms)] or #[read(text)]";
            return Err(Error::new_spanned(&input.ident, message));
        }
        _ => return Err(Error::new_spanned(&input.ident, "this attribute is not for such a type")),
    };

    let mut generics = input.generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(::pintle_core::config::Read));
    }
    let (head, arguments, conditions) = generics.split_for_impl();
    let ident = &input.ident;
    Ok(quote! {
        #[automatically_derived]
        impl #head ::pintle_core::config::Read for #ident #arguments #conditions {
            fn read(
                node: &::pintle_core::config::Node,
                reader: &mut ::pintle_core::config::Reader,
            ) -> ::core::option::Option<Self> {
                #read
            }

            fn shape() -> ::pintle_core::config::Shape {
                #shape
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::expand;
    use syn::{DeriveInput, parse_quote};

    fn refused(input: &DeriveInput) -> String {
        expand(input).map_or_else(|error| error.to_string(), |tokens| panic!("taken: {tokens}"))
    }

    #[test]
    fn what_it_does_not_know_is_refused() {
        assert!(
            refused(&parse_quote!(
                enum A {
                    B,
                }
            ))
            .starts_with("say how the enum is read")
        );
        assert!(
            refused(&parse_quote!(
                struct A(u8);
            ))
            .starts_with("a map needs named fields")
        );
        assert!(
            refused(&parse_quote!(
                #[read(wrod)]
                enum A {
                    B,
                }
            ))
            .starts_with("a type knows")
        );
        assert!(
            refused(&parse_quote!(
                struct A {
                    #[read(defualt)]
                    b: u8,
                }
            ))
            .starts_with("a field or variant knows")
        );
        assert!(
            refused(&parse_quote!(
                #[read(word)]
                enum A {
                    B(u8),
                }
            ))
            .starts_with("a word has no value")
        );
        assert!(
            refused(&parse_quote!(
                #[read(kind)]
                enum A {
                    B,
                }
            ))
            .starts_with("a kind has a value")
        );
        assert!(
            refused(&parse_quote!(
                #[read(forms)]
                enum A {
                    #[read(text)]
                    B(u8),
                }
            ))
            .starts_with("say what messages")
        );
        assert!(
            refused(&parse_quote!(
                #[read(transparent)]
                struct A {
                    b: u8,
                }
            ))
            .starts_with("what is transparent has one value")
        );
        assert!(
            refused(&parse_quote!(
                #[read(text, range = "1")]
                struct A(u8);
            ))
            .starts_with("a range is written as")
        );
        let twice: DeriveInput = parse_quote!(
            struct A {
                #[read(key = "b")]
                a: u8,
                b: u8,
            }
        );
        assert_eq!(refused(&twice), "two fields have the key `b`");
        let forms: DeriveInput = parse_quote! {
            #[read(forms, expected = "x")]
            enum A { #[read(text)] B(u8), #[read(text)] C(u8) }
        };
        assert_eq!(refused(&forms), "two variants are for the form `text`");
    }

    #[test]
    fn generic_types_read_what_their_parameters_read() {
        let tokens = expand(&parse_quote!(
            struct A<T> {
                b: T,
            }
        ))
        .expect("it is taken")
        .to_string();
        assert!(tokens.contains("impl < T : :: pintle_core :: config :: Read >"), "{tokens}");
    }
}
