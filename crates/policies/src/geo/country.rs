//! Countries by their codes.

use pintle_core::config::{Grammar, Node, Read, Reader, Shape};
use std::fmt;
use std::str::FromStr;

/// A country's code of two letters (ISO 3166-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

impl FromStr for Country {
    type Err = ();

    /// Any two capital letters: which of them are a country's may have changed since this was written.
    fn from_str(text: &str) -> Result<Self, ()> {
        match text.as_bytes() {
            &[a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Ok(Country([a, b])),
            _ => Err(()),
        }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}

/// The codes that are given (ISO 3166-1 alpha-2), and XK, which is in use for Kosovo.
const CODES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT \
    BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK \
    FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE \
    JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ \
    MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO \
    RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW \
    TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

impl Read for Country {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let text = node.as_text().unwrap_or_default();
        let capitals = text.to_ascii_uppercase();
        let is_given = |code: &str| code.len() == 2 && CODES.split_ascii_whitespace().any(|known| known == code);
        let help = match &*capitals {
            "UK" => "write `GB`".to_owned(),
            "EL" => "write `GR`".to_owned(),
            code if is_given(code) && code != text => format!("write `{code}`"),
            code if is_given(code) => return text.parse().ok(),
            _ => "two capital letters (ISO 3166-1)".to_owned(),
        };
        reader.expected("a country's code such as DE", node, help);
        None
    }

    fn shape() -> Shape {
        let doc = "A country's code of two capital letters (ISO 3166-1), such as DE.";
        let expected = "a country's code such as DE";
        Shape::Text { name: "Country", doc, expected, grammar: Grammar::Pattern("^[A-Z]{2}$") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, try_read};

    #[test]
    fn a_code_is_one_that_is_given() {
        assert_eq!(read::<Vec<Country>>("[DE, NO, XK]").iter().map(Country::to_string).collect::<String>(), "DENOXK");
        let expected = "expected a country's code such as DE, found";
        assert_eq!(
            try_read::<Vec<Country>>("[UK, de, Germany, XX]").1,
            [
                format!("1:2 {expected} `UK` [write `GB`]"),
                format!("1:6 {expected} `de` [write `DE`]"),
                format!("1:10 {expected} `Germany` [two capital letters (ISO 3166-1)]"),
                format!("1:19 {expected} `XX` [two capital letters (ISO 3166-1)]"),
            ]
        );
    }
}
