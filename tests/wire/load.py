"""Clients that behave as API servers do, for as long as a test wants, and count every failure."""

import threading
from dataclasses import dataclass, field
from typing import Self

import checker
import samples
from client import Connection
from pki import serial
from polling import wait_for
from process import Server

REQUESTS_MAX = 200_000


@dataclass
class Load:
    """Use it in a `with`: the clients run inside it. A client reconnects when it was told
    `Connection: close`; any other lost request is a failure. Once `leaving` is set a refused
    connection is the end of a client, as it is for the API server when an endpoint has gone; one
    that was taken and then cut is a failure, always."""

    server: Server
    clients: int = 4
    done: int = 0
    connections: int = 0
    failures: list[str] = field(default_factory=list)
    serials: set[int] = field(default_factory=set)
    leaving: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._client) for _ in range(self.clients)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.join()

    def join(self) -> None:
        for thread in self.threads:
            thread.join(120)
            assert not thread.is_alive()

    def more(self, count: int) -> None:
        """Waits until `count` more requests have been answered."""
        wanted = self.done + count
        wait_for(
            f"{count} more answers", lambda: self.done >= wanted or bool(self.failures), seconds=30
        )

    def _client(self) -> None:
        review = samples.pod()
        while not self.stop.is_set() and self.done < REQUESTS_MAX:
            try:
                connection = self.server.connect()
            except OSError as error:
                refused = isinstance(error, ConnectionRefusedError)
                if not (refused and self.leaving.is_set()):
                    self._failed(f"connect: {error!r}")
                return
            with connection:
                if not self._use(connection, review):
                    return

    def _use(self, connection: Connection, review: dict) -> bool:
        with self.lock:
            self.connections += 1
            self.serials.add(serial(connection.socket.getpeercert(binary_form=True)))
        while not self.stop.is_set():
            review = samples.with_uid(review)
            try:
                answer = connection.post(samples.RESTORE + "?timeout=10s", samples.wire(review))
                exchange = checker.check(review, answer)
                assert exchange.patch, "no patch"
            except (OSError, AssertionError) as error:
                self._failed(repr(error))
                return False
            with self.lock:
                self.done += 1
            if answer.closes:
                return True
        return False

    def _failed(self, what: str) -> None:
        with self.lock:
            self.failures.append(what)
