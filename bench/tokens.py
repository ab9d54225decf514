"""What `jwt` costs Pintle: instructions a request by callgrind, told as microseconds at 3 GHz, for tokens that it sees for the first time and for
tokens in rotation. No peer takes part."""

import base64
import http.server
import json
import threading
import time
from pathlib import Path

import clients
import measure
import peers
import processes
from context import Figures, Result, Run, attempt
from routes import only_pintle
from workloads import Workload

TOKENS = 1000
PER_US = 3000  # instructions in a microsecond at 3 GHz, one a cycle
ISSUER = "https://login.example.com/"


def encode(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def signed(folder: Path, key: Path, number: int, now: int) -> str:
    """A token as issuers make them, some 700 letters."""
    header = {"alg": "RS256", "typ": "at+jwt", "kid": "bench"}
    claims = {
        "iss": ISSUER, "aud": ["bench", "account"], "sub": f"0b9c3f3e-{number:04}-4b1f-8d4e-5a1f2c3d4e5f", "iat": now, "nbf": now, "exp": now + 7200,
        "jti": f"a7c1{number:08}", "azp": "shop-web", "scope": "openid profile orders:read", "realm_access": {"roles": ["user", "buyer"]},
    }
    message = ".".join(encode(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    text, signature = folder / "message", folder / "signature"
    text.write_text(message)
    processes.run(["openssl", "dgst", "-sha256", "-sign", str(key), "-out", str(signature), str(text)], 20)
    return f"{message}.{encode(signature.read_bytes())}"


def issued(folder: Path) -> tuple[list[str], str]:
    """Tokens, and the key set of their issuer."""
    key, now = folder / "issuer.key", int(time.time())
    processes.run(["openssl", "genrsa", "-out", str(key), "2048"], 60)
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


def ask(port: int, tokens: list[str], times: int) -> None:
    """Requests one after another on one connection, each with the next token."""
    with clients.connect(port) as stream:
        stream.settimeout(60)
        for number in range(times):
            field = f"Authorization: Bearer {tokens[number % len(tokens)]}\r\n"
            stream.sendall(clients.request("/1k", close=False, end=field))
            if (status := clients.read_answer(stream)[0]) != 200:
                raise processes.Failed(f"a token was answered {status}")


def spent(the: Run, tokens: list[str], times: int, routes: str) -> int:
    """The instructions of a Pintle that gets so many requests."""
    proxy = the.ready(peers.Pintle, routes=routes)
    name, text = proxy.config()
    conf, out = proxy.setting.folder / name, proxy.setting.folder / "callgrind"
    conf.write_text(text)
    proxy.process = processes.Process(
        "callgrind", measure.callgrind(proxy.argv(conf), out), the.cpu, proxy.setting.folder / "output")
    proxy.process.wait_for_port(proxy.setting.plain, 180)
    ask(proxy.setting.plain, tokens, times)
    proxy.process.stop(60)
    return measure.instructions(out)


def tokens(work: Workload, the: Run, result: Result) -> None:
    """Microseconds that a token in rotation adds to a request."""
    if figures := only_pintle(the, result):
        attempt(figures, tokens_cost, the, figures)


def tokens_cost(the: Run, figures: Figures) -> None:
    all_of_them, jwks = issued(the.folder)
    handler = type("Keys", (Issuer,), {"jwks": jwks.encode()})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/jwks"
        jwt = f'{{issuer: "{ISSUER}", audience: bench, jwks: "{url}"}}'
        plain, checked = "  - {match: /**, proxy: origin}\n", f"  - {{match: /**, policies: [{{jwt: {jwt}}}], proxy: origin}}\n"
        # Requests with the same fields, so that what reading them costs cancels out; and so does starting.
        without = (spent(the, all_of_them, 1200, plain) - spent(the, all_of_them, 200, plain)) / 1000
        few, once, thrice = (spent(the, all_of_them, times, checked) for times in (200, TOKENS, 3 * TOKENS))
        server.shutdown()
    first = ((once - few) / (TOKENS - 200) - without) / PER_US
    again = ((thrice - once) / (2 * TOKENS) - without) / PER_US
    figures.cpu.append(again)
    figures.top = [
        ("us at 3 GHz that a token adds, in rotation", round(again, 2)), ("the first time (bar: 60)", round(first, 1)),
        ("instructions of a request without `jwt`", round(without)),
    ]
