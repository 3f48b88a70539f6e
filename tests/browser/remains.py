"""What is left of somebody: searched in processes' memory, in files and in the page.

Nothing here tells what was found, only where, and of what kind it was.
"""

import errno
import os
import re
import struct
from pathlib import Path

from figures import untried

PAGE = os.sysconf("SC_PAGE_SIZE")
# Read at once, with the end of the piece before it.
PIECE = 1 << 22


def traces(holder, pin):
    """What would tell a holder: kind and bytes. As text that programs keep, in both widths that they keep it in."""
    birth = holder["birth_date"]
    year, month, day = birth[:4], birth[4:6], birth[6:]
    texts = {
        "name": [holder["name"], holder["name"].split("　")[0]],
        "address": [holder["address"], holder["address"][-8:]],
        "birth date": [birth, f"{year}-{month}-{day}", f"{year}年{int(month)}月{int(day)}日"],
        "individual number": [holder["number"], holder["number"][:8]],
    }
    found = [(kind, text.encode(width)) for kind, all in texts.items() for text in all for width in ("utf-8", "utf-16-le")]
    # One digit is no trace; the command that the card got is, and so is a press.
    return [*found, ("VERIFY", bytes.fromhex("0020009104") + pin.encode()), ("press", b'"intent":"digit"')]


def descendants(process):
    """A process and all below it."""
    all = [process]
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            all += descendants(int(child))
    return all


def named(processes, name):
    """Those of these processes that go by a name."""
    return [process for process in processes if _name(process) == name]


def _name(process):
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")[0].decode()
    except OSError:
        return ""


def is_alive(process):
    """Whether a process runs still. One that nobody has buried yet has no memory."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def occupied(process):
    """Mappings of which anything is in memory or swapped out, or nobody says: as the experiments' own search has them (`tests/memory`)."""
    mapping = None
    for line in Path(f"/proc/{process}/smaps").read_text().splitlines():
        key, _, value = line.partition(":")
        if "-" in key.split()[0]:
            mapping = line
        elif mapping and (key in _SIZES and value.strip() != "0 kB" or key == "VmFlags" and {"io", "mm", "pf"} & set(value.split())):
            yield mapping
            mapping = None


_SIZES = ("Rss", "Swap", "Shared_Hugetlb", "Private_Hugetlb")


def is_mapped(process, begin, end):
    """Whether anything is mapped there still. Nothing is in a process that has ended."""
    try:
        lines = Path(f"/proc/{process}/maps").read_text().splitlines()
    except OSError:
        return False
    mappings = ([int(text, 16) for text in line.split()[0].split("-")] for line in lines)
    return any(first < end and begin < last for first, last in mappings)


def there(process, begin, end):
    """Parts of a mapping that are to be read. One of whose pages nothing is told is read whole, unless it is gone by now."""
    try:
        return list(present(process, begin, end))
    except OSError:
        return [(begin, end)] if is_mapped(process, begin, end) else []


def present(process, begin, end):
    """Parts of a mapping that are in memory, or swapped."""
    wanted = (end - begin) // PAGE * 8
    with open(f"/proc/{process}/pagemap", "rb") as map:
        map.seek(begin // PAGE * 8)
        entries = map.read(wanted)
    if len(entries) != wanted:
        raise OSError(errno.EIO, "not all pages are told of")
    run = None
    for number, (entry,) in enumerate(struct.iter_unpack("<Q", entries)):
        is_there = entry >> 62
        if is_there and run is None:
            run = number
        elif not is_there and run is not None:
            yield begin + run * PAGE, begin + number * PAGE
            run = None
    if run is not None:
        yield begin + run * PAGE, end


def in_process(process, wanted, unread=None):
    """Kinds that a process holds in memory it can write to, with how often. One without any memory is there no more, and shows nothing. Of what
    cannot be read see `memory`."""
    counts, has_memory = {}, False
    for content in memory(process, max(len(bytes) for _, bytes in wanted) - 1, unread):
        has_memory = True
        for kind, bytes in wanted:
            count = content.count(bytes)
            if count:
                counts[kind] = counts.get(kind, 0) + count
    if not has_memory:
        raise ProcessLookupError(f"nothing of process {process} can be read")
    return counts


def bare(process, pin):
    """How often a process holds these digits with no other beside them: a PIN as it was entered, whatever is around it."""
    alone = re.compile(b"(?<![0-9])" + pin.encode() + b"(?![0-9])")
    return sum(len(alone.findall(content)) for content in memory(process, len(pin) + 1))


def memory(process, overlap, unread=None):
    """What a process holds in memory it can write to, piece by piece; each begins with so many bytes of the one before. Pages that are there and
    cannot be read are counted in `unread`, by what is mapped there; who gives none is refused an answer at the end."""
    counts = {} if unread is None else unread
    with open(f"/proc/{process}/mem", "rb", buffering=0) as held:
        for line in occupied(process):
            range, rights, _, _, _, *name = line.split(maxsplit=5)
            if "w" not in rights or "r" not in rights:
                continue
            begin, end = (int(text, 16) for text in range.split("-"))
            (name,) = name or ["memory without a name"]
            for start, stop in there(process, begin, end):
                before, at, failed = b"", start, None
                while at < stop:
                    piece = _piece(held, min(PIECE, stop - at), at)
                    if piece:
                        content = before + piece
                        yield content
                        before, at = content[-overlap:] if overlap else b"", at + len(piece)
                        continue
                    # It was unmapped meanwhile, or its process has ended: it holds nothing. What is behind it is looked at all the same.
                    before, parts = b"", there(process, at, stop)
                    if not parts:
                        break
                    if parts[0][0] > at:
                        at = parts[0][0]
                    elif at != failed:
                        # It may have been put there only now.
                        failed = at
                    else:
                        counts[name] = counts.get(name, 0) + 1
                        at += PAGE
    if unread is None and counts:
        raise OSError(f"pages of process {process} that cannot be read: {counts}")


def _piece(held, size, at):
    """What of it can be read before the first page that cannot: of that, nothing."""
    try:
        return os.pread(held.fileno(), size, at)
    except OSError as error:
        if error.errno not in (errno.EIO, errno.EFAULT, errno.ESRCH):
            raise
        return b""


# Told once, and not after every search.
_told = set()


def in_processes(processes, wanted):
    """The same for several; one that has ended meanwhile holds nothing, but one of them has to be there. What cannot be read is told and no
    more: a browser maps memory of devices, too."""
    counts, are_there, unread = {}, 0, {}
    for process in processes:
        try:
            found = in_process(process, wanted, unread)
        except (FileNotFoundError, ProcessLookupError):
            if is_alive(process):
                raise
            continue
        are_there += 1
        for kind, count in found.items():
            counts[kind] = counts.get(kind, 0) + count
    for name in unread.keys() - _told:
        _told.add(name)
        untried(f"what is in {name}, {unread[name]} pages of which cannot be read")
    if not are_there:
        raise ProcessLookupError("none of these processes is there")
    return counts


def in_files(folder, wanted):
    """Files below a folder that hold any of it, or are called so: kinds, and how many files there are."""
    kinds, files = set(), 0
    for path, _, names in os.walk(folder):
        for name in names:
            files += 1
            try:
                content = (Path(path) / name).read_bytes() if (Path(path) / name).is_file() else b""
            except FileNotFoundError:
                # Removed meanwhile.
                content = b""
            content += name.encode()
            kinds |= {kind for kind, bytes in wanted if bytes in content}
    return kinds, files


def written_to(processes):
    """Regular files that processes have open for writing."""
    files = set()
    for process in processes:
        try:
            descriptors = list(Path(f"/proc/{process}/fd").iterdir())
        except OSError:
            continue
        for descriptor in descriptors:
            try:
                target = os.readlink(descriptor)
                flags = Path(f"/proc/{process}/fdinfo/{descriptor.name}").read_text()
            except OSError:
                continue
            mode = int(flags.split("flags:")[1].split()[0], 8) & os.O_ACCMODE
            if target.startswith("/") and not target.startswith(("/dev/null", "/dev/pts", "/dev/urandom")) and mode != os.O_RDONLY:
                files.add(target)
    return files
