"""What came out of the printer, read by programs that are not ours."""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "judges"))
from judge import abroad, judged  # noqa: E402


def run(*command, given=None):
    return subprocess.run(command, input=given, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout


def codes(picture):
    """What zbar reads in a picture: QR codes alone, for now and then it takes a row of modules for a barcode of another kind."""
    command = ["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", "-"]
    # It ends with an error where it finds nothing.
    found = subprocess.run(command, input=picture, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return found.stdout.decode().split("\n")[:-1]


def picture(sheet):
    """A sheet as it comes out of a printer."""
    return run("pdftoppm", "-r", "300", "-gray", "-singlefile", sheet)


def words(sheet):
    """What a sheet says to a program that reads text, without its spaces."""
    return "".join(run("pdftotext", "-raw", sheet, "-").decode().split())


def traces(sheet, others):
    """What would tell this sheet's certificate from those of other sheets: kind and bytes."""
    (code,) = codes(picture(sheet))
    digits = code.removeprefix("shc:/")
    jws = "".join(chr(int(digits[at : at + 2]) + 45) for at in range(0, len(digits), 2))
    # Every header is the same.
    own = jws.split(".", 1)[1]
    texts = [("certificate", own), ("QR code", digits[-2 * len(own) :])]
    pieces = [(kind, text[at : at + 24].encode()) for kind, text in texts for at in range(0, len(text) - 24, 24)]
    known = [other.read_bytes() for other in others]
    page = sheet.read_bytes()
    parts = (page[at : at + 48] for at in range(0, len(page) - 48, 499))
    return pieces + [("page", part) for part in parts if not any(part in other for other in known)]


def certificate(sheet, keys):
    """Whose certificate a sheet is, and what it says. The sheet has to be one page of A4 with one code that verifies."""
    found = page_of_codes(sheet)
    assert len(found) == 1, f"{len(found)} codes"
    return judged(found[0], keys)


def certificate_abroad(sheet, keys, published):
    """The same for use abroad: what both codes say, of which the other verifies by the CSCA and its list, which are in a folder."""
    found = page_of_codes(sheet)
    assert len(found) == 2, f"{len(found)} codes"
    card, seal = sorted(found, key=lambda text: not text.startswith("shc:/"))
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("text", "csca", "crl")]
        files[0].write_text(seal, encoding="ascii")
        for kind, name, file in (("x509", "csca.pem", files[1]), ("crl", "csca.crl.pem", files[2])):
            file.write_bytes(run("openssl", kind, "-in", published / name, "-outform", "DER"))
        abroad(*files)
    return judged(card, keys), json.loads(seal)["data"]["msg"]


def page_of_codes(sheet):
    """The codes of one page of A4."""
    said = run("pdfinfo", sheet).decode()
    assert re.search(r"^Pages:\s+1$", said, re.M), "not one page"
    assert re.search(r"^Page size:\s+595\.\d+ x 841\.\d+ pts \(A4\)$", said, re.M), "not A4"
    return codes(picture(sheet))
