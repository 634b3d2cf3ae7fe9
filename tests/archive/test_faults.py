"""Throttling, broken connections and garbled answers between the client and real servers."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import probe
import proxy
import pytest
from proxy import Answer, Proxy
from store import BUCKET, REGION, Store, credentials

# What does not depend on the store is shown with one of them.
ONE = pytest.mark.parametrize("either", ["versity"], indirect=True)

CONTENT = bytes(range(256)) * 4000  # about a megabyte


@pytest.fixture
def between(either: Store) -> Iterator[Proxy]:
    with proxy.before(either.endpoint) as it:
        yield it


@pytest.fixture
def probed(between: Proxy, either: Store) -> probe.Probe:
    either.s3.put_object(Bucket=BUCKET, Key="faults/it", Body=CONTENT)
    options = [f"--region={REGION}", f"--endpoint={between.endpoint}"]
    return probe.Probe(f"s3://{BUCKET}/faults", options, credentials())


def ranges(between: Proxy) -> list[str | None]:
    return [it.headers["Range"] for it in between.requests]


@ONE
def test_throttling_passes(between: Proxy, probed: probe.Probe) -> None:
    between.faults += [proxy.refuse(503, "SlowDown"), proxy.refuse(500, "InternalError")]
    assert probed("list", "").keys() == ["it"]
    assert len(between.requests) == 3
    between.faults += [proxy.instead(429, b"too many"), proxy.instead(502, b"<html>")]
    assert probed("read", "it").output == CONTENT


@ONE
def test_what_a_store_asks_to_wait_is_waited(between: Proxy, probed: probe.Probe) -> None:
    between.faults += [proxy.refuse(503, "SlowDown", {"Retry-After": "1"})]
    assert probed("list", "").keys() == ["it"]
    assert len(between.requests) == 2
    between.faults += [proxy.refuse(503, "SlowDown", {"Retry-After": "3000"})]
    refused = probed("list", "")
    assert refused.status == probe.UNKNOWN
    assert refused.errors == (
        "the store is overloaded (503 SlowDown: said by the proxy; it asks to wait for 3000 s); "
        "try again later, or with a lower --rate"
    )


def test_a_connection_that_breaks_is_taken_up_where_it_broke(
    between: Proxy, probed: probe.Probe
) -> None:
    between.faults += [proxy.cut(100_000), proxy.hang_up, proxy.cut(1), proxy.cut(200_000)]
    done = probed("read", "it")
    assert (done.status, done.errors) == (probe.DONE, "")
    assert done.output == CONTENT
    assert ranges(between) == [
        None, "bytes=100000-", "bytes=100000-", "bytes=100001-", "bytes=300001-",
    ]  # fmt: skip
    assert between.requests[1].headers["If-Match"].startswith('"')


@ONE
def test_as_long_as_something_comes_it_goes_on(between: Proxy, probed: probe.Probe) -> None:
    between.faults += [proxy.cut(50_000)] * 9  # more than are tried when nothing comes
    assert probed("read", "it").output == CONTENT


@ONE
def test_a_store_that_knows_no_ranges_is_read_again(between: Proxy, probed: probe.Probe) -> None:
    def without_range(exchange: proxy.Exchange) -> None:
        headers = exchange.request.headers
        etag = headers["If-Match"]
        exchange.say(Answer(200, [("ETag", etag)], CONTENT))

    between.faults += [proxy.cut(100_000), without_range]
    assert probed("read", "it").output == CONTENT


def test_an_object_that_was_replaced_is_not_glued_together(
    between: Proxy, probed: probe.Probe, either: Store
) -> None:
    def replace(exchange: proxy.Exchange) -> None:
        exchange.say(exchange.ask(), most=1000)
        either.s3.put_object(Bucket=BUCKET, Key="faults/it", Body=b"x" + CONTENT)

    between.faults += [replace]
    refused = probed("read", "it")
    assert refused.status == probe.UNKNOWN
    assert refused.errors == "it was replaced while it was read; look again"
    assert refused.output == CONTENT[:1000]


@ONE
@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, {"ETag": '"another"'}),
        (206, {"ETag": '"another"', "Content-Range": "bytes 1000-1999/2000"}),
        (206, {"ETag": '"it"', "Content-Range": "bytes 0-999/2000"}),
    ],
    ids=["another", "part of another", "another part"],
)
def test_a_store_that_heeds_no_condition_is_seen_through(
    between: Proxy, probed: probe.Probe, status: int, headers: dict[str, str]
) -> None:
    first = Answer(200, [("ETag", '"it"')], bytes(2000))
    between.faults += [
        lambda exchange: exchange.say(first, most=1000),
        proxy.instead(status, bytes(1000), headers),
    ]
    refused = probed("read", "it")
    assert refused.status == probe.UNKNOWN
    assert refused.errors == "it was replaced while it was read; look again"
    assert refused.output == bytes(1000)


@ONE
def test_without_a_tag_nothing_is_taken_up(between: Proxy, probed: probe.Probe) -> None:
    def untagged(exchange: proxy.Exchange) -> None:
        exchange.say(Answer(200, [], CONTENT), most=1000)

    between.faults += [untagged]
    refused = probed("read", "it")
    assert refused.status == probe.UNKNOWN
    assert refused.errors == (
        f"the connection to {between.endpoint.removeprefix('http://')} broke "
        f"(transfer closed with {len(CONTENT) - 1000} bytes remaining to read); "
        "look at what is between, then try again"
    )
    assert len(between.requests) == 1


GARBLED = {
    "cut": lambda body: body[: len(body) // 2],
    "page of a proxy": lambda _: b"<html><body>Please log in</body></html>",
    "no XML": lambda _: b"it works",
    "nothing": lambda _: b"",
    "with a DTD": lambda body: b"<!DOCTYPE x [<!ENTITY a 'a'>]>" + body.split(b"?>")[-1],
}


@ONE
@pytest.mark.parametrize("edit", GARBLED.values(), ids=GARBLED)
def test_a_garbled_page_is_asked_for_again(between: Proxy, probed: probe.Probe, edit) -> None:
    def spoil(answer: Answer) -> Answer:
        return dataclasses.replace(answer, body=edit(answer.body))

    between.faults += [proxy.edited(spoil)]
    assert probed("list", "").keys() == ["it"]
    assert len(between.requests) == 2


@ONE
def test_pages_that_never_end_are_told(between: Proxy, probed: probe.Probe) -> None:
    def truncated(answer: Answer) -> Answer:
        more = b"<IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken>"
        body = answer.body.replace(b"<IsTruncated>false</IsTruncated>", more)
        return dataclasses.replace(answer, body=body)

    between.always = proxy.edited(truncated)
    between.faults += [proxy.edited(truncated)] * 2
    refused = probed("list", "")
    assert refused.status == probe.UNKNOWN
    assert refused.errors.startswith("the listing goes in a circle: ")


@ONE
def test_a_page_without_the_next_is_told(between: Proxy, probed: probe.Probe) -> None:
    page = b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"
    between.faults += [proxy.instead(200, page)]
    refused = probed("list", "")
    assert refused.status == probe.UNKNOWN
    assert refused.errors.startswith("the listing ends in the middle: ")


@ONE
@pytest.mark.parametrize("length", [2, 3, 7])
def test_pages_in_a_circle_are_told(between: Proxy, probed: probe.Probe, length: int) -> None:
    def truncated(answer: Answer) -> Answer:
        token = len(between.requests) % length
        more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{token}"
        end = "</NextContinuationToken>"
        body = answer.body.replace(b"<IsTruncated>false</IsTruncated>", (more + end).encode())
        return dataclasses.replace(answer, body=body)

    def page(exchange: proxy.Exchange) -> None:
        if len(between.requests) < 50:
            proxy.edited(truncated)(exchange)
        else:
            proxy.refuse(400, "TheTestEnds")(exchange)

    between.always = page
    refused = probed("list", "")
    assert refused.status == probe.UNKNOWN
    assert refused.errors.startswith("the listing goes in a circle: ")


@ONE
def test_objects_of_another_prefix_are_told(between: Proxy, probed: probe.Probe) -> None:
    """Who looks for the newest segment would search for ever."""
    size = "<Size>1</Size><LastModified>2026-11-20T02:00:00.000Z</LastModified>"
    it = f"<Contents><Key>faults/it</Key>{size}</Contents>"
    page = f"<ListBucketResult><IsTruncated>false</IsTruncated>{it}</ListBucketResult>"
    between.faults += [proxy.instead(200, page.encode())]
    refused = probed("list", "two")
    assert refused.status == probe.UNKNOWN
    assert refused.errors == "the store lists objects that do not begin with 'faults/two'"
    assert not refused.output


@ONE
def test_slow_is_not_broken(between: Proxy, probed: probe.Probe) -> None:
    between.always = proxy.slow(0.6)
    assert probed("read", "it").output == CONTENT
    assert probed("list", "").keys() == ["it"]


def test_a_lost_answer_to_a_write_is_no_second_object(
    between: Proxy, probed: probe.Probe, tmp_path: Path, either: Store
) -> None:
    content = tmp_path / "content"
    content.write_bytes(CONTENT)
    between.faults += [proxy.whole, proxy.lose]
    written = probed("put", f"lost-{either.name}", content)
    assert (written.status, written.errors) == (probe.DONE, "")
    assert probed("read", f"lost-{either.name}").output == CONTENT


def test_a_write_goes_on_after_throttling(
    between: Proxy, probed: probe.Probe, tmp_path: Path, either: Store
) -> None:
    content = tmp_path / "content"
    content.write_bytes(CONTENT)
    between.faults += [proxy.whole, proxy.refuse(503, "SlowDown"), proxy.hang_up]
    assert probed("put", f"throttled-{either.name}", content).status == probe.DONE
    assert probed("read", f"throttled-{either.name}").output == CONTENT


def test_who_may_only_write_replaces_nothing(
    between: Proxy, probed: probe.Probe, tmp_path: Path
) -> None:
    """The first look is refused; the store itself has to see that there is an object."""
    content = tmp_path / "content"
    content.write_bytes(b"another")
    between.faults += [proxy.instead(403, b"")]
    assert probed("put", "it", content).status == probe.EXISTS
    assert probed("read", "it").output == CONTENT
    between.faults += [proxy.instead(403, b"")]
    assert probed("put", "new", content).status == probe.DONE


@ONE
def test_a_store_without_conditions_is_written_to_all_the_same(
    between: Proxy, probed: probe.Probe, tmp_path: Path, either: Store
) -> None:
    content = tmp_path / "content"
    content.write_bytes(b"it")
    between.faults += [proxy.whole, proxy.refuse(501, "NotImplemented")]
    assert probed("put", f"simple-{either.name}", content).status == probe.DONE
    assert [it.headers["If-None-Match"] for it in between.requests] == [None, "*", None]
