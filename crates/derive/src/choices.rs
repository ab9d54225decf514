//! Enums: words, kinds and forms.

use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{DataEnum, Error, Fields, Ident, Result, Type, Variant};

use crate::Derived;
use crate::attributes::{Container, Fallback, Member, doc_of};
use crate::record::{key, shape_field};

/// A variant with what its attributes say.
struct Choice<'a> {
    ident: &'a Ident,
    /// None for a unit variant.
    payload: Option<&'a Type>,
    key: String,
    doc: String,
    member: Member,
}

fn choices(data: &DataEnum, is_forms: bool) -> Result<Vec<Choice<'_>>> {
    let mut all: Vec<Choice<'_>> = Vec::new();
    for variant in &data.variants {
        let member = Member::of(&variant.attrs)?;
        let key = member.variant_key(&variant.ident);
        if all.iter().any(|other| other.key == key) {
            return Err(Error::new_spanned(variant, format!("two variants are named `{key}`")));
        }
        let payload = payload(variant)?;
        let misplaced = member.span || !matches!(member.fallback, Fallback::Absent);
        if misplaced || (is_forms && member.later) || (!is_forms && member.form.is_some()) {
            return Err(Error::new_spanned(variant, "this attribute is not for such a variant"));
        }
        all.push(Choice { ident: &variant.ident, payload, key, doc: doc_of(&variant.attrs), member });
    }
    Ok(all)
}

fn payload(variant: &Variant) -> Result<Option<&Type>> {
    match &variant.fields {
        Fields::Unit => Ok(None),
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => Ok(fields.unnamed.first().map(|field| &field.ty)),
        _ => Err(Error::new_spanned(variant, "a variant has one value without a name, or none")),
    }
}

pub(crate) fn word(name: &str, doc: &str, data: &DataEnum) -> Result<Derived> {
    let choices = choices(data, false)?;
    for (choice, variant) in choices.iter().zip(&data.variants) {
        if choice.payload.is_some() {
            return Err(Error::new_spanned(variant, "a word has no value"));
        }
    }
    let keys = choices.iter().map(|choice| key(&choice.key, choice.member.later));
    let arms = choices.iter().enumerate().filter(|(_, choice)| !choice.member.later).map(|(index, choice)| {
        let ident = choice.ident;
        quote!(#index => ::core::option::Option::Some(Self::#ident),)
    });
    let read = quote! {
        static WORDS: &[::pintle_core::config::derived::Key] = &[#(#keys),*];
        match ::pintle_core::config::derived::word(node, WORDS, reader)? {
            #(#arms)*
            _ => ::core::option::Option::None,
        }
    };
    let words = choices.iter().map(|choice| {
        let Choice { key, doc, member, .. } = choice;
        let later = member.later;
        quote!(::pintle_core::config::Word { word: #key, doc: #doc, later: #later })
    });
    let shape = quote! {
        ::pintle_core::config::Shape::Words { name: #name, doc: #doc, words: ::std::vec![#(#words),*] }
    };
    Ok(Derived { read, shape })
}

pub(crate) fn kind(name: &str, doc: &str, data: &DataEnum, container: &Container) -> Result<Derived> {
    let choices = choices(data, false)?;
    for (choice, variant) in choices.iter().zip(&data.variants) {
        if choice.payload.is_none() && !choice.member.later {
            return Err(Error::new_spanned(variant, "a kind has a value"));
        }
    }
    let keys = choices.iter().map(|choice| key(&choice.key, choice.member.later));
    let arms = choices.iter().enumerate().filter(|(_, choice)| !choice.member.later).map(|(index, choice)| {
        let (ident, ty) = (choice.ident, choice.payload);
        quote!(#index => <#ty as ::pintle_core::config::Read>::read(value, reader).map(Self::#ident),)
    });
    let called = &container.called;
    let read = quote! {
        static KINDS: &[::pintle_core::config::derived::Key] = &[#(#keys),*];
        let named = ::pintle_core::config::derived::kind(node, #called, KINDS, reader);
        let mut chosen = ::core::option::Option::None;
        for (index, value) in named.values {
            chosen = match index {
                #(#arms)*
                _ => ::core::option::Option::None,
            };
        }
        chosen.filter(|_| named.single)
    };
    let kinds = choices.iter().map(|choice| {
        shape_field(&choice.key, &choice.doc, &quote!(false), None, choice.member.later, &shape_of(choice))
    });
    let shape = quote! {
        ::pintle_core::config::Shape::Kinds {
            name: #name, doc: #doc, secret: false, kinds: ::std::vec![#(#kinds),*],
        }
    };
    Ok(Derived { read, shape })
}

pub(crate) fn forms(name: &str, doc: &str, data: &DataEnum, container: &Container) -> Result<Derived> {
    let choices = choices(data, true)?;
    let mut arms = Vec::new();
    // The word comes first, as it is a text too.
    let ordered = ["none", "text", "list", "map"];
    for form in ordered {
        let mut of_form = choices.iter().zip(&data.variants).filter(|(c, _)| c.member.form.as_deref() == Some(form));
        let Some((choice, variant)) = of_form.next() else { continue };
        if of_form.next().is_some() {
            return Err(Error::new_spanned(variant, format!("two variants are for the form `{form}`")));
        }
        arms.push(form_arm(form, choice, variant)?);
    }
    if let Some((_, variant)) = choices.iter().zip(&data.variants).find(|(c, _)| c.member.form.is_none()) {
        return Err(Error::new_spanned(variant, "say which form it is for: text, list, map or none"));
    }
    if container.expected.is_empty() {
        return Err(Error::new_spanned(&data.variants, "say what messages expect: #[read(forms, expected = \"…\")]"));
    }
    let expected = &container.expected;
    let read = quote! {
        match node.form() {
            #(#arms)*
            _ => {
                ::pintle_core::config::derived::forms_mismatch(
                    node, #expected, <Self as ::pintle_core::config::Read>::shape, reader,
                );
                ::core::option::Option::None
            }
        }
    };
    let shapes = choices.iter().map(|choice| {
        let form = choice.member.form.as_deref().unwrap_or_default();
        shape_field(form, &choice.doc, &quote!(false), None, choice.member.later, &shape_of(choice))
    });
    let shape = quote! {
        ::pintle_core::config::Shape::Forms {
            name: #name, doc: #doc, expected: #expected, forms: ::std::vec![#(#shapes),*],
        }
    };
    Ok(Derived { read, shape })
}

fn form_arm(form: &str, choice: &Choice<'_>, variant: &Variant) -> Result<Tokens> {
    let ident = choice.ident;
    let (pattern, condition) = match form {
        "none" => (quote!(Scalar { .. }), quote!(if ::pintle_core::config::derived::is_none_word(node))),
        "text" => (quote!(Scalar { .. }), Tokens::new()),
        "list" => (quote!(List(_)), Tokens::new()),
        _ => (quote!(Map(_)), Tokens::new()),
    };
    let value = match (form, choice.payload) {
        ("none", None) => quote!(::core::option::Option::Some(Self::#ident)),
        ("none", Some(_)) => return Err(Error::new_spanned(variant, "the word `none` has no value")),
        (_, Some(ty)) => quote!(<#ty as ::pintle_core::config::Read>::read(node, reader).map(Self::#ident)),
        (_, None) => return Err(Error::new_spanned(variant, "this form needs a value")),
    };
    Ok(quote!(::pintle_core::config::Form::#pattern #condition => #value,))
}

/// The shape function of a variant's value; a unit variant is the word or what is refused for now.
fn shape_of(choice: &Choice<'_>) -> Tokens {
    match choice.payload {
        Some(ty) => quote!(<#ty as ::pintle_core::config::Read>::shape),
        None => quote!(<::pintle_core::config::Later as ::pintle_core::config::Read>::shape),
    }
}
