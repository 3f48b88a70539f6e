"""How names are looked up beside a kiosk's core: names.py STAGE.

The program `kiosk`, beside STAGE, is asked as its core asks it, in namespaces with a name server and files of their own. It is told what the name server
says, by UDP and where that is too short by TCP, and what stands in the hosts of that moment; of what is no answer it gets no address. Whoever reads
the answers is looked at while it waits for one: a process for each, under seccomp, with nothing open but what it was started with and its socket.
"""

import contextlib
import os
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

# Longer than the C library asks a server that says nothing it understands.
PATIENCE = 60
APART = """
ip link set lo up
mount -t tmpfs tmpfs /etc
printf 'hosts: files dns\\n' > /etc/nsswitch.conf
printf 'nameserver 127.0.0.1\\noptions timeout:1 attempts:1\\n' > /etc/resolv.conf
printf '127.0.0.1 localhost\\n' > /etc/hosts
exec "$@"
"""
SERVED, MORE = "192.0.2.7", "192.0.2.8"


class NameServer:
    """Answers for a few names, each in its way."""

    def __init__(self):
        self.asking = []
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 53))
        self.tcp = socket.create_server(("127.0.0.1", 53))
        threading.Thread(target=self.datagrams, daemon=True).start()
        threading.Thread(target=self.connections, daemon=True).start()

    def datagrams(self):
        while True:
            question, sender = self.udp.recvfrom(2000)
            self.udp.sendto(self.answer(question, short=True), sender)

    def connections(self):
        while True:
            connection, _ = self.tcp.accept()
            with connection, contextlib.suppress(OSError):
                # Both questions may come by the same one.
                while length := connection.recv(2, socket.MSG_WAITALL):
                    question = connection.recv(*struct.unpack(">H", length), socket.MSG_WAITALL)
                    answer = self.answer(question, short=False)
                    connection.sendall(struct.pack(">H", len(answer)) + answer)

    def answer(self, question, short):
        end = question.index(b"\0", 12) + 5
        asked = question[12:end]
        name = asked[1 : 1 + asked[0]].decode()
        is_ipv4 = asked[-4:] == b"\0\1\0\1"
        if name == "watched":
            self.asking += asking()
        if name == "broken":
            # An answer whose name points to itself, and whose length is longer than what follows.
            return question[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0) + asked + b"\xc0\x0c\0\1\0\1\0\0\0\1\xff\xff" + b"\xc0\x0c" * 200
        if name == "long" and short:
            return question[:2] + struct.pack(">HHHHH", 0x8380, 1, 0, 0, 0) + asked
        if name not in ("served", "watched", "long"):
            return question[:2] + struct.pack(">HHHHH", 0x8183, 1, 0, 0, 0) + asked
        records = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + socket.inet_aton(SERVED) if is_ipv4 else b""
        return question[:2] + struct.pack(">HHHHH", 0x8180, 1, int(is_ipv4), 0, 0) + asked + records


def asking():
    """Of each process that reads answers: its number, what the kernel says of it, and what it has open."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cmdline").read_bytes().startswith(b"kiosk-name\0"):
                status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines() if ":\t" in line)
                opened = sorted(os.readlink(it).split(":")[0] for it in (process / "fd").iterdir())
                yield process.name, status["Seccomp"], status["NoNewPrivs"], opened


@contextlib.contextmanager
def looking_up(program, name):
    """One name, asked for as often as wanted."""
    core, other = socket.socketpair()
    with subprocess.Popen(["kiosk-names", "--look-up", f"{name}:631", "demanded"], executable=program, stdin=other) as process:
        other.close()
        lines = core.makefile()

        def ask():
            core.sendall(b"?")
            return lines.readline()

        core.settimeout(PATIENCE)
        yield ask
        core.shutdown(socket.SHUT_WR)
        assert process.wait(timeout=PATIENCE) == 0
        core.close()


def within(program):
    server = NameServer()
    for name, address in (("served.example", SERVED), ("long.example", SERVED), ("localhost", "127.0.0.1")):
        with looking_up(program, name) as ask:
            for _ in range(2):
                said = ask()
                assert said == f"{address}:631 \n", (name, said)
    for name in ("unknown.example", "broken.example"):
        with looking_up(program, name) as ask:
            for _ in range(2):
                said = ask()
                assert said == "\n", (name, said)
    # What stands elsewhere by the next question.
    with looking_up(program, "served.example") as ask:
        assert ask() == f"{SERVED}:631 \n"
        other = Path("/etc/hosts.new")
        other.write_text(f"{MORE} served.example\n")
        other.replace("/etc/hosts")
        assert ask() == f"{MORE}:631 \n"
    with looking_up(program, "watched.example") as ask:
        assert [ask(), ask()] == [f"{SERVED}:631 \n"] * 2
    numbers = {number for number, *_ in server.asking}
    assert len(numbers) == 2, server.asking
    for _, seccomp, no_new_privileges, opened in server.asking:
        assert (seccomp, no_new_privileges) == ("2", "1")
        inherited = os.readlink("/proc/self/fd/2").split(":")[0]
        left = sorted(["pipe", "pipe", inherited, "socket"])
        assert opened == left, opened
    print("done", flush=True)


if sys.argv[1] == "within":
    within(sys.argv[2])
else:
    command = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--", "sh", "-ec", APART, "sh", sys.executable, __file__]
    subprocess.run([*command, "within", str(Path(sys.argv[1]).with_name("kiosk"))], check=True)
