"""The client of S3 against real servers."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import probe
from store import BUCKET, Store

UGLY = (
    "a b", "a+b", "a%b", "a%20b", "a&b=c;d", "ä-€-😀", "a'\"b", "a<b>&c", "(a)*!", "a..b/.../c",
    "a,b:c@d$e~f", "a?b#c", "[a]{b}|^`",
)  # fmt: skip


def fill(store: Store, objects: dict[str, bytes]) -> None:
    with ThreadPoolExecutor(16) as pool:
        for _ in pool.map(
            lambda it: store.s3.put_object(Bucket=BUCKET, Key=it[0], Body=it[1]), objects.items()
        ):
            pass


def test_what_was_written_is_listed_and_read(either: Store) -> None:
    fill(either, {"plain/one": b"1", "plain/two/three": b"333", "plainer": b"", "other": b"x"})
    probed = probe.of(either, "plain")
    listed = probed("list", "")
    assert listed.status == probe.DONE, listed.errors
    assert [(size, key) for size, _, key in listed.objects()] == [(1, "one"), (3, "two/three")]
    assert probed("list", "two").keys() == ["two/three"]
    assert probed("list", "nothing") == probe.Result(probe.DONE, b"", "")
    assert probed("read", "two/three") == probe.Result(probe.DONE, b"333", "")
    assert probed("list-folder", "").keys() == ["one", "two/"]


def test_the_whole_bucket_is_a_place_too(either: Store) -> None:
    fill(either, {"whole/one": b"1"})
    assert "whole/" in probe.of(either, "")("list-folder", "").keys()


def test_times_are_those_of_the_store(either: Store) -> None:
    fill(either, {"times/one": b"1"})
    head = either.s3.head_object(Bucket=BUCKET, Key="times/one")
    ((_, modified, _),) = probe.of(either, "times")("list", "").objects()
    assert modified == int(head["LastModified"].timestamp())


def test_ugly_keys_survive(either: Store) -> None:
    fill(either, {f"ugly/{key}": key.encode() for key in UGLY})
    probed = probe.of(either, "ugly")
    assert sorted(probed("list", "").keys()) == sorted(UGLY)
    for key in UGLY:
        assert probed("read", key) == probe.Result(probe.DONE, key.encode(), "")
        assert key in probed("list", key).keys()


def test_what_is_not_there_is_absent(either: Store) -> None:
    assert probe.of(either, "plain")("read", "none").status == probe.ABSENT


def test_more_objects_than_a_page_holds(either: Store) -> None:
    keys = [f"{number:04}" for number in range(1234)]
    fill(either, {f"pages/{key}": b"" for key in keys})
    listed = probe.of(either, "pages")("list", "")
    assert listed.status == probe.DONE, listed.errors
    assert listed.keys() == keys


def test_an_object_is_written_once(either: Store, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(b"first" * 1000)
    second.write_bytes(b"second")
    probed = probe.of(either, "written")
    written = probed("put", "once", first)
    assert written == probe.Result(probe.DONE, b"", "")
    assert probed("put", "once", second).status == probe.EXISTS
    assert probed("read", "once").output == first.read_bytes()
