"""The two clients that no packaged tool offers, run as a process of their own beside the proxy.

`handshakes`: one new TLS connection after another, each with one request, full or resumed.
`hold`: opens many connections, one request each (or one echo of a WebSocket each), and keeps them open until a line arrives on standard input.
Both print one JSON object. They know only a port and a path.
"""

import argparse
import json
import select
import socket
import ssl
import sys
import threading
import time


def tls_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # self-signed, on loopback
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["http/1.1"])
    return context


UPGRADE = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"


def request(path: str, close: bool, end: str = "") -> bytes:
    end += "Connection: close\r\n" if close else ""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\n{end}\r\n".encode()


def read_answer(stream) -> tuple[int, int]:
    """Status and length of the body of one answer with a Content-Length."""
    seen = b""
    while b"\r\n\r\n" not in seen:
        part = stream.recv(65536)
        if not part:
            raise OSError("connection closed before the end of the head")
        seen += part
    head, _, body = seen.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").lower().split("\r\n")
    length = next(int(line[15:]) for line in lines if line.startswith("content-length:"))
    got = len(body)
    while got < length:
        part = stream.recv(65536)
        if not part:
            raise OSError("connection closed before the end of the body")
        got += len(part)
    return int(lines[0].split()[1]), got


def echo_once(stream, path: str, size: int) -> None:
    """Makes a connection a WebSocket and has one binary message of 126 to 65,535 bytes echoed, with a mask of zeros."""
    stream.sendall(request(path, close=False, end=UPGRADE))
    seen = b""
    while not seen.endswith(b"\r\n\r\n"):
        if not (part := stream.recv(65536)):
            raise OSError("connection closed before it was a WebSocket")
        seen += part
    if not seen.startswith(b"HTTP/1.1 101"):
        raise OSError(f"not upgraded: {seen[:40]}")
    length = b"\x82\x7e" + size.to_bytes(2, "big")
    stream.sendall(length[:1] + b"\xfe" + length[2:] + bytes(4) + b"x" * size)
    back = b""
    while len(back) < 4 + size:
        if not (part := stream.recv(65536)):
            raise OSError("a WebSocket closed before its echo")
        back += part
    if back != length + b"x" * size:
        raise OSError("a wrong echo")


def connect(port: int) -> socket.socket:
    one = socket.create_connection(("127.0.0.1", port), timeout=10)
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return one


class Handshakes:
    """Threads that each open, ask, close; a resumed connection uses the ticket of the one before."""

    def __init__(self, args):
        self.args, self.lock = args, threading.Lock()
        self.durations, self.resumed, self.problems = [], 0, {}
        self.version = self.cipher = ""
        self.message = request(args.path, close=True)

    def work(self, index: int) -> None:
        args, context, session = self.args, tls_context(), None
        step = args.threads / args.rate if args.rate else 0
        due = self.start + step * index / args.threads
        first, mine, resumed = True, [], 0
        while (now := time.monotonic()) < self.end:
            if step:
                if due >= self.end:
                    break
                if due > now:
                    time.sleep(due - now)
                begun, due = due, due + step  # counted from when it was due: a late answer delays none unseen
            else:
                begun = now
            try:
                with context.wrap_socket(connect(args.port), session=session) as stream:
                    stream.sendall(self.message)
                    status, length = read_answer(stream)
                    if status != 200:
                        raise OSError(f"status {status}")
                    if args.resumed and not first and not stream.session_reused:
                        raise OSError("not resumed")
                    if args.resumed:
                        session = stream.session
                    resumed += stream.session_reused
                    self.version, self.cipher, self.length = stream.version(), stream.cipher()[0], length
                mine.append(time.monotonic() - begun)
                first = False
            except OSError as error:
                with self.lock:
                    self.problems[str(error)] = self.problems.get(str(error), 0) + 1
                if sum(self.problems.values()) > 100:
                    break
        with self.lock:
            self.durations += mine
            self.resumed += resumed

    def run(self) -> dict:
        self.start = time.monotonic()
        self.end, self.length = self.start + self.args.seconds, 0
        threads = [threading.Thread(target=self.work, args=(i,)) for i in range(self.args.threads)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        return {"requests": len(self.durations), "seconds": time.monotonic() - self.start, "resumed": self.resumed,
                "problems": self.problems, "version": self.version, "cipher": self.cipher, "length": self.length,
                "durations_us": sorted(round(one * 1e6) for one in self.durations)}


def hold(args) -> dict:
    context = tls_context() if args.tls else None
    message, held, problems = request(args.path, close=False), [], {}
    watch = select.poll()
    for _ in range(args.connections):
        try:
            stream = connect(args.port)
            if context:
                stream = context.wrap_socket(stream)
            if args.websocket:
                echo_once(stream, args.path, args.websocket)
            else:
                stream.sendall(message)
                status, _ = read_answer(stream)
                if status != 200:
                    raise OSError(f"status {status}")
            held.append(stream)
            watch.register(stream, select.POLLRDHUP)
        except OSError as error:
            problems[str(error)] = problems.get(str(error), 0) + 1
            if sum(problems.values()) > 100:
                break
    print(json.dumps({"open": len(held), "problems": problems}), flush=True)
    sys.stdin.readline()
    return {"closed_by_proxy": len(watch.poll(0))}


def main() -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("handshakes", "hold"):
        one = commands.add_parser(name)
        one.add_argument("--port", type=int, required=True)
        one.add_argument("--path", default="/1k")
        if name == "hold":
            one.add_argument("--connections", type=int, required=True)
            one.add_argument("--tls", action="store_true")
            one.add_argument("--websocket", type=int, default=0, help="bytes of the message that each has echoed")
        else:
            one.add_argument("--resumed", action="store_true")
            one.add_argument("--threads", type=int, default=8)
            one.add_argument("--seconds", type=float, required=True)
            one.add_argument("--rate", type=float, help="connections a second, over all threads")
    args = parser.parse_args()
    print(json.dumps(Handshakes(args).run() if args.command == "handshakes" else hold(args)))


if __name__ == "__main__":
    main()
