"""Every persona in every language, to its certificate or to what it is told: `./shomei everybody`. It takes many minutes and changes no
verdict that `applications.py` and `refusals.py`, which are parts of every test run, have not given in some languages already.
"""

from applications import APPLICATIONS, apply
from refusals import AFTER_MUNICIPALITY, AFTER_PIN, AT_ONCE, after_municipality, after_pin, at_once
from stand import LANGUAGES


def served(stand, kiosk):
    # Who moved has doses at either place; here the card's own.
    doses = {name: count for name, _, _, elsewhere, count in APPLICATIONS if elsewhere is None}
    for name, count in doses.items():
        for language in LANGUAGES:
            apply(stand, kiosk, name, language, 1, None, count)


def refused(stand, kiosk):
    for part, cases in ((at_once, AT_ONCE), (after_pin, AFTER_PIN), (after_municipality, AFTER_MUNICIPALITY)):
        part(stand, kiosk, [(name, language, code) for name, _, code in cases for language in LANGUAGES])


PARTS = (served, refused)
