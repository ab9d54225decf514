//! What can be wrong: a [`Fault`] in the text when the configuration loads, an [`EvalError`] when a request runs it.

use crate::config::nearest;
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// What is wrong with an expression or a template, found when the configuration loads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where, in bytes within the text given.
    pub range: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Fault {
    pub(super) fn new(range: Range<usize>, message: impl Into<String>) -> Fault {
        Fault { range, message: message.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Fault {
        self.help = Some(help.into());
        self
    }

    /// `did you mean` with the name among `names` that is nearest to `wrong`, if one is near.
    pub(super) fn suggest<'n>(self, wrong: &str, names: impl IntoIterator<Item = &'n str>) -> Fault {
        match nearest(wrong, names) {
            Some(name) => self.help(format!("did you mean `{name}`?")),
            None => self,
        }
    }

    pub(super) fn shifted(mut self, by: usize) -> Fault {
        self.range = self.range.start + by..self.range.end + by;
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.help.as_ref().map_or(Ok(()), |help| write!(f, " ({help})"))
    }
}

impl std::error::Error for Fault {}

/// Why an evaluation gave no value. For the operator, never for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvalError {
    /// What went wrong.
    pub message: Cow<'static, str>,
    /// Where, in bytes within the expression or template.
    pub range: Range<usize>,
}

impl EvalError {
    pub(super) fn new(range: Range<usize>, message: impl Into<Cow<'static, str>>) -> EvalError {
        EvalError { message: message.into(), range }
    }

    pub(super) fn shifted(mut self, by: usize) -> EvalError {
        self.range = self.range.start + by..self.range.end + by;
        self
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for EvalError {}

/// The message of an [`EvalError`] whose place the evaluator knows.
pub(super) type Reason = Cow<'static, str>;
