"""Tokens: what `jwt` costs Pintle more than a request without it, by callgrind and by the machine's own time, for tokens that it sees for the first time
and for tokens in rotation; and whole requests beside a peer that verifies the same tokens."""

import base64
import http.server
import json
import statistics
import threading
import time
from pathlib import Path

import measure
import peers
import processes
import rounds
from context import Figures, Result, Run, attempt, rotated
from dataclasses import replace
from routes import ask, counted, only_pintle
from workloads import Workload

TOKENS = 1000
PER_US = 3000  # instructions in a microsecond at 3 GHz, one a cycle


def encode(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def signed(folder: Path, key: Path, number: int, now: int) -> str:
    """A token as issuers make them, some 700 letters."""
    header = {"alg": "RS256", "typ": "at+jwt", "kid": "bench"}
    claims = {
        "iss": peers.ISSUER, "aud": ["bench", "account"], "sub": f"0b9c3f3e-{number:04}-4b1f-8d4e-5a1f2c3d4e5f", "iat": now, "nbf": now, "exp": now + 7200,
        "jti": f"a7c1{number:08}", "azp": "shop-web", "scope": "openid profile orders:read", "realm_access": {"roles": ["user", "buyer"]},
    }
    message = ".".join(encode(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    text, signature = folder / "message", folder / "signature"
    text.write_text(message)
    processes.run(["openssl", "dgst", "-sha256", "-sign", str(key), "-out", str(signature), str(text)], 20)
    return f"{message}.{encode(signature.read_bytes())}"


def issued(folder: Path) -> tuple[list[str], str]:
    """Tokens, and the key set of their issuer, whose public key is a file in the folder, too."""
    key, now = folder / "issuer.key", int(time.time())
    processes.run(["openssl", "genrsa", "-out", str(key), "2048"], 60)
    processes.run(["openssl", "rsa", "-in", str(key), "-pubout", "-out", str(folder / "issuer.pem")], 20)
    said = processes.run(["openssl", "rsa", "-in", str(key), "-noout", "-modulus"], 20)
    modulus = bytes.fromhex(said.strip().split("=")[1])
    jwk = {"kty": "RSA", "kid": "bench", "alg": "RS256", "use": "sig", "n": encode(modulus), "e": "AQAB"}
    return [signed(folder, key, number, now) for number in range(TOKENS)], json.dumps({"keys": [jwk]})


class Issuer(http.server.BaseHTTPRequestHandler):
    jwks = b""

    def do_GET(self):
        self.send_response(200)
        self.send_header("content-length", str(len(self.jwks)))
        self.end_headers()
        self.wfile.write(self.jwks)

    def log_message(self, *_):
        pass


def tokens(work: Workload, the: Run, result: Result) -> None:
    """Microseconds that a token in rotation adds to a request."""
    if figures := only_pintle(the, result):
        attempt(figures, tokens_cost, work, the, figures)


def tokens_cost(work: Workload, the: Run, figures: Figures) -> None:
    all_of_them, jwks = issued(the.folder)
    handler = type("Keys", (Issuer,), {"jwks": jwks.encode()})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/jwks"
        checked = f'  - {{match: /**, policies: [{{jwt: {{issuer: "{peers.ISSUER}", audience: bench, jwks: "{url}"}}}}], proxy: origin}}\n'
        by_instructions(work, the, figures, all_of_them, checked)
        by_time(work, the, figures, all_of_them, checked)
        server.shutdown()


def asking(work: Workload, all_of_them: list[str]) -> dict:
    """What `ask` needs to send the tokens in turn."""
    fields = [f"Authorization: Bearer {token}\r\n" for token in all_of_them]
    return {"path": work.path, "fields": lambda number: fields[number % TOKENS]}


def by_instructions(work: Workload, the: Run, figures: Figures, all_of_them: list[str], checked: str) -> None:
    """The figure itself."""
    asked = asking(work, all_of_them)
    # Requests with the same fields, and as many: what reading them and what starting costs cancels out.
    first, again = {"few": 200, "many": TOKENS, **asked}, {"few": TOKENS, "many": 3 * TOKENS, **asked}
    without = counted(the, **again)
    first = counted(the, routes=checked, **first) - counted(the, **first)
    again = counted(the, routes=checked, **again) - without
    figures.cpu.append(again / PER_US)
    figures.top += [("us at 3 GHz that a token adds, in rotation", round(again / PER_US, 2)), ("the first time", round(first / PER_US, 1)),
                    ("instructions of a request without `jwt`", round(without))]


def by_time(work: Workload, the: Run, figures: Figures, all_of_them: list[str], checked: str) -> None:
    """CPU time that a token adds: medians of interleaved rounds, with a Pintle each that has seen none."""
    asked, work, seen = asking(work, all_of_them), loading(work, the, all_of_them), []
    for number in range(the.rounds):
        spent = {}
        for name, extra in rotated([("without", {}), ("with", {"routes": checked})], number):
            proxy, one = the.start(peers.Pintle, **extra), Figures()
            ask(proxy.setting.plain, times=1, **asked)  # it has its keys by then
            before = measure.nanoseconds(proxy.pids())
            ask(proxy.setting.plain, times=TOKENS, **asked)
            first = (measure.nanoseconds(proxy.pids()) - before) / TOKENS / 1000
            rounds.one_round(work, the, proxy, one, the.seconds)
            spent[name] = first, one.cpu[0]
            proxy.stop()
        seen.append([more - less for more, less in zip(spent["with"], spent["without"])])
    first, again = zip(*seen)
    figures.top += [("us of this machine's CPU that a token adds, in rotation", round(statistics.median(again), 2)),
                    ("the first time (bar: 60)", round(statistics.median(first), 1))]


def loading(work: Workload, the: Run, all_of_them: list[str]) -> Workload:
    """The workload with its tokens, which wrk sends in turn; who sends one alone sends the first."""
    the.generator.tokens.write_text("".join(f"{token}\n" for token in all_of_them))
    return replace(work, kind="wrk", tokens=True, headers=(f"authorization: Bearer {all_of_them[0]}",))


def beside(work: Workload, the: Run, result: Result) -> None:
    """Whole requests with tokens in rotation, as any load."""
    all_of_them, _ = issued(the.folder)
    rounds.loaded(loading(work, the, all_of_them), the, result)
