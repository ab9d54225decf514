"""Becomes Rotel, a collector of OpenTelemetry: `PROTOCOL URL` says where it passes on what it takes, over HTTP. Says its port first."""

import os
import pathlib
import socket
import sys

import rotel


def free():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


grpc, http = free(), free()
print(grpc if sys.argv[1] == "grpc" else http, flush=True)
agent = str(pathlib.Path(rotel.__file__).parent / "rotel-agent")
os.execv(agent, [
    agent, "start",
    "--otlp-grpc-endpoint", f"127.0.0.1:{grpc}", "--otlp-http-endpoint", f"127.0.0.1:{http}",
    "--exporter", "otlp", "--otlp-exporter-protocol", "http", "--otlp-exporter-endpoint", sys.argv[2],
    "--batch-timeout", "50ms", "--pid-file", os.path.join(os.getcwd(), "pid"),
])
