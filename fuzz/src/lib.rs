//! Gives a target of `fuzz-targets` to libFuzzer: its body, and its changes along an input's shape
//! beside libFuzzer's own.

use fuzz_targets::mutate::Random;
use fuzz_targets::{Target, find, mutate};

pub use libfuzzer_sys;

/// A target by its name.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn target(name: &str) -> &'static Target {
    find(name).expect("a target of this name")
}

/// Changes an input in its buffer: along its shape, or as `usual` does. Returns its new length.
pub fn change(
    target: &Target,
    data: &mut [u8],
    size: usize,
    most: usize,
    seed: u32,
    usual: impl FnOnce(&mut [u8], usize, usize) -> usize,
) -> usize {
    let mut random = Random::new(u64::from(seed));
    if random.below(2) == 0 {
        return usual(data, size, most);
    }
    let mut input = data[..size].to_vec();
    mutate(target.shape, &mut input, &mut random);
    input.truncate(most);
    data[..input.len()].copy_from_slice(&input);
    input.len()
}

/// What reads QR codes panics at some pictures, and is caught by who calls it (`symbols`): libFuzzer's own hook would end the program before.
pub fn let_the_decoder_break() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panicked| {
        let place = panicked.location();
        if !place.is_some_and(|it| it.file().contains("/rqrr-")) {
            usual(panicked);
        }
    }));
}

/// The program of one target.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        use std::sync::LazyLock;

        use $crate::libfuzzer_sys;

        static TARGET: LazyLock<&fuzz_targets::Target> = LazyLock::new(|| $crate::target($name));

        // Making keys for cards takes longer than an input may.
        libfuzzer_sys::fuzz_target!(
            init: {
                $crate::let_the_decoder_break();
                (TARGET.seeds)()
                    .iter()
                    .take(1)
                    .for_each(|seed| (TARGET.body)(seed));
            },
            |input: &[u8]| (TARGET.body)(input)
        );

        libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
            $crate::change(
                &TARGET,
                data,
                size,
                most,
                seed,
                libfuzzer_sys::fuzzer_mutate,
            )
        });
    };
}
