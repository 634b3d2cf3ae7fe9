"""?timeout= is the time that the API server still waits (wire-contract 1.1)."""

import pytest
import samples
from checker import check, check_error
from client import api_server_headers
from polling import SLOW, Stopwatch
from process import Server

BODY = samples.wire(samples.pod())


@pytest.mark.parametrize(
    "query",
    ["", "?", "?timeout=1s", "?timeout=10s", "?timeout=30s", "?timeout=1m0s", "?timeout=1.5s"]
    + ["?timeout=500ms", "?x=y&timeout=10s", "?timeout=10s&x=y", "?x"],
)
def test_right_ones(server: Server, query: str):
    check(samples.pod(), server.post(samples.RESTORE + query, BODY))


@pytest.mark.parametrize(
    "value",
    ["", "10", "s", "0s", "-1s", "10x", "1h1", "1s%20", "%00", "1e9s", "nan", "x" * 2000]
    + ["999999999h", "99999999999999999999s"],
)
def test_malformed_ones_are_no_limit(server: Server, value: str):
    """A proxy's mistake in the query is no reason to leave a pod without its decision."""
    answer = server.post(f"{samples.RESTORE}?timeout={value}", BODY)
    check(samples.pod(), answer)


def test_a_late_body_is_not_waited_for(server: Server):
    """When the API server has given up nobody reads the answer: the request ends."""
    with server.connect() as connection:
        headers = [*api_server_headers(), ("Content-Length", str(len(BODY)))]
        watch = Stopwatch()
        connection.send(connection.head("POST", samples.RESTORE + "?timeout=1s", headers))
        connection.send(BODY[:100])
        while watch.seconds() < 1.5:
            if not connection.pump(0.1):
                break
        connection.send_until_answered([BODY[100:]])
        if connection.buffer or connection.pump(5.0):
            answer = connection.answer()
            check_error(answer, 503, "timeout")
        assert watch.seconds() < (30 if SLOW else 10)
    check(samples.pod(), server.post(samples.RESTORE, BODY))
