"""Where keys come from: files that change, and a web identity that STS gives keys for."""

import dataclasses
import datetime
import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs
from xml.etree import ElementTree

import boto3
import probe
import proxy
import pytest
from botocore.config import Config
from probe import Probe
from proxy import Answer, Proxy
from recorder import EMPTY_LIST, recording
from store import ACCESS_KEY, BUCKET, REGION, SECRET_KEY, Stores

ROLE = "arn:aws:iam::123456789012:role/backups"
NAMESPACE = "{https://sts.amazonaws.com/doc/2011-06-15/}"

moto_server = pytest.importorskip("moto.server")


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """AWS as PyPI has it: STS and S3 behind one address, for whoever has any keys at all."""
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(s3={"addressing_style": "path"}),
    )
    where = {"LocationConstraint": REGION}
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    client.put_object(Bucket=BUCKET, Key="it", Body=b"it")
    yield endpoint
    server.stop()


@pytest.fixture
def sts(moto: str) -> Iterator[Proxy]:
    with proxy.before(moto) as it:
        yield it


@pytest.fixture
def s3(moto: str) -> Iterator[Proxy]:
    with proxy.before(moto) as it:
        yield it


@pytest.fixture
def identity(tmp_path: Path, sts: Proxy, s3: Proxy) -> Probe:
    """As a pod with a service account that a role trusts."""
    token = tmp_path / "token"
    token.write_text("header.payload.signature\n")
    env = {
        "AWS_ROLE_ARN": ROLE,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
        "AWS_ENDPOINT_URL_STS": sts.endpoint,
    }
    return Probe(f"s3://{BUCKET}", [f"--region={REGION}", f"--endpoint={s3.endpoint}"], env)


def given(answer: Answer) -> dict[str, str]:
    """The keys in an answer of STS."""
    credentials = ElementTree.fromstring(answer.body).find(f".//{NAMESPACE}Credentials")
    return {it.tag.removeprefix(NAMESPACE): it.text for it in credentials}


def ending_in(seconds: float, kept: list[dict[str, str]]) -> proxy.Fault:
    """Keys that end so soon."""

    def edit(answer: Answer) -> Answer:
        end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
        stamp = f"<Expiration>{end:%Y-%m-%dT%H:%M:%SZ}</Expiration>".encode()
        body = re.sub(rb"<Expiration>[^<]*</Expiration>", stamp, answer.body)
        kept.append(given(Answer(answer.status, answer.headers, body)))
        return dataclasses.replace(answer, body=body)

    return proxy.edited(edit)


def paged(exchange: proxy.Exchange) -> None:
    """A page of nothing, and there are more."""
    token = "<NextContinuationToken>next</NextContinuationToken>"
    body = f"<ListBucketResult><IsTruncated>true</IsTruncated>{token}</ListBucketResult>"
    exchange.say(Answer(200, [], body.encode()))


def test_a_role_for_a_service_account(identity: Probe, sts: Proxy, s3: Proxy) -> None:
    kept: list[dict[str, str]] = []
    sts.always = ending_in(3600, kept)
    assert identity("read", "it").output == b"it"
    (asked,) = sts.requests
    assert asked.method == "POST"
    assert parse_qs(asked.body.decode()) == {
        "Action": ["AssumeRoleWithWebIdentity"],
        "RoleArn": [ROLE],
        "RoleSessionName": ["harbor-pg-webhook"],
        "Version": ["2011-06-15"],
        "WebIdentityToken": ["header.payload.signature"],
    }
    (read,) = s3.requests
    assert read.headers["X-Amz-Security-Token"] == kept[0]["SessionToken"]
    assert f"Credential={kept[0]['AccessKeyId']}/" in read.headers["Authorization"]


def test_keys_are_renewed_before_they_end(identity: Probe, sts: Proxy, s3: Proxy) -> None:
    kept: list[dict[str, str]] = []

    def paged_slowly(exchange: proxy.Exchange) -> None:
        sts.always = ending_in(3600, kept)
        time.sleep(2)
        paged(exchange)

    sts.always = ending_in(3, kept)
    s3.faults += [paged_slowly, proxy.instead(200, EMPTY_LIST)]
    assert identity("list", "").status == probe.DONE
    tokens = [it.headers["X-Amz-Security-Token"] for it in s3.requests]
    assert tokens == [it["SessionToken"] for it in kept]
    assert len(set(tokens)) == 2


def test_keys_that_a_store_calls_expired_are_renewed(
    identity: Probe, sts: Proxy, s3: Proxy
) -> None:
    s3.faults += [proxy.refuse(400, "ExpiredToken")]
    assert identity("read", "it").output == b"it"
    assert len(sts.requests) == 2
    s3.always = proxy.refuse(400, "ExpiredToken")
    refused = identity("read", "it")
    assert refused.status == probe.UNKNOWN
    assert refused.errors == (
        "the session token is no longer valid (400 ExpiredToken: said by the proxy), after 2 "
        "tries; renew the keys in AWS_WEB_IDENTITY_TOKEN_FILE"
    )


def error_of_sts(status: int, code: str) -> proxy.Fault:
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    return proxy.instead(status, body.encode())


@pytest.mark.parametrize(
    ("status", "code", "way_out"),
    [
        (403, "AccessDenied", "the role's trust policy has to allow this service account "
         "sts:AssumeRoleWithWebIdentity; check AWS_ROLE_ARN"),
        (400, "ExpiredTokenException", "the token in AWS_WEB_IDENTITY_TOKEN_FILE has to be "
         "renewed (by the kubelet)"),
        (400, "InvalidIdentityToken", "AWS has to know the cluster's OIDC provider, and the "
         "token's audience has to be the one that it expects"),
        (400, "Whatever", "check AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE"),
    ],
)  # fmt: skip
def test_what_sts_refuses(
    identity: Probe, sts: Proxy, s3: Proxy, status: int, code: str, way_out: str
) -> None:
    sts.always = error_of_sts(status, code)
    refused = identity("read", "it")
    assert refused.status == probe.UNKNOWN
    assert refused.errors == (
        f"no keys for the role from {sts.endpoint} ({status} {code}: no); {way_out}"
    )
    assert not s3.requests


def test_sts_too_may_be_busy(identity: Probe, sts: Proxy) -> None:
    sts.faults += [error_of_sts(400, "IDPCommunicationError"), proxy.instead(503, b"")]
    assert identity("read", "it").output == b"it"
    assert len(sts.requests) == 3


def test_a_token_is_never_told(identity: Probe, sts: Proxy) -> None:
    sts.always = proxy.instead(200, b"<x>header.payload.signature</x>")
    refused = identity("read", "it")
    assert refused.status == probe.UNKNOWN
    assert "payload" not in refused.errors


def unusable(answer: Answer) -> Answer:
    body = re.sub(rb"<SecretAccessKey>", b"<SecretAccessKey>in two ", answer.body)
    return dataclasses.replace(answer, body=body)


def test_what_cannot_be_a_key_is_not_used(identity: Probe, sts: Proxy, s3: Proxy) -> None:
    sts.always = proxy.edited(unusable)
    refused = identity("read", "it")
    assert refused.status == probe.UNKNOWN
    assert refused.errors == (
        f"{sts.endpoint}: its answer: SecretAccessKey: is empty, or has blanks or line ends inside"
    )
    assert not s3.requests


def test_keys_are_used_until_they_end(identity: Probe, sts: Proxy, s3: Proxy) -> None:
    """The old ones are still good when STS does not give new ones in time."""
    kept: list[dict[str, str]] = []

    def paged_late(exchange: proxy.Exchange) -> None:
        time.sleep(4.1)  # half of the time to their end, when they are to be renewed
        paged(exchange)

    sts.faults += [ending_in(8, kept)]
    sts.always = proxy.edited(unusable)
    s3.faults += [paged_late, proxy.instead(200, EMPTY_LIST)]
    assert identity("list", "").status == probe.DONE
    assert len(sts.requests) == 2
    tokens = [it.headers["X-Amz-Security-Token"] for it in s3.requests]
    assert tokens == [kept[0]["SessionToken"]] * 2


def test_files_are_read_again(stores: Stores, tmp_path: Path) -> None:
    """A mounted Secret that changes between two pages, as the kubelet changes it."""
    folder = tmp_path / "keys"
    folder.mkdir()
    (folder / "AWS_ACCESS_KEY_ID").write_text("AKIAOLD\n")
    (folder / "AWS_SECRET_ACCESS_KEY").write_text("old\n")

    def rotate(exchange: proxy.Exchange) -> None:
        (folder / "AWS_ACCESS_KEY_ID").write_text(f"{ACCESS_KEY}\n")
        (folder / "AWS_SECRET_ACCESS_KEY").write_text(SECRET_KEY)
        paged(exchange)

    with proxy.before(stores.versity.endpoint) as between:
        between.faults += [rotate]
        options = [f"--region={REGION}", f"--endpoint={between.endpoint}"]
        probed = Probe(f"s3://{BUCKET}/nothing", [*options, f"--credentials={folder}"])
        assert probed("list", "").status == probe.DONE, "the store lets the new keys in"
        asked = [it.headers["Authorization"] for it in between.requests]
    assert "AKIAOLD" in asked[0]
    assert f"Credential={ACCESS_KEY}/" in asked[1]


def test_a_session_of_files(tmp_path: Path) -> None:
    for name, content in (("ACCESS_KEY_ID", "id"), ("SECRET_ACCESS_KEY", "key")):
        (tmp_path / f"AWS_{name}").write_text(content)
    with recording() as server:
        options = ["--region=x", f"--endpoint={server.endpoint}", f"--credentials={tmp_path}"]
        probed = Probe("s3://bucket", options, {"AWS_ACCESS_KEY_ID": "another"})
        assert probed("list", "").status == probe.DONE
        (tmp_path / "AWS_SESSION_TOKEN").write_text("session\n")
        assert probed("list", "").status == probe.DONE
        tokens = [it.headers["X-Amz-Security-Token"] for it in server.requests]
    assert tokens == [None, "session"]
