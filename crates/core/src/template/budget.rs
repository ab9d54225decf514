//! What one evaluation may cost, so that no request makes an expression run or grow without bound.

use super::fault::Reason;

/// Steps: one for each node evaluated, item compared, and 64 bytes of text looked at.
const STEPS: usize = 100_000;
/// Bytes of text and of lists made.
const BYTES: usize = 1 << 20;
/// Bytes looked at for one step.
const BYTES_A_STEP: usize = 64;

/// What is left.
pub(super) struct Budget {
    steps: usize,
    bytes: usize,
}

impl Budget {
    pub(super) fn new() -> Budget {
        Budget { steps: STEPS, bytes: BYTES }
    }

    /// One node. Once it fails, it fails for good: no `||` goes on after it.
    #[inline]
    pub(super) fn step(&mut self) -> Result<(), Reason> {
        self.work(1)
    }

    #[inline]
    pub(super) fn work(&mut self, steps: usize) -> Result<(), Reason> {
        if let Some(left) = self.steps.checked_sub(steps) {
            self.steps = left;
            return Ok(());
        }
        self.steps = 0;
        Err("this takes too many steps".into())
    }

    /// `bytes` of text are looked at.
    pub(super) fn look(&mut self, bytes: usize) -> Result<(), Reason> {
        self.work(bytes / BYTES_A_STEP)
    }

    /// `bytes` are about to be made.
    pub(super) fn make(&mut self, bytes: usize) -> Result<(), Reason> {
        if let Some(left) = self.bytes.checked_sub(bytes) {
            self.bytes = left;
            return self.look(bytes);
        }
        self.steps = 0;
        self.bytes = 0;
        Err("this makes too much text".into())
    }

    /// Lends the steps to a comparison, which takes them down.
    pub(super) fn compare<R>(&mut self, compare: impl FnOnce(&mut usize) -> R) -> Result<R, Reason> {
        let result = compare(&mut self.steps);
        if self.steps == 0 { Err("this takes too many steps".into()) } else { Ok(result) }
    }
}
