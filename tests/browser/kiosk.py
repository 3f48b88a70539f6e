"""Residents at the kiosk, in its own browser: kiosk.py STAGE GROUP [PART]...

STAGE is the program `stage`. Each group is a module beside this one, of parts that leave the stand as they found it; it ends with an
error if anything is not as it should be.
Personas do not exist; all the same nothing here prints what is on their cards.
"""

import importlib
import sys
import time

import figures
from stand import kiosk

GROUPS = ("applications", "refusals", "interruptions", "payments", "forgetting", "guard", "access", "sound", "ear", "everybody")


def main():
    program, group, *only = sys.argv[1:]
    assert group in GROUPS, f"one of {', '.join(GROUPS)}"
    with kiosk(program) as (stand, page):
        module = importlib.import_module(group)
        for part in (*getattr(module, "IN_FULL", ()), *module.PARTS) if only else module.PARTS:
            if only and part.__name__ not in only:
                continue
            begin = time.monotonic()
            try:
                part(stand, page)
            finally:
                figures.tell(part.__name__)
            print(f"{part.__name__}: {time.monotonic() - begin:.1f} s", flush=True)
        # Refused where a line of its log is no event.
        stand.order(tell="kiosk")
    print("done", flush=True)


main()
