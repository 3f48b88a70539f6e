"""Residents at the kiosk, in its own browser: kiosk.py STAGE GROUP.

STAGE is the program `stage`. Each group is a module beside this one; it ends with an error if anything is not as it should be.
Personas do not exist; all the same nothing here prints what is on their cards.
"""

import importlib
import sys

from stand import kiosk

GROUPS = ("applications", "refusals", "interruptions", "payments", "forgetting", "guard", "access", "sound")


def main():
    program, group = sys.argv[1:]
    assert group in GROUPS, f"one of {', '.join(GROUPS)}"
    with kiosk(program) as (stand, page):
        importlib.import_module(group).run(stand, page)
    print("done", flush=True)


main()
