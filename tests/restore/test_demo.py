"""What `./dev demo restore` makes of what it sees; what it does is in test_chain.py, too."""

from types import SimpleNamespace

import demo
import pytest

SOURCE = {"public.project": {"rows": 50, "digest": "a"}, "public.tag": {"rows": 1, "digest": "b"}}


@pytest.mark.parametrize(
    ("found", "same", "line"),
    [
        (SOURCE, True, "public.tag                       1         1  equal"),
        (
            {**SOURCE, "public.tag": {"rows": 1, "digest": "c"}},
            False,
            "public.tag                       1         1  DIFFERENT",
        ),
        ({}, False, "public.project                  50      none  DIFFERENT"),
    ],
)
def test_it_compares_all_tables(capsys, found, same, line):
    registry = SimpleNamespace(
        leader=lambda: "a-pod", fingerprint=lambda _: SimpleNamespace(tables=found)
    )
    assert demo.compare(registry, SOURCE) is same
    assert line in capsys.readouterr().out.splitlines()


def test_it_shows_no_secret():
    for name in ("password", "CLONE_AWS_ACCESS_KEY_ID", "CLONE_AWS_SECRET_ACCESS_KEY"):
        assert demo.masked(f"--from-literal={name}=canary") == f"--from-literal={name}=…"
    assert demo.masked("--from-literal=username=harbor") == "--from-literal=username=harbor"
