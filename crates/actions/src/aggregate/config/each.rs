//! `order in parts.orders.body.items`: the list that calls are made for.

use pintle_core::config::{Read, Text};

/// A name for one item, and the list as an expression.
#[derive(Clone, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "a name and a list, such as `order in parts.orders.body.items`")]
pub struct ForEach {
    /// The name by which expressions of the part know the item.
    pub item: String,
    /// The list.
    pub list: String,
}

impl Text for ForEach {
    fn parse(text: &str) -> Result<Self, String> {
        let (item, list) = text.split_once(" in ").ok_or("write `NAME in LIST`")?;
        let (item, list) = (item.trim(), list.trim());
        if !is_name(item) {
            return Err(format!("`{item}` is no name for an item: a letter, then letters, digits and `_`"));
        }
        if list.starts_with("${") {
            return Err("the list is an expression by itself: leave `${` and `}` out".into());
        }
        Ok(ForEach { item: item.to_owned(), list: list.to_owned() })
    }
}

/// Whether expressions can have it as a name, and header fields as a token.
pub(in super::super) fn is_name(text: &str) -> bool {
    let rest = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    rest && text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.len() <= 64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_has_a_name_and_comes_from_a_list() {
        let each = ForEach::parse("order in parts.orders.body.items.filter(o, o.id in [1, 2])").expect("it is good");
        assert_eq!((&*each.item, &*each.list), ("order", "parts.orders.body.items.filter(o, o.id in [1, 2])"));
        assert!(ForEach::parse("parts.orders.body").is_err());
        assert!(ForEach::parse("an-order in x").unwrap_err().contains("no name for an item"));
        assert!(ForEach::parse("order in ${parts.orders}").unwrap_err().contains("by itself"));
    }
}
