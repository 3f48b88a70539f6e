"""Judges an issued certificate with software that is not ours.

    judge.py card SHC.TXT JWKS.JSON    signature and thumbprint (jwcrypto), bundle (fhir.resources)
    judge.py seal VDSNC.TXT CSCA.CER CSCA.CRL
                                       canonical form (rfc8785), signature, signer's certificate and list (openssl)
    judge.py qr PAGE.PNG               every QR on a page (zxing-cpp)

Prints one JSON document; exits non-zero where anything does not hold.
"""

import base64
import json
import subprocess
import sys
import tempfile
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
    name, *romanised = patient["name"]
    assert len(romanised) <= 1
    return {
        "issuer": claims["iss"],
        "types": types,
        "rid": claims["vc"].get("rid"),
        "name": "\u3000".join([name.get("family", ""), *name.get("given", [])]).strip("\u3000"),
        "romanised": [[name["family"], *name.get("given", [])] for name in romanised],
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


def seal(text_path: str, csca_path: str, crl_path: str) -> dict:
    """A VDS-NC, up to the CSCA and its list (both DER)."""
    import rfc8785

    text = Path(text_path).read_text(encoding="ascii")
    document = json.loads(text)
    assert sorted(document) == ["data", "sig"] and sorted(document["sig"]) == ["alg", "cer", "sigvl"]
    assert document["sig"]["alg"] == "ES256"
    data = document["data"]
    assert data["hdr"] == {"t": "icao.vacc", "v": 1, "is": "JPN"}
    certificate, signature = (base64.b64decode(document["sig"][name], altchars=b"-_", validate=True) for name in ("cer", "sigvl"))
    # With padding, as urlsafe_b64encode writes it.
    for name, value in (("cer", certificate), ("sigvl", signature)):
        assert document["sig"][name] == base64.urlsafe_b64encode(value).decode()
    assert len(signature) == 64

    with tempfile.TemporaryDirectory() as folder:
        def file(name: str, content: bytes) -> str:
            path = Path(folder) / name
            path.write_bytes(content)
            return str(path)

        signer = file("signer.cer", certificate)
        openssl("x509", "-inform", "DER", "-in", signer, "-out", f"{folder}/signer.pem")
        openssl("x509", "-inform", "DER", "-in", csca_path, "-out", f"{folder}/csca.pem")
        openssl("crl", "-inform", "DER", "-in", crl_path, "-out", f"{folder}/crl.pem")
        openssl("crl", "-in", f"{folder}/crl.pem", "-noout", "-CAfile", f"{folder}/csca.pem")
        # No purpose that openssl knows is a barcode signer's.
        openssl("verify", "-purpose", "any", "-x509_strict", "-crl_check", "-CAfile", f"{folder}/csca.pem",
                "-CRLfile", f"{folder}/crl.pem", f"{folder}/signer.pem")
        key = file("key.pem", openssl("x509", "-in", f"{folder}/signer.pem", "-noout", "-pubkey"))
        signed = file("data", rfc8785.dumps(data))
        openssl("dgst", "-sha256", "-verify", key, "-signature", file("signature", der_signature(signature)), signed)
        shown = openssl("x509", "-in", f"{folder}/signer.pem", "-noout", "-text").decode()
        csca = openssl("x509", "-in", f"{folder}/csca.pem", "-noout", "-text").decode()
    # What stands in a signer's certificate, and what does not.
    assert "2.23.136.1.1.14.2" in shown and "2.23.136.1.1.6.2" in shown and "Authority Key Identifier" in shown
    for absent in ("Subject Key Identifier", "Alternative Name", "X509v3 Key Usage", "Private Key Usage Period", "Basic Constraints"):
        assert absent not in shown, absent
    assert "CA:TRUE, pathlen:0" in csca and "Certificate Sign, CRL Sign" in csca and "C = JP" in csca
    message = data["msg"]
    return {
        "id": message["uvci"],
        "holder": message["pid"],
        "doses": sorted(
            (
                {"date": dose["dvc"], "number": dose["seq"], "country": dose["ctr"], "center": dose["adm"], "lot": dose["lot"],
                 "code": vaccine["des"], "name": vaccine["nam"], "disease": vaccine["dis"]}
                for vaccine in message["ve"]
                for dose in vaccine["vd"]
            ),
            key=lambda dose: dose["number"],
        ),
        "bytes": len(text),
    }


def openssl(*arguments: str) -> bytes:
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True).stdout


def der_signature(raw: bytes) -> bytes:
    def integer(value: bytes) -> bytes:
        value = value.lstrip(b"\0") or b"\0"
        if value[0] & 0x80:
            value = b"\0" + value
        return b"\x02" + bytes([len(value)]) + value

    body = integer(raw[:32]) + integer(raw[32:])
    return b"\x30" + bytes([len(body)]) + body


def qr(png_path: str) -> dict:
    import zxingcpp
    from PIL import Image

    found = zxingcpp.read_barcodes(Image.open(png_path), formats=zxingcpp.BarcodeFormat.QRCode)
    return {"texts": [barcode.text for barcode in found]}


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    print(json.dumps({"card": card, "seal": seal, "qr": qr}[command](*arguments), ensure_ascii=False))
