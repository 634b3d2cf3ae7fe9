"""Every request's signature, computed again by botocore from what was meant to be asked."""

import random
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from probe import DONE, Probe
from recorder import Recorder, recording
from serving import Request

BUCKET = "some-bucket"
REGION = "eu-central-1"
KEYS = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
TOKEN = "a/token+of=many//characters" * 20

NAMED = (
    *("plain", "a b", "a+b", "a%b", "a%2Fb", "a&b=c;d", "a?b#c", "~._-", "!*'()", "$,:@=&"),
    *("a//b", "a/../b", "../a", "./a", "a/./b/", "a..b", "ä", "€/😀", '"<>\\^`{|}', "[x]"),
    *("k=", "=v", "&", "a=b&c", "prefix", "list-type=2"),
)
ALPHABET = "abcXYZ019-._~ !\"#$%&'()*+,:;<=>?@[]^`{|}/äß€😀\t"
RANDOM = random.Random(4)  # always the same ones
UGLY = NAMED + tuple(
    "".join(RANDOM.choices(ALPHABET, k=RANDOM.randrange(1, 40))) for _ in range(80)
)


@pytest.fixture
def server() -> Iterator[Recorder]:
    with recording() as it:
        yield it


def probe(server: Recorder, token: str) -> Probe:
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    values = (*KEYS, token)
    env = {name: value for name, value in zip(names, values, strict=True) if value}
    options = [f"--region={REGION}", f"--endpoint={server.endpoint}"]
    return Probe(f"s3://{BUCKET}", options, env)


def check(server: Recorder, asked: Request, path: str, parameters: dict[str, str]) -> None:
    """That the request is one for this path and these parameters, and signed as botocore would."""
    given = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})",
        asked.headers["Authorization"],
    )
    scope, signed, signature = given.groups()
    url = f"{server.endpoint}/{BUCKET}{quote(path, safe='/~')}"
    request = AWSRequest(asked.method, url, params=parameters)
    for name in signed.split(";"):
        request.headers[name] = asked.headers[name]
    request.context["timestamp"] = asked.headers["X-Amz-Date"]
    auth = S3SigV4Auth(Credentials(*KEYS), "s3", REGION)
    canonical = auth.canonical_request(request)
    assert scope == auth.scope(request)
    assert set(auth.headers_to_sign(request).keys()) == set(signed.split(";"))
    assert signature == auth.signature(auth.string_to_sign(request, canonical), request), path
    query = auth.canonical_query_string(request)
    assert asked.target == quote(f"/{BUCKET}{path}", safe="/~") + (f"?{query}" if query else "")


def must_be_signed(asked: Request) -> set[str]:
    """What AWS insists on."""
    amazon = {name.lower() for name in asked.headers if name.lower().startswith("x-amz-")}
    return {"host", *amazon}


def signed(asked: Request) -> set[str]:
    return set(re.search("SignedHeaders=([^,]+)", asked.headers["Authorization"])[1].split(";"))


@pytest.mark.parametrize("token", ["", TOKEN], ids=["keys", "session"])
def test_reading(server: Recorder, token: str) -> None:
    probed = probe(server, token)
    for key in UGLY:
        assert probed("read", key).status == DONE
    for key, asked in zip(UGLY, server.requests, strict=True):
        assert asked.headers["X-Amz-Security-Token"] == (token or None)
        assert signed(asked) >= must_be_signed(asked)
        check(server, asked, f"/{key}", {})


def test_listing(server: Recorder) -> None:
    probed = probe(server, TOKEN)
    for prefix in ("", *UGLY):
        assert probed("list", prefix).status == DONE
        assert probed("list-folder", prefix).status == DONE
    for number, asked in enumerate(server.requests):
        folders = {"delimiter": "/"} if number % 2 else {}
        prefix = ("", *UGLY)[number // 2]
        common = {"encoding-type": "url", "list-type": "2", "max-keys": "1000", "prefix": prefix}
        check(server, asked, "", folders | common)


def test_writing(server: Recorder, tmp_path: Path) -> None:
    probed = probe(server, TOKEN)
    content = tmp_path / "content"
    content.write_bytes(bytes(range(256)) * 10)
    for key in NAMED:
        assert probed("put", key, content).status == DONE
    for number, asked in enumerate(server.requests):
        assert asked.method == ("HEAD", "PUT")[number % 2]
        assert signed(asked) >= must_be_signed(asked)
        check(server, asked, f"/{NAMED[number // 2]}", {})
        if asked.method == "PUT":
            assert asked.body == content.read_bytes()
            assert asked.headers["If-None-Match"] == "*"
            assert "if-none-match" in signed(asked)
