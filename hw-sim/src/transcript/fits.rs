//! Whether an answer is the one that a transcript says.

use super::Part;

/// Between two `..` the first place where it fits will do: what comes later has the more room. So nothing is tried twice.
pub(super) fn fits(pattern: &[Part], bytes: &[u8]) -> bool {
    let mut runs = pattern.split(|part| matches!(part, Part::AnyNumber));
    let begin = runs.next().unwrap_or_default();
    let Some(mut rest) = behind(begin, bytes) else {
        return false;
    };
    let Some(end) = runs.next_back() else {
        return rest.is_empty();
    };
    for run in runs {
        let behind = (0..=rest.len()).find_map(|skip| behind(run, &rest[skip..]));
        let Some(behind) = behind else {
            return false;
        };
        rest = behind;
    }
    let length = end.iter().map(Part::length);
    let length = length.fold(0, usize::saturating_add);
    let end_at = rest.len().checked_sub(length);
    end_at.is_some_and(|at| behind(end, &rest[at..]).is_some())
}

/// What is behind these parts, none of them `..`, where the bytes begin with them.
fn behind<'a>(run: &[Part], bytes: &'a [u8]) -> Option<&'a [u8]> {
    run.iter().try_fold(bytes, |bytes, part| match part {
        Part::Exactly(begin) => bytes.strip_prefix(begin.expose().as_slice()),
        Part::Any(_) | Part::AnyNumber => bytes.get(part.length()..),
    })
}

impl Part {
    /// The fewest bytes it stands for.
    fn length(&self) -> usize {
        match self {
            Self::Exactly(bytes) => bytes.expose().len(),
            Self::Any(count) => *count,
            Self::AnyNumber => 0,
        }
    }
}
