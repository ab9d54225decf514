//! Structs: a map with known keys, and a type made from one text.

use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{Error, FieldsNamed, Ident, Result, Type};

use crate::Derived;
use crate::attributes::{Container, Fallback, Member, doc_of};

/// A field that is filled from a key.
struct Keyed<'a> {
    ident: &'a Ident,
    ty: &'a Type,
    key: String,
    doc: String,
    member: Member,
}

pub(crate) fn map(name: &str, doc: &str, fields: &FieldsNamed, container: &Container) -> Result<Derived> {
    let mut keyed = Vec::new();
    let mut spans = Vec::new();
    for field in &fields.named {
        let Some(ident) = &field.ident else { continue };
        let member = Member::of(&field.attrs)?;
        if let Some(form) = &member.form {
            return Err(Error::new_spanned(field, format!("`{form}` is for the variants of #[read(forms)]")));
        }
        if member.span {
            spans.push(ident);
            continue;
        }
        let key = member.field_key(ident);
        if keyed.iter().any(|other: &Keyed<'_>| other.key == key) {
            return Err(Error::new_spanned(field, format!("two fields have the key `{key}`")));
        }
        keyed.push(Keyed { ident, ty: &field.ty, key, doc: doc_of(&field.attrs), member });
    }
    let shape = map_shape(name, doc, &keyed);
    Ok(Derived { read: map_read(&keyed, &spans, container), shape })
}

fn map_read(keyed: &[Keyed<'_>], spans: &[&Ident], container: &Container) -> Tokens {
    let keys = keyed.iter().map(|field| key(&field.key, field.member.later));
    let reads = keyed.iter().enumerate().map(|(index, field)| {
        let (ident, ty) = (field.ident, field.ty);
        match &field.member.fallback {
            _ if field.member.later => {
                quote!(let #ident = ::core::option::Option::Some(<#ty as ::core::default::Default>::default());)
            }
            Fallback::Absent => quote!(let #ident = fields.required::<#ty>(#index, reader);),
            Fallback::Own => quote!(let #ident = fields.or_default::<#ty>(#index, reader);),
            Fallback::Written(yaml) => quote!(let #ident = fields.or_text::<#ty>(#index, #yaml, reader);),
        }
    });
    let idents = keyed.iter().map(|field| field.ident);
    let Container { called, instead, .. } = container;
    let check = container.check.then(|| quote!(let value = Self::check(value, node, reader)?;));
    quote! {
        static KNOWN: ::pintle_core::config::derived::Known = ::pintle_core::config::derived::Known {
            called: #called,
            instead: #instead,
            keys: &[#(#keys),*],
        };
        let shape = <Self as ::pintle_core::config::Read>::shape;
        let fields = ::pintle_core::config::derived::Fields::open(node, &KNOWN, shape, reader)?;
        #(#reads)*
        let value = Self { #(#idents: #idents?,)* #(#spans: node.span().clone(),)* };
        #check
        ::core::option::Option::Some(value)
    }
}

fn map_shape(name: &str, doc: &str, keyed: &[Keyed<'_>]) -> Tokens {
    let fields = keyed.iter().map(|field| {
        let Keyed { ty, key, doc, member, .. } = field;
        let (required, default) = match &member.fallback {
            Fallback::Absent => (quote!(<#ty as ::pintle_core::config::Read>::absent().is_none()), None),
            Fallback::Own => (quote!(false), None),
            Fallback::Written(yaml) => (quote!(false), Some(yaml)),
        };
        shape_field(key, doc, &required, default, member.later, &quote!(<#ty as ::pintle_core::config::Read>::shape))
    });
    quote! {
        ::pintle_core::config::Shape::Map { name: #name, doc: #doc, fields: ::std::vec![#(#fields),*] }
    }
}

pub(crate) fn text(name: &str, doc: &str, container: &Container) -> Derived {
    let expected = if container.expected.is_empty() { "a text" } else { &container.expected };
    let grammar = match (&container.range, &container.pattern) {
        (Some((min, max)), _) => {
            let or = container.or.iter();
            quote!(Number { min: #min, max: #max, or: &[#(#or),*] })
        }
        (None, Some(pattern)) => quote!(Pattern(#pattern)),
        (None, None) => quote!(Free),
    };
    Derived {
        read: quote!(::pintle_core::config::derived::read_text(node, #expected, reader)),
        shape: quote! {
            ::pintle_core::config::Shape::Text {
                name: #name, doc: #doc, expected: #expected, grammar: ::pintle_core::config::Grammar::#grammar,
            }
        },
    }
}

/// A type around another one, which it reads as: only its name and its documentation are its own.
pub(crate) fn transparent(name: &str, doc: &str, inner: &Type, container: &Container) -> Derived {
    let check = container.check.then(|| quote!(let value = Self::check(value, node, reader)?;));
    Derived {
        read: quote! {
            let value = Self(<#inner as ::pintle_core::config::Read>::read(node, reader)?);
            #check
            ::core::option::Option::Some(value)
        },
        shape: quote!(<#inner as ::pintle_core::config::Read>::shape().named(#name, #doc)),
    }
}

/// A key as derived code knows it.
pub(crate) fn key(name: &str, later: bool) -> Tokens {
    quote!(::pintle_core::config::derived::Key { name: #name, later: #later })
}

/// A field of a shape.
pub(crate) fn shape_field(
    key: &str,
    doc: &str,
    required: &Tokens,
    default: Option<&String>,
    later: bool,
    shape: &Tokens,
) -> Tokens {
    let default = match default {
        Some(yaml) => quote!(::core::option::Option::Some(#yaml)),
        None => quote!(::core::option::Option::None),
    };
    quote! {
        ::pintle_core::config::Field {
            key: #key, doc: #doc, required: #required, default: #default, later: #later, shape: #shape,
        }
    }
}
