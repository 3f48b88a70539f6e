"""Judges an issued certificate with software that is not ours.

    judge.py card SHC.TXT JWKS.JSON    signature and thumbprint (jwcrypto), bundle (fhir.resources)
    judge.py qr PAGE.PNG               every QR on a page (zxing-cpp)

Prints one JSON document; exits non-zero where anything does not hold.
"""

import json
import sys
import zlib
from pathlib import Path

LONGEST_PAYLOAD = 1 << 16


def card(shc_path: str, jwks_path: str) -> dict:
    return judged(Path(shc_path).read_text(encoding="ascii").strip(), Path(jwks_path).read_text(encoding="utf-8"))


def judged(text: str, jwks: str) -> dict:
    """A QR's text under an issuer's keys."""
    from fhir.resources.R4B.bundle import Bundle
    from jwcrypto.jwk import JWK
    from jwcrypto.jws import JWS

    scheme, digits = text[:5], text[5:]
    assert scheme == "shc:/", "no SMART Health Card"
    assert digits.isdigit() and len(digits) % 2 == 0
    compact = "".join(chr(int(digits[i : i + 2]) + 45) for i in range(0, len(digits), 2))
    assert len(compact) <= 1195

    token = JWS()
    token.deserialize(compact)
    header = json.loads(token.objects["protected"])
    assert header == {"alg": "ES256", "zip": "DEF", "kid": header["kid"]}

    keys = json.loads(jwks)["keys"]
    [published] = [key for key in keys if key["kid"] == header["kid"]]
    assert published["use"] == "sig" and published["alg"] == "ES256" and "d" not in published
    key = JWK(**{name: published[name] for name in ("kty", "crv", "x", "y")})
    assert key.thumbprint() == header["kid"], "kid is not the thumbprint"
    token.verify(key, alg="ES256")

    inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    raw = inflater.decompress(token.payload, LONGEST_PAYLOAD)
    assert inflater.eof and not inflater.unused_data
    claims = json.loads(raw)
    assert json.dumps(claims, ensure_ascii=False, separators=(",", ":")).encode() == raw, "not minified"
    assert isinstance(claims["nbf"], int)
    assert claims["iss"].startswith("https://") and not claims["iss"].endswith("/")
    types = claims["vc"]["type"]
    for name in ("health-card", "immunization"):
        assert f"https://smarthealth.cards#{name}" in types, types
    subject = claims["vc"]["credentialSubject"]
    assert subject["fhirVersion"] == "4.0.1"
    bundle = subject["fhirBundle"]
    for forbidden in ('"id"', '"text"', '"display":"http', '"meta"'):
        assert forbidden not in raw.decode(), forbidden
    Bundle.model_validate(bundle)
    entries = bundle["entry"]
    assert [entry["fullUrl"] for entry in entries] == [f"resource:{i}" for i in range(len(entries))]
    patient, *doses = [entry["resource"] for entry in entries]
    assert patient["resourceType"] == "Patient"
    [name] = patient["name"]
    return {
        "issuer": claims["iss"],
        "types": types,
        "rid": claims["vc"].get("rid"),
        "name": "\u3000".join([name.get("family", ""), *name.get("given", [])]).strip("\u3000"),
        "birth_date": patient["birthDate"],
        "doses": [
            {
                "date": dose["occurrenceDateTime"],
                "cvx": dose["vaccineCode"]["coding"][0]["code"],
                "lot": dose["lotNumber"],
                "status": dose["status"],
            }
            for dose in doses
        ],
    }


def qr(png_path: str) -> dict:
    import zxingcpp
    from PIL import Image

    found = zxingcpp.read_barcodes(Image.open(png_path), formats=zxingcpp.BarcodeFormat.QRCode)
    return {"texts": [barcode.text for barcode in found]}


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    print(json.dumps({"card": card, "qr": qr}[command](*arguments), ensure_ascii=False))
