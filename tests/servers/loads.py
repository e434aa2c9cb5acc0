"""Bounded load for servers, over loopback: what is returned has to be kept for as long as the load shall last."""

from __future__ import annotations

import json
import socket
import threading
import urllib.request
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO

from tests.waiting import until

Held = Sequence[object]


def nats(port: int, connections: int = 200, subscriptions: int = 30, messages: int = 20_000) -> Held:
    """Connections with subscriptions, streams with consumers, and messages in them."""
    clients = [_Nats(port, number) for number in range(connections)]
    for number, client in enumerate(clients):
        client.say(*(f"SUB subject.{number}.{each}.> {each + 1}" for each in range(subscriptions)))
    one = clients[0]
    one.say("SUB _INBOX.x.* 999")
    for number in range(6):
        one.ask(f"$JS.API.STREAM.CREATE.S{number}", _stream(number))
        for each in range(3):
            one.ask(f"$JS.API.CONSUMER.DURABLE.CREATE.S{number}.D{each}", _consumer(number, each))
    for number in range(messages):
        one.publish(f"js{number % 6}.{number % 3}.k{number}", f"payload {number} " * 8, wait=number % 500 == 499)
    one.say()
    return clients


def _stream(number: int) -> dict[str, Any]:
    storage = "memory" if number % 2 else "file"
    return {
        "name": f"S{number}", "subjects": [f"js{number}.>"], "storage": storage, "retention": "limits",
        "num_replicas": 1, "max_msgs": -1, "max_bytes": -1, "max_age": 0, "discard": "old",
    }  # fmt: skip


def _consumer(number: int, each: int) -> dict[str, Any]:
    config = {"durable_name": f"D{each}", "ack_policy": "explicit", "deliver_policy": "all"}
    return {"stream_name": f"S{number}", "config": {**config, "filter_subject": f"js{number}.{each}.>"}}


class _Nats:
    """A connection in NATS's own protocol."""

    def __init__(self, port: int, number: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.lines: BinaryIO = self.socket.makefile("rb")
        self.lines.readline()
        self.say(f'CONNECT {{"verbose":false,"pedantic":false,"name":"c{number}","protocol":1,"headers":true}}')

    def say(self, *lines: str) -> None:
        """Lines, and wait until they were taken."""
        self.socket.sendall("".join(f"{line}\r\n" for line in (*lines, "PING")).encode())
        while not (line := self.lines.readline()).startswith(b"PONG"):
            if line.startswith((b"MSG", b"HMSG")):
                self.lines.read(int(line.split()[-1]) + 2)

    def ask(self, subject: str, body: dict[str, Any]) -> None:
        self._put(f"{subject} _INBOX.x.1", json.dumps(body))
        self.say()

    def publish(self, subject: str, body: str, wait: bool) -> None:
        self._put(subject, body)
        if wait:
            self.say()

    def _put(self, to: str, body: str) -> None:
        self.socket.sendall(f"PUB {to} {len(body)}\r\n{body}\r\n".encode())


def caddy_config(port: int, admin: int, backend: int, routes: int = 100) -> dict[str, Any]:
    """Many routes, and one to a backend that never answers."""
    slow = {"handler": "reverse_proxy", "upstreams": [{"dial": f"127.0.0.1:{backend}"}]}
    handlers = [{"match": [{"path": ["/slow/*"]}], "handle": [slow]}, *map(_route, range(routes))]
    server = {"listen": [f"127.0.0.1:{port}"], "automatic_https": {"disable": True}, "routes": handlers}
    return {"admin": {"listen": f"127.0.0.1:{admin}"}, "apps": {"http": {"servers": {"s": server}}}}


def _route(number: int) -> dict[str, Any]:
    answer = {"handler": "static_response", "body": f"route {number} {{http.request.uri}}"}
    header = {"handler": "headers", "response": {"set": {"X-R": [str(number)]}}}
    return {"match": [{"path": [f"/r{number}/*"], "header": {"X-A": [f"v{number}"]}}], "handle": [header, answer]}


class Backend:
    """Takes connections and says nothing."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self.socket.getsockname()[1]
        self.taken: list[socket.socket] = []
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        while True:
            self.taken.append(self.socket.accept()[0])


def caddy(port: int, backend: Backend, idle: int = 200, waiting: int = 100) -> Held:
    """Idle connections after some requests each, and requests in the reverse proxy."""
    held = [_requested(port, number) for number in range(idle)]
    for number in range(waiting):
        held.append(socket.create_connection(("127.0.0.1", port)))
        held[-1].sendall(f"GET /slow/{number} HTTP/1.1\r\nHost: h{number}\r\nX-Trace: {number}\r\n\r\n".encode())
    until(lambda: len(backend.taken) >= waiting, "the backend's connections")
    return held


def _requested(port: int, number: int) -> socket.socket:
    one, route = socket.create_connection(("127.0.0.1", port)), number % 100
    for each in range(3):
        head = f"GET /r{route}/{each} HTTP/1.1\r\nHost: h{number}\r\nX-A: v{route}\r\nCookie: a={number}\r\n\r\n"
        one.sendall(head.encode())
        one.recv(1 << 16)
    return one


class Exporter:
    """Targets of a Prometheus, at paths of their own: each has some hundred series that grow with every scrape."""

    def __init__(self, targets: int = 30, series: int = 400) -> None:
        self.targets, self.series, self.scraped = targets, series, 0
        exporter = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = exporter.metrics(self.path).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def metrics(self, path: str) -> str:
        """What a target says, in Prometheus's text format."""
        self.scraped += 1
        lines = [f'made_total{{path="{path}",part="{each}"}} {each * self.scraped}' for each in range(self.series)]
        return "\n".join(("# TYPE made_total counter", *lines, ""))


def prometheus_config(folder: Path, exporter: Exporter, every: str, rules: int = 20) -> Path:
    """The file of a configuration, written anew: with that interval of scraping. JSON is YAML."""
    targets = [
        {"targets": [f"127.0.0.1:{exporter.port}"], "labels": {"instance": f"i{each}", "__metrics_path__": f"/{each}"}}
        for each in range(exporter.targets)
    ]
    made = [
        {"record": f"made:{each}", "expr": f'sum by (instance) (made_total{{part=~"{each}.*"}})'}
        for each in range(rules)
    ]
    told = [{"alert": f"Much{each}", "expr": f'made_total{{part="{each}"}} > 0', "for": "1h"} for each in range(rules)]
    group = {"name": "made", "interval": every, "rules": [*made, *told]}
    (folder / "rules.json").write_text(json.dumps({"groups": [group]}))
    whole = {
        "global": {"scrape_interval": every, "scrape_timeout": "1s", "evaluation_interval": every},
        "rule_files": [str(folder / "rules.json")],
        "scrape_configs": [{"job_name": "made", "static_configs": targets}],
    }
    file = folder / "prometheus.json"
    file.write_text(json.dumps(whole))
    return file


def prometheus(port: int, folder: Path, exporter: Exporter, scrapes: int = 6, asking: int = 100) -> Held:
    """Scrapes and what rules make of them, connections that asked something; then it is told to scrape no more."""
    until(lambda: exporter.scraped >= scrapes * exporter.targets, "scrapes of each target")
    held = [_asked(port, number) for number in range(asking)]
    prometheus_config(folder, exporter, "1d")
    urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/-/reload", method="POST")).close()
    return held


def _asked(port: int, number: int) -> socket.socket:
    one = socket.create_connection(("127.0.0.1", port))
    query = f"/api/v1/query?query=rate(made_total%7Bpart%3D%22{number}%22%7D%5B1m%5D)"
    one.sendall(f"GET {query} HTTP/1.1\r\nHost: h{number}\r\n\r\n".encode())
    one.recv(1 << 16)
    return one
