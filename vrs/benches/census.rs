//! What looking through a municipality costs, by persons and by certificates: `cargo bench -p vrs`.

use std::sync::Arc;
use std::time::Duration;

use card::number::IndividualNumber;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use issuance_api::registry::Registration;
use issuance_api::{Array, CertificateId, CertificateKind, MunicipalityCode};
use tokio::runtime::Runtime;
use vrs::import;
use vrs::storage::{Division, Folders, Origin, Reservation, Term};

const MUNICIPALITY: &str = "131016";
/// Persons, and certificates of one of them.
const ROWS: u32 = 20_000;
const NOW: i64 = 1_700_000_000;

fn number(n: u32) -> IndividualNumber {
    IndividualNumber::from_eleven(&format!("{n:011}")).expect("eleven digits")
}

/// Everybody with a dose.
fn persons() -> String {
    let header = import::header();
    let of = |n: u32| {
        let cell = |column: &&str| match *column {
            "個人番号" => number(n).expose().to_owned(),
            "団体内統合宛名番号" => "100200300".to_owned(),
            "漢字氏名" => "試験　太郎".to_owned(),
            "生年月日" => "19800101".to_owned(),
            "性別" => "1".to_owned(),
            "接種日" => "20210701".to_owned(),
            "業務" => "covid-19".to_owned(),
            "ワクチン名" => "コミナティ筋注".to_owned(),
            "メーカー" => "ファイザー".to_owned(),
            "ロット番号" => "AB1234".to_owned(),
            _ => String::new(),
        };
        header.iter().map(cell).collect::<Vec<_>>().join(",")
    };
    let rows = std::iter::once(header.join(",")).chain((0..ROWS).map(of));
    rows.fold(String::new(), |file, row| file + &row + "\n")
}

fn registration(n: u32) -> Registration {
    let mut mac = [0; 32];
    mac[..4].copy_from_slice(&n.to_be_bytes());
    Registration {
        certificate_id: CertificateId::from_mac(&mac),
        programme: "covid-19".parse().expect("a programme's id"),
        municipality: MUNICIPALITY.parse().expect("a municipality's code"),
        kind: CertificateKind::Domestic,
        kid: "k".repeat(43).parse().expect("a key's id"),
        record_version: 1,
        content_digest: Array::new([5; 32]),
        issued_on: "2023-11-15".parse().expect("a date"),
        passport: None,
    }
}

async fn register(division: &Arc<Division>) {
    let (mut session, found) = division.begin_for(&number(0)).await.expect("it opens");
    let person = found.expect("they were imported").id;
    for n in 0..ROWS {
        let registration = registration(n);
        let application = (&Array::new([7; 16]), Origin::Kiosk);
        let term = Term {
            now: NOW,
            counted: Duration::ZERO,
            limit: Duration::from_secs(600),
        };
        let reserved = session.reserve(person, application, &registration, NOW, term);
        let reserved = reserved.await.expect("it opens");
        assert_eq!(reserved, Reservation::Registered);
    }
    session.commit().await.expect("there is room");
}

fn census(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let folders = Folders {
        data: folder.path().join("data"),
        keys: folder.path().join("keys"),
    };
    let municipality: MunicipalityCode = MUNICIPALITY.parse().expect("a municipality's code");
    let division = runtime.block_on(async {
        let created = Division::create(&folders, municipality, NOW).await;
        created.expect("a folder of one's own");
        let division = Division::open(&folders, municipality).await;
        let division = division.expect("it was created");
        let entries = import::parse(persons().as_bytes()).expect("of its form");
        division.import(&entries, NOW).await.expect("there is room");
        division
    });
    let mut group = c.benchmark_group("census");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(ROWS.into()));
    let mut look = |name: &str| {
        group.bench_function(name, |b| {
            b.iter(|| runtime.block_on(division.look(true)).expect("it is whole"));
        });
    };
    look("20,000 persons");
    runtime.block_on(register(&division));
    look("20,000 persons and 20,000 certificates");
    group.finish();
    runtime.block_on(division.close());
}

criterion_group!(benches, census);
criterion_main!(benches);
