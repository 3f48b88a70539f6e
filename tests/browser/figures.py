"""What searches found, counted by place, as an experiment tells it (G3): a line for each figure, for each control, and for what was not tried.

Only where something was found is told, and how much of it.
"""

_counts = {}
_untried = []


def none(where, found):
    """A figure: nothing may be found there."""
    left(where, found)
    assert not found, f"{where}: {found}"


def left(where, found):
    """The same, for whoever looks at several places before they say so."""
    _add("figure", where, found)


def some(where, found):
    """A control: something has to be found there. What was found is given back."""
    _add("control", where, found)
    assert found, f"the control: {where}: nothing"
    return found


def untried(what):
    """What this machine has no way to try: the verdict says so."""
    _untried.append(what)


def tell(part):
    """Of one part, whether it came to its end or not."""
    for (kind, where), count in _counts.items():
        print(f"{kind} {count} {part}: {where}", flush=True)
    for what in _untried:
        print(f"untried {part}: {what}", flush=True)
    _counts.clear()
    _untried.clear()


def _add(kind, where, found):
    if isinstance(found, dict):
        count = sum(found.values())
    else:
        count = int(found) if isinstance(found, (bool, int)) else len(found)
    _counts[kind, where] = _counts.get((kind, where), 0) + count
