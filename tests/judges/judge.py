"""Judges an issued certificate with software that is not ours.

    judge.py card SHC.TXT JWKS.JSON    signature and thumbprint (jwcrypto), bundle (fhir.resources)
    judge.py opens SHC.TXT JWKS.JSON   signature and thumbprint alone, for cards of others (jwcrypto)
    judge.py qr PAGE.PNG               every QR on a page (zxing-cpp)
    judge.py vds TEXT CSCA CRL TIME    signature over the canonical form (rfc8785, openssl), chain and list at that time (openssl)
    judge.py abroad TEXT CSCA CRL      as vds, now; and the profile of signer and CSCA, as openssl shows it, and the form of ours
    judge.py seal KEY.PEM SIGNER       a seal (rfc8785, openssl) of each line of standard input, a VDS-NC's data

Prints one JSON document; exits non-zero where anything does not hold.
"""

import base64
import json
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

LONGEST_PAYLOAD = 1 << 16


def card(shc_path: str, jwks_path: str) -> dict:
    return judged(Path(shc_path).read_text(encoding="ascii").strip(), Path(jwks_path).read_text(encoding="utf-8"))


def judged(text: str, jwks: str) -> dict:
    """A QR's text under an issuer's keys."""
    from fhir.resources.R4B.bundle import Bundle

    assert (len(text) - 5) / 2 <= 1195
    raw = opened(text, jwks)
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


def opened(text: str, jwks: str) -> bytes:
    """The payload of a QR's text, which an issuer's key signed."""
    from jwcrypto.jwk import JWK
    from jwcrypto.jws import JWS

    scheme, digits = text[:5], text[5:]
    assert scheme == "shc:/", "no SMART Health Card"
    assert digits.isdigit() and len(digits) % 2 == 0
    compact = "".join(chr(int(digits[i : i + 2]) + 45) for i in range(0, len(digits), 2))

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
    return raw


def opens(shc_path: str, jwks_path: str) -> dict:
    text = Path(shc_path).read_text(encoding="ascii").strip()
    claims = json.loads(opened(text, Path(jwks_path).read_text(encoding="utf-8")))
    return {"issuer": claims["iss"], "rid": claims["vc"].get("rid")}


def openssl(*arguments: str, data: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout


def vds(text_path: str, csca_path: str, crl_path: str, moment: str) -> dict:
    import rfc8785

    seal = json.loads(Path(text_path).read_text(encoding="utf-8"))
    assert seal["sig"]["alg"] == "ES256"
    decoded = {name: base64.urlsafe_b64decode(seal["sig"][name] + "==") for name in ("cer", "sigvl")}
    assert len(decoded["sigvl"]) == 64
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: str(Path(folder) / name) for name in ("signer", "key", "signature", "csca", "crl")}
        Path(paths["signer"]).write_bytes(openssl("x509", "-inform", "DER", data=decoded["cer"]))
        Path(paths["key"]).write_bytes(openssl("x509", "-in", paths["signer"], "-noout", "-pubkey"))
        Path(paths["signature"]).write_bytes(der(decoded["sigvl"]))
        Path(paths["csca"]).write_bytes(openssl("x509", "-inform", "DER", data=Path(csca_path).read_bytes()))
        Path(paths["crl"]).write_bytes(openssl("crl", "-inform", "DER", data=Path(crl_path).read_bytes()))
        openssl(
            "dgst", "-sha256", "-verify", paths["key"], "-signature", paths["signature"],
            data=rfc8785.dumps(seal["data"]),
        )
        openssl(
            "verify", "-CAfile", paths["csca"], "-crl_check", "-CRLfile", paths["crl"], "-attime", moment,
            paths["signer"],
        )
        subject = openssl("x509", "-in", paths["signer"], "-noout", "-subject", "-nameopt", "RFC2253").decode().strip()
    return {"subject": subject, "state": seal["data"]["hdr"]["is"]}


def abroad(text_path: str, csca_path: str, crl_path: str) -> dict:
    vds(text_path, csca_path, crl_path, str(int(time.time())))
    text = Path(text_path).read_text(encoding="ascii")
    document = json.loads(text)
    assert document["data"]["hdr"] == {"t": "icao.vacc", "v": 1, "is": "JPN"}
    for name in ("cer", "sigvl"):
        decoded = base64.b64decode(document["sig"][name], altchars=b"-_", validate=True)
        assert document["sig"][name] == base64.urlsafe_b64encode(decoded).decode(), "padded base64url"
    signer = base64.urlsafe_b64decode(document["sig"]["cer"])
    shown = openssl("x509", "-inform", "DER", "-noout", "-text", data=signer).decode()
    assert "2.23.136.1.1.14.2" in shown and "2.23.136.1.1.6.2" in shown and "Authority Key Identifier" in shown
    # As every other state's signer has it: software that does not know this purpose does not take the key for another.
    assert "X509v3 Extended Key Usage: critical" in shown
    for absent in ("Subject Key Identifier", "Alternative Name", "X509v3 Key Usage", "Private Key Usage Period", "Basic Constraints"):
        assert absent not in shown, absent
    csca = openssl("x509", "-inform", "DER", "-noout", "-text", data=Path(csca_path).read_bytes()).decode()
    assert "CA:TRUE, pathlen:0" in csca and "Certificate Sign, CRL Sign" in csca and "C = JP" in csca
    message = document["data"]["msg"]
    doses = [
        {"date": dose["dvc"], "number": dose["seq"], "country": dose["ctr"], "center": dose["adm"], "lot": dose["lot"],
         "code": vaccine["des"], "name": vaccine["nam"], "disease": vaccine["dis"]}
        for vaccine in message["ve"]
        for dose in vaccine["vd"]
    ]
    return {"id": message["uvci"], "holder": message["pid"], "doses": sorted(doses, key=lambda dose: dose["number"]), "bytes": len(text)}


def seal(key_path: str, signer_path: str) -> dict:
    import rfc8785

    certificate = base64.urlsafe_b64encode(Path(signer_path).read_bytes()).decode()
    seals = []
    for line in sys.stdin:
        data = json.loads(line)
        signature = raw(openssl("dgst", "-sha256", "-sign", key_path, data=rfc8785.dumps(data)))
        sig = {"alg": "ES256", "cer": certificate, "sigvl": base64.urlsafe_b64encode(signature).decode()}
        # In the order and the spelling of the input, so that what is not canonical stays so.
        seals.append('{"data":' + line.strip() + ',"sig":' + json.dumps(sig) + "}")
    return {"seals": seals}


def der(signature: bytes) -> bytes:
    """r and s of 32 bytes each, as openssl has them."""
    numbers = b""
    for number in (signature[:32], signature[32:]):
        number = number.lstrip(b"\0") or b"\0"
        number = (b"\0" if number[0] & 0x80 else b"") + number
        numbers += bytes([2, len(number)]) + number
    return bytes([0x30, len(numbers)]) + numbers


def raw(signature: bytes) -> bytes:
    """And back."""
    assert signature[0] == 0x30 and signature[1] == len(signature) - 2
    first = signature[4 : 4 + signature[3]]
    second = signature[6 + signature[3] :]
    return b"".join(int.from_bytes(number).to_bytes(32) for number in (first, second))


def qr(png_path: str) -> dict:
    import zxingcpp
    from PIL import Image

    found = zxingcpp.read_barcodes(Image.open(png_path), formats=zxingcpp.BarcodeFormat.QRCode)
    return {"texts": [barcode.text for barcode in found]}


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    print(json.dumps({"abroad": abroad, "card": card, "opens": opens, "qr": qr, "seal": seal, "vds": vds}[command](*arguments), ensure_ascii=False))
