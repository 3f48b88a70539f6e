"""Residents at home with the app, in a browser of their own at a phone's size: app.py STAGE [PART]...

STAGE is the program `stage`. One world for all parts, in their order; it ends with an error if anything is not as it should be.
Personas do not exist; all the same nothing here prints what is on their cards.
"""

import sys
import time

import app_access
import app_applications
import app_device
import app_forgetting
import app_passports
import app_verifying
import figures
from app_stand import app

PARTS = (
    *app_applications.PARTS, *app_passports.PARTS, *app_verifying.PARTS, *app_access.PARTS,
    # The page alone is looked at while the app is left alone.
    app_device.idle, *app_access.ALONE, app_device.locked_itself,
    *app_device.PARTS, *app_forgetting.PARTS, *app_device.LAST,
)


def main():
    program, *only = sys.argv[1:]
    with app(program) as (stand, phone):
        for part in PARTS:
            if only and part.__name__ not in only:
                continue
            begin = time.monotonic()
            try:
                part(stand, phone)
            finally:
                figures.tell(part.__name__)
            print(f"{part.__name__}: {time.monotonic() - begin:.1f} s", flush=True)
        # What the page complains of is a fault, a policy that refuses something above all, but for what it says itself: a wrong passphrase, a
        # frame in which nothing was read, no picture, nobody who answers, a press that came as the screen was just another.
        known = ("401 (Unauthorized)", "409 (Conflict)", "422 (Unprocessable Entity)", "415 (Unsupported Media Type)", "ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED")
        said = [said for said in phone.said if not any(part in said for part in known)]
        assert not said, said
    print("done", flush=True)


main()
