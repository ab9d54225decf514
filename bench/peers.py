"""The proxies side by side: one class each, with its configuration, its command line and its version.

Each is set up as a competent operator would set up a reverse proxy: one worker, connections to the
origin kept, connections of clients never closed for their number or age, X-Forwarded-For set,
TLS 1.3, one access-log line a request to a file (or none). A new peer is a class and a line in ALL.
"""

import os

import envoy_config
import install
import processes
from proxy import Proxy


PROXY = """
      proxy_pass http://origin; proxy_http_version 1.1;
      proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
"""
BUFFERS = """
      proxy_buffer_size 16k; proxy_buffers 16 16k; proxy_busy_buffers_size 64k; proxy_max_temp_file_size 0;
"""
KEPT = f"{PROXY}{BUFFERS} proxy_set_header Connection \"\";"
SCRIPT = """
async function answer(r) {
  const names = ["profile", "orders", "rewards"];
  const parts = await Promise.all(names.map(name => r.subrequest(`/part/${name}.json`)));
  const all = {};
  for (let at = 0; at < names.length; at++) {
    if (parts[at].status != 200) { r.return(502); return; }
    all[names[at]] = JSON.parse(parts[at].responseText);
  }
  r.headersOut["Content-Type"] = "application/json";
  r.return(200, JSON.stringify(all));
}
export default {answer};
"""
NGINX = {  # what its one location does
    "proxy": KEPT,
    "limit": f"{KEPT} limit_req zone=clients burst=100000 nodelay;",
    "gzip": f"{KEPT} gzip on; gzip_types application/json; gzip_proxied any;",
    "aggregate": f"js_content bench.answer; }} location /part/ {{ internal; rewrite ^/part(/.*)$ $1 break; {KEPT}",
    "files": "root FILES; sendfile on; tcp_nopush on;",
    # A WebSocket has two buffers of proxy_buffer_size; the default is the smallest that makes sense.
    "websocket": f"""{PROXY} proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";
      proxy_read_timeout 1h; proxy_send_timeout 1h;
""",
}


class Nginx(Proxy):
    name = "nginx"

    @classmethod
    def version(cls) -> str:
        return super().version().removeprefix("nginx version: ")

    def argv(self, conf):
        return [self.program(), "-p", str(self.setting.folder), "-c", str(conf)]

    def config(self):
        s, here = self.setting, self.setting.folder
        scripts = s.serves == "aggregate"
        if scripts:
            (here / "bench.js").write_text(SCRIPT)
        log = f"access_log {self.log} line buffer=64k flush=1s;" if s.log else "access_log off;"
        return "nginx.conf", f"""
{"user root;" if os.geteuid() == 0 else ""}
{"load_module /usr/lib/nginx/modules/ngx_http_js_module.so;" if scripts else ""}
daemon off; worker_processes 1; pid {here}/pid; error_log stderr error; worker_rlimit_nofile 16384;
events {{ worker_connections 16000; }}
http {{
  log_format line escape=json '{{"time":"$time_iso8601","client":"$remote_addr","method":"$request_method",'
    '"uri":"$request_uri","protocol":"$server_protocol","status":$status,"bytes":$body_bytes_sent,'
    '"duration":$request_time,"upstream":"$upstream_addr","agent":"$http_user_agent"}}';
  {log}
  {f"js_path {here}; js_import bench from bench.js;" if scripts else ""}
  client_body_temp_path {here}/body; proxy_temp_path {here}/proxy; fastcgi_temp_path {here}/fastcgi;
  uwsgi_temp_path {here}/uwsgi; scgi_temp_path {here}/scgi;
  {"limit_req_zone $http_x_forwarded_for zone=clients:32m rate=100000r/s;" if s.serves == "limit" else ""}
  tcp_nodelay on; keepalive_requests 1000000000; keepalive_timeout 1h;
  ssl_protocols TLSv1.3; ssl_certificate {s.cert}; ssl_certificate_key {s.key}; ssl_session_cache shared:tls:16m;
  upstream origin {{ server {s.origin}; keepalive 256; keepalive_requests 1000000000; keepalive_timeout 1h; }}
  server {{
    listen 127.0.0.1:{s.plain} backlog=4096; listen 127.0.0.1:{s.tls} ssl http2 backlog=4096;
    location / {{ {NGINX[s.serves].replace("FILES", str(s.files))} }}
  }}
}}
"""


ISSUER = "https://login.example.com/"  # of tokens
TOKEN = f"""  http-request deny deny_status 401 unless {{ http_auth_bearer,jwt_header_query('$.alg') -m str RS256 }}
  http-request deny deny_status 401 unless {{ http_auth_bearer,jwt_payload_query('$.iss') -m str {ISSUER} }}
  http-request deny deny_status 401 unless {{ http_auth_bearer,jwt_payload_query('$.aud[0]') -m str bench }}
  http-request set-var(txn.over) http_auth_bearer,jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 if {{ var(txn.over),sub(txn.now) -m int lt 0 }}
  http-request deny deny_status 401 unless {{ http_auth_bearer,jwt_verify("RS256","KEY") -m int 1 }}
"""
LIMIT = """  stick-table type string len 32 size 200k expire 60s store http_req_rate(1s)
  http-request track-sc0 req.hdr(x-forwarded-for)
  http-request deny deny_status 429 if { sc_http_req_rate(0) gt 100000 }
"""


class Haproxy(Proxy):
    name = "haproxy"

    def __init__(self, setting):
        super().__init__(setting)
        self.log = setting.folder / "output"  # HAProxy writes no files: its lines go to standard output

    @classmethod
    def version(cls) -> str:
        return " ".join(super().version().split()[:3])

    def argv(self, conf):
        return [self.program(), "-db", "-f", str(conf)]

    def config(self):
        s = self.setting
        line = ('{"time":"%t","client":"%ci","method":"%HM","uri":"%HU","protocol":"%HV","status":%ST,"bytes":%B,'
                '"duration":%Ta,"upstream":"%s","agent":"%{+E}[capture.req.hdr(0)]"}')
        log = (f"  log stdout format raw local0 info\n  log-format '{line}'\n" if s.log else "")
        checks = {"limit": LIMIT, "jwt": TOKEN.replace("KEY", str(s.issuer))}.get(s.serves, "")
        return "haproxy.cfg", f"""
global
  nbthread 1
  maxconn 8000
  ssl-default-bind-options ssl-min-ver TLSv1.3
  ssl-default-bind-curves X25519:P-256
defaults
  mode http
  option forwardfor
  http-reuse always
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout http-keep-alive 1h
  timeout tunnel 1h
frontend public
  bind 127.0.0.1:{s.plain} backlog 4096
  bind 127.0.0.1:{s.tls} backlog 4096 ssl crt {s.both} alpn h2,http/1.1
  declare capture request len 128
  http-request capture req.hdr(user-agent) id 0
{log}{checks}  default_backend origin
backend origin
  server origin {s.origin}{" proto h2" if s.serves == "grpc" else ""} pool-max-conn -1 pool-purge-delay 1h
"""


class Caddy(Proxy):
    name = "caddy"

    @classmethod
    def program(cls):
        return install.caddy()

    @classmethod
    def version(cls) -> str:
        return "caddy " + processes.run([cls.program(), "version"], 20).split()[0]

    def argv(self, conf):
        return [self.program(), "run", "--adapter", "caddyfile", "--config", str(conf)]

    def env(self):
        here = str(self.setting.folder)
        return {"GOMAXPROCS": "1", "HOME": here, "XDG_CONFIG_HOME": here, "XDG_DATA_HOME": here}

    def config(self):
        s = self.setting
        log = f"log {{\n output file {self.log} {{\n roll_disabled\n }}\n format json\n }}" if s.log else ""
        site = f"""
  bind 127.0.0.1
  {log}
  reverse_proxy {s.origin} {{
    transport http {{
      versions 1.1
      compression off
      keepalive 1h
      keepalive_idle_conns_per_host 256
    }}
  }}
"""
        return "Caddyfile", f"""
{{
  admin off
  auto_https off
  persist_config off
  log {{
    level ERROR
  }}
  servers {{
    protocols h1 h2
    timeouts {{
      idle 1h
    }}
  }}
}}
http://:{s.plain} {{{site}}}
https://:{s.tls} {{
  tls {s.cert} {s.key} {{
    protocols tls1.3
  }}
{site}}}
"""


class Envoy(Proxy):
    name = "envoy"

    @classmethod
    def program(cls):
        return install.envoy()

    @classmethod
    def version(cls) -> str:
        return "envoy " + processes.run([cls.program(), "--version"], 20).rpartition("version:")[2].split("/")[1]

    def argv(self, conf):
        return [self.program(), "-c", str(conf), "--concurrency", "1", "--disable-hot-restart", "-l", "error"]

    def config(self):
        return "envoy.json", envoy_config.text(self.setting, self.log)


PINTLE = {  # its one route, where that does something else than to send on
    "aggregate": """  - match: /**
    aggregate:
      parts: {profile: {call: origin:/profile.json}, orders: {call: origin:/orders.json}, rewards: {call: origin:/rewards.json}}
""",
    "files": "  - {match: /**, files: {root: FILES}}\n",
    "limit": "  - {match: /**, policies: [{rate_limit: {rate: 100000/s, headers: false}}], proxy: origin}\n",
    "jwt": f"""  - match: /**
    policies: [{{jwt: {{issuer: "{ISSUER}", audience: bench, algorithms: RS256, keys: [{{file: KEY, kid: bench}}]}}}}]
    proxy: origin
""",
    "gzip": "  - {match: /**, policies: [{compress: {algorithms: [gzip]}}], proxy: origin}\n",
}


class Pintle(Proxy):
    name = "pintle"
    routes: str | None = None  # the routes' YAML, where a workload brings its own
    more: str = ""  # more of the top level
    upstream: str | None = None  # the upstream's YAML, the same
    telemetry: dict[str, str] | None = None  # the keys of `telemetry`, where a workload brings them

    @classmethod
    def program(cls):
        path = install.pintle()
        return str(path) if os.access(path, os.X_OK) else None

    @classmethod
    def version(cls) -> str:
        return processes.run([cls.program(), "--version"], 20).splitlines()[0]

    def argv(self, conf):
        return [self.program(), "run", "-c", str(conf)]

    def config(self):
        s = self.setting
        telemetry = self.telemetry or {"access_log": "{to: LOG}" if s.log else "none"}
        telemetry = ", ".join(f"{key}: {value}" for key, value in telemetry.items()).replace("LOG", str(self.log))
        own = PINTLE.get(s.serves, "  - {match: /**, proxy: origin}\n")
        routes = self.routes or own.replace("FILES", str(s.files)).replace("KEY", str(s.issuer))
        protocol = ", protocol: http2" if s.serves == "grpc" else ""
        upstream = self.upstream or f'{{endpoints: ["{s.origin}"]{protocol}, connections: {{keep: 256}}}}'
        return "pintle.yaml", f"""{self.more}workers: 1
listeners:
  - {{address: "127.0.0.1:{s.plain}"{", trusted_proxies: [127.0.0.1]" if s.serves == "limit" else ""}}}
  - {{address: "127.0.0.1:{s.tls}", tls: {{certificates: [{{cert: {s.cert}, key: {s.key}}}]}}}}
telemetry: {{{telemetry}}}
upstreams:
  origin: {upstream}
routes:
{routes}"""

ALL: list[type[Proxy]] = [Pintle, Nginx, Haproxy, Envoy, Caddy]
