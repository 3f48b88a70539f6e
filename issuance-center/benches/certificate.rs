//! What a certificate costs, part by part: `cargo bench -p issuance-center`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use issuance_center::certificate::qr::Symbol;
use qrcode::{EcLevel, QrCode, Version, bits::Bits};

#[path = "../specimen/mod.rs"]
mod specimen;

fn health_card(c: &mut Criterion) {
    let programmes = specimen::programmes();
    let programme = specimen::covid(&programmes);
    for (name, person) in [
        ("2 doses", &specimen::ORDINARY),
        ("7 doses", &specimen::SEVEN_DOSES),
    ] {
        let preview = specimen::preview(programme, person);
        c.bench_function(&format!("SHC: payload, {name}"), |b| {
            b.iter(|| specimen::payload(programme, black_box(&preview)).expect("it fits"));
        });
        let payload = specimen::payload(programme, &preview).expect("it fits");
        c.bench_function(&format!("SHC: sign, {name}"), |b| {
            b.iter(|| specimen::sign(black_box(&payload)));
        });
    }
}

/// Ours beside the crate's own front door, with the same segments and version.
fn symbol(c: &mut Criterion) {
    let programmes = specimen::programmes();
    let programme = specimen::covid(&programmes);
    let preview = specimen::preview(programme, &specimen::SEVEN_DOSES);
    let jws = specimen::sign(&specimen::payload(programme, &preview).expect("it fits"));
    let width = Symbol::of(&jws).expect("it fits").width();
    let version = i16::try_from((width - 17) / 4).expect("a version");
    let digits: Vec<u8> = jws
        .expose()
        .bytes()
        .flat_map(|byte| [b'0' + (byte - 45) / 10, b'0' + (byte - 45) % 10])
        .collect();
    c.bench_function(&format!("QR: ours, version {version}"), |b| {
        b.iter(|| Symbol::of(black_box(&jws)).expect("it fits"));
    });
    c.bench_function(
        &format!("QR: qrcode's automatic mask, version {version}"),
        |b| {
            b.iter(|| {
                let mut bits = Bits::new(Version::Normal(version));
                bits.push_byte_data(b"shc:/").expect("it fits");
                bits.push_numeric_data(black_box(&digits)).expect("it fits");
                bits.push_terminator(EcLevel::L).expect("it fits");
                QrCode::with_bits(bits, EcLevel::L).expect("it fits")
            });
        },
    );
}

fn page(c: &mut Criterion) {
    let programmes = specimen::programmes();
    let programme = specimen::covid(&programmes);
    let typesetter = specimen::typesetter();
    let mut group = c.benchmark_group("PDF");
    group.sample_size(20);
    for (name, person) in [
        ("2 doses", &specimen::ORDINARY),
        ("7 doses", &specimen::SEVEN_DOSES),
        ("name in the wide font", &specimen::GAIJI),
    ] {
        let preview = specimen::preview(programme, person);
        let payload = specimen::payload(programme, &preview).expect("it fits");
        let symbol = Symbol::of(&specimen::sign(&payload)).expect("it fits");
        group.bench_function(name, |b| {
            b.iter(|| {
                let page = specimen::page_of(&typesetter, programme, &preview, &symbol);
                page.expect("specimens are right")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, health_card, symbol, page);
criterion_main!(benches);
