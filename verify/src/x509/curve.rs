//! Curves written out in full, as Doc 9303-12 asks of a CSCA. A key counts for a named curve only if *every* parameter is that
//! curve's: with a generator of its own choosing anybody has the private key to a given point (CVE-2020-0601).

use x509_parser::der_parser::asn1_rs::{Any, Class, FromDer, Integer, OctetString, Sequence, Tag};

use super::hex;

/// Curves of FIPS 186-5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

/// In SEC 2's notation; `a` is `p` - 3 for all three.
struct Domain {
    curve: Curve,
    named: &'static str,
    p: &'static str,
    a: &'static str,
    b: &'static str,
    g: &'static str,
    n: &'static str,
}

const DOMAINS: [Domain; 3] = [
    Domain {
        curve: Curve::P256,
        named: "1.2.840.10045.3.1.7",
        p: "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
        a: "ffffffff00000001000000000000000000000000fffffffffffffffffffffffc",
        b: "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
        g: "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
            4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
        n: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    },
    Domain {
        curve: Curve::P384,
        named: "1.3.132.0.34",
        p: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
        a: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000fffffffc",
        b: "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
        g: "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7\
            3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
        n: "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    },
    Domain {
        curve: Curve::P521,
        named: "1.3.132.0.35",
        p: "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\
            ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        a: "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\
            fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc",
        b: "0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109\
            e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
        g: "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3d\
            baa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66\
            011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e66\
            2c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
        n: "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\
            fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
    },
];

impl Curve {
    /// The curve that a key's algorithm parameters name or write out.
    pub(super) fn of(parameters: &Any<'_>) -> Option<Self> {
        if let Some(name) = object_identifier(parameters) {
            return DOMAINS
                .iter()
                .find_map(|domain| (domain.named == name).then_some(domain.curve));
        }
        let [p, a, b, g, n] = written_out(parameters)?;
        let same = |domain: &&Domain| {
            [&p, &a, &b, &g, &n] == [domain.p, domain.a, domain.b, domain.g, domain.n]
        };
        DOMAINS.iter().find(same).map(|domain| domain.curve)
    }
}

/// `p`, `a`, `b`, the generator without its leading 04, and the order, of SEC 1's `ECParameters`; the cofactor has to be 1.
fn written_out(parameters: &Any<'_>) -> Option<[String; 5]> {
    let parameters = parameters.as_sequence().ok()?;
    let (rest, version) = Integer::from_der(&parameters.content).ok()?;
    let (rest, field) = Sequence::from_der(rest).ok()?;
    let (rest, curve) = Sequence::from_der(rest).ok()?;
    let (rest, generator) = OctetString::from_der(rest).ok()?;
    let (rest, order) = Integer::from_der(rest).ok()?;
    if !rest.is_empty() {
        let (rest, cofactor) = Integer::from_der(rest).ok()?;
        if cofactor.as_u32() != Ok(1) || !rest.is_empty() {
            return None;
        }
    }
    // Version 2 and 3 say that the seed binds curve and generator, which changes nothing here.
    if !(1..=3).contains(&version.as_u32().ok()?) {
        return None;
    }
    let (rest, kind) = Any::from_der(&field.content).ok()?;
    let (rest, prime) = Integer::from_der(rest).ok()?;
    if object_identifier(&kind)? != "1.2.840.10045.1.1" || !rest.is_empty() {
        return None;
    }
    // What may follow is the seed.
    let (rest, a) = OctetString::from_der(&curve.content).ok()?;
    let (_, b) = OctetString::from_der(rest).ok()?;
    let generator = generator.as_ref().strip_prefix(&[4])?;
    Some([
        unsigned(&prime),
        hex(a.as_ref()),
        hex(b.as_ref()),
        hex(generator),
        unsigned(&order),
    ])
}

/// asn1-rs reads one from anything, whatever its tag is.
fn object_identifier(any: &Any<'_>) -> Option<String> {
    let is_one = any.tag() == Tag::Oid && any.class() == Class::Universal;
    let oid = any.as_oid().ok().filter(|_| is_one)?;
    Some(oid.to_id_string())
}

/// A positive number without the byte that says so.
fn unsigned(number: &Integer<'_>) -> String {
    let bytes = number.as_ref();
    hex(bytes.strip_prefix(&[0]).unwrap_or(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: [(Curve, &[u8]); 3] = [
        (
            Curve::P256,
            include_bytes!("../../tests/curves/prime256v1.der"),
        ),
        (
            Curve::P384,
            include_bytes!("../../tests/curves/secp384r1.der"),
        ),
        (
            Curve::P521,
            include_bytes!("../../tests/curves/secp521r1.der"),
        ),
    ];

    fn of(der: &[u8]) -> Option<Curve> {
        let (rest, any) = Any::from_der(der).ok()?;
        rest.is_empty().then(|| Curve::of(&any)).flatten()
    }

    #[test]
    fn curves_as_openssl_writes_them_out() {
        for (curve, der) in WRITTEN {
            assert_eq!(of(der), Some(curve));
        }
    }

    #[test]
    fn a_curve_with_any_other_parameter_is_none() {
        for (_, der) in WRITTEN {
            for byte in 0..der.len() {
                let mut other = der.to_vec();
                other[byte] ^= 2;
                let seed = of(&other).is_some();
                // The seed says how the curve was found and is no part of it; nor is whether the version promises one.
                let length = if der.len() > 300 { 4 } else { 3 };
                assert!(
                    !seed || byte == length + 2 || is_seed(der, byte),
                    "byte {byte}"
                );
            }
        }
    }

    /// Whether this byte is one of the bit string: what follows `b` is not looked at.
    fn is_seed(der: &[u8], byte: usize) -> bool {
        let start = der.windows(3).position(|bytes| bytes == [3, 0x15, 0]);
        start.is_some_and(|start| (start..start + 23).contains(&byte))
    }
}
