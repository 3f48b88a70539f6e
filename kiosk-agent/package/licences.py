#!/usr/bin/env python3
"""The licences of the libraries that the kiosk contains, for `/usr/share/doc/shomei-kiosk/licences.txt`: to standard output.

Each text stands once, under the names of all libraries that come with it. A library without one is named with its licence, and the text of
its licence is another's.
"""

import json
import pathlib
import subprocess
import sys

NAMES = ("licen", "copying", "copyright", "notice")


def metadata():
    host = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    host = next(line.removeprefix("host: ") for line in host.splitlines() if line.startswith("host: "))
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", host]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def linked(metadata, program):
    """What is linked into the program, of others."""
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    ahead = [identity for identity, package in packages.items() if package["name"] == program]
    seen = set(ahead)
    while ahead:
        for dependency in nodes[ahead.pop()]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]) and dependency["pkg"] not in seen:
                seen.add(dependency["pkg"])
                ahead.append(dependency["pkg"])
    foreign = (packages[identity] for identity in seen if packages[identity]["source"])
    return sorted(foreign, key=lambda package: (package["name"], package["version"]))


def texts(package):
    folder = pathlib.Path(package["manifest_path"]).parent
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name.lower().startswith(NAMES) and path.suffix != ".rs":
            yield path.read_text(errors="replace").strip()


def main():
    by_text = {}
    libraries = linked(metadata(), "kiosk-agent")
    print("Libraries that /usr/bin/shomei-kiosk contains, and their licences.\n")
    for package in libraries:
        name = f"{package['name']} {package['version']}"
        print(f"{name}: {package['license'] or 'see below'}" + (f", {package['repository']}" if package["repository"] else ""))
        for text in texts(package):
            by_text.setdefault(text, []).append(name)
    for text, names in by_text.items():
        print(f"\n{'=' * 100}\n{', '.join(dict.fromkeys(names))}\n{'-' * 100}\n{text}")
    if not libraries or not by_text:
        sys.exit("no libraries: that cannot be")


if __name__ == "__main__":
    main()
