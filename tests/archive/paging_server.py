#!/usr/bin/env python3
"""An S3 server with as many objects as one likes: its listing is generated and nothing is stored.

    paging_server.py SEGMENTS [ADDRESS]

Prints its port and serves until it is ended. The bucket "generated" holds, below "archive/", one
small archive that is whole and so many WAL segments after its base backup. It answers ListObjectsV2
(1,000 keys a page) and GET as S3 does, and does not look at signatures: other tests do.
"""

import bisect
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from generator import MIB, WAL, Archive, Builder, segment_name

BUCKET, FOLDER = "generated", "archive/"
SEGMENT_SIZE = 16 * MIB
SEGMENT_BYTES = 66112  # of an idle one, compressed
PAGE_KEYS = 1000

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult \
xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
OBJECT = (
    "<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>&quot;0&quot;</ETag>"
    "<Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>"
)


class Objects:
    """In the order of their keys. Of the generated ones there is only a name."""

    def __init__(self, segments: int) -> None:
        builder = Builder(SEGMENT_SIZE)
        builder.base_backup()
        self.stored: Archive = builder.archive
        self.last = iso(builder.clock)
        self.modified = {FOLDER + key: iso(it.modified) for key, it in self.stored.items()}
        self.keys = sorted({*self.modified, *more_wal(builder, segments)})

    def size(self, key: str) -> int:
        it = self.stored.get(key.removeprefix(FOLDER))
        return it.size if it else SEGMENT_BYTES

    def rendered(self, key: str) -> str:
        return OBJECT.format(key, self.modified.get(key, self.last), self.size(key))

    def page(self, prefix: str, delimiter: str, after: str) -> tuple[list[str], str]:
        """What a page holds, and after which key the next one begins; "" is the end."""
        answer: list[str] = []
        at = max(bisect.bisect_left(self.keys, prefix), bisect.bisect_right(self.keys, after))
        while at < len(self.keys) and self.keys[at].startswith(prefix):
            if len(answer) == PAGE_KEYS:
                return answer, after
            folder, found, _ = self.keys[at][len(prefix) :].partition(delimiter or "\0")
            if found:
                after = prefix + folder + delimiter + "\U0010ffff"
                name = prefix + folder + delimiter
                answer.append(f"<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>")
                at = bisect.bisect_right(self.keys, after)
            else:
                after = self.keys[at]
                answer.append(self.rendered(after))
                at += 1
        return answer, ""


def more_wal(builder: Builder, segments: int) -> Iterator[str]:
    for number in range(builder.segment, builder.segment + segments):
        yield f"{FOLDER}{WAL}/{segment_name(1, number, SEGMENT_SIZE)}.lz4"


def iso(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S.000Z}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    objects: Objects

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        key = unquote(url.path).lstrip("/").removeprefix(BUCKET).lstrip("/")
        if not key:
            self.list({name: values[0] for name, values in parse_qs(url.query).items()})
            return
        it = self.objects.stored.get(key.removeprefix(FOLDER))
        if it:
            self.answer(200, it.content)
        else:
            self.answer(404, b"<Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>")

    def list(self, query: dict[str, str]) -> None:
        prefix = query.get("prefix", "")
        after = query.get("continuation-token", query.get("start-after", ""))
        found, token = self.objects.page(prefix, query.get("delimiter", ""), after)
        more = f"<NextContinuationToken>{token}</NextContinuationToken>" if token else ""
        facts = f"<Name>{BUCKET}</Name><Prefix>{prefix}</Prefix><KeyCount>{len(found)}</KeyCount>"
        truncated = f"<IsTruncated>{str(bool(token)).lower()}</IsTruncated>{more}"
        body = f"{HEAD}{facts}{truncated}{''.join(found)}</ListBucketResult>"
        self.answer(200, body.encode())

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"0"')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def main(segments: int, address: str = "127.0.0.1") -> None:
    Handler.objects = Objects(segments)
    with ThreadingHTTPServer((address, 0), Handler) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
