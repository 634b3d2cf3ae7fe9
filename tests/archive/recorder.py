"""A server that takes everybody for somebody and keeps what it was asked."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from serving import Request, serving

EMPTY_LIST = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"


@dataclass
class Recorder:
    endpoint: str = ""
    requests: list[Request] = field(default_factory=list)


@contextlib.contextmanager
def recording() -> Iterator[Recorder]:
    """Until the end of the block: every listing is empty, no object is there, each can be made."""
    recorder = Recorder()

    def answer(handler: BaseHTTPRequestHandler, request: Request) -> None:
        recorder.requests.append(request)
        content = EMPTY_LIST if "?" in request.target else b""
        handler.send_response(404 if request.method == "HEAD" else 200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    with serving(answer) as recorder.endpoint:
        yield recorder
