"""Envoy's configuration, apart from the other proxies because it is long.

Left off against its defaults: request ids and its own x-envoy headers, which no other proxy here writes.
"""

import json
from pathlib import Path

TYPES = "type.googleapis.com/envoy.extensions."
FOREVER = "3600s"


def text(setting, log: Path) -> str:
    """The whole file, as JSON."""
    listeners = [listener("plain", setting.plain, setting, log, None), listener("tls", setting.tls, setting, log, tls(setting))]
    return json.dumps({"static_resources": {"listeners": listeners, "clusters": [cluster(setting.origin, setting.serves == "grpc")]}}, indent=1)


def address(host: str, port: int) -> dict:
    return {"socket_address": {"address": host, "port_value": port}}


def listener(name: str, port: int, setting, log: Path, transport: dict | None) -> dict:
    chain = {"filters": [{"name": "http", "typed_config": connections(name, setting, log)}]}
    if transport:
        chain["transport_socket"] = transport
    return {"name": name, "address": address("127.0.0.1", port), "tcp_backlog_size": 4096, "filter_chains": [chain]}


def connections(name: str, setting, log: Path) -> dict:
    return {
        "@type": TYPES + "filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "use_remote_address": True,  # writes X-Forwarded-For
        "generate_request_id": False,
        "common_http_protocol_options": {"idle_timeout": FOREVER},
        "stream_idle_timeout": FOREVER,
        "access_log": access_log(log) if setting.log else [],
        "http_filters": [{
            "name": "router",
            "typed_config": {"@type": TYPES + "filters.http.router.v3.Router", "suppress_envoy_headers": True},
        }],
        "route_config": {"virtual_hosts": [{
            "name": "all", "domains": ["*"],
            "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "origin", "timeout": "0s"}}],
        }]},
    }


def access_log(log: Path) -> list[dict]:
    fields = {
        "time": "%START_TIME%", "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "method": "%REQ(:METHOD)%",
        "uri": "%REQ(:PATH)%", "protocol": "%PROTOCOL%", "status": "%RESPONSE_CODE%", "bytes": "%BYTES_SENT%",
        "duration": "%DURATION%", "upstream": "%UPSTREAM_HOST%", "agent": "%REQ(USER-AGENT)%",
    }
    return [{"name": "file", "typed_config": {
        "@type": TYPES + "access_loggers.file.v3.FileAccessLog", "path": str(log),
        "log_format": {"json_format": fields},
    }}]


def tls(setting) -> dict:
    certificate = {"certificate_chain": {"filename": str(setting.cert)}, "private_key": {"filename": str(setting.key)}}
    return {"name": "tls", "typed_config": {
        "@type": TYPES + "transport_sockets.tls.v3.DownstreamTlsContext",
        "common_tls_context": {
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_3", "tls_maximum_protocol_version": "TLSv1_3"},
            "tls_certificates": [certificate],
            "alpn_protocols": ["h2", "http/1.1"],
        },
    }}


def cluster(origin: str, http2: bool) -> dict:
    host, port = origin.split(":")
    many = 1_000_000
    protocol = {"typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": TYPES + "upstreams.http.v3.HttpProtocolOptions", "explicit_http_config": {"http2_protocol_options": {}},
    }}} if http2 else {}
    return {
        **protocol, "name": "origin", "type": "STATIC", "connect_timeout": "5s",
        "circuit_breakers": {"thresholds": [{
            "max_connections": many, "max_pending_requests": many, "max_requests": many, "max_retries": many}]},
        "load_assignment": {"cluster_name": "origin", "endpoints": [
            {"lb_endpoints": [{"endpoint": {"address": address(host, int(port))}}]}]},
    }
