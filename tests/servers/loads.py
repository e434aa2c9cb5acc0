"""Bounded load for servers, over loopback: what is returned has to be kept for as long as the load shall last."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Sequence
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
