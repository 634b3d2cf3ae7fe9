"""How a bucket is reached: AWS's own names over TLS, other stores, and what stands in the way."""

import re
from pathlib import Path

import probe
import proxy
import pytest
from probe import Probe
from recorder import recording
from store import AWS_HOST, BUCKET, REGION, Stores, credentials

WAY = "check --endpoint, and that a network policy, firewall or proxy lets it pass"


@pytest.fixture
def aws(stores: Stores, tmp_path: Path) -> Probe:
    """As somebody who says nothing but the region, and whom to trust."""
    authority, hosts = tmp_path / "ca.crt", tmp_path / "hosts"
    authority.write_text(stores.aws.ca)
    lines = (f"{address} {name}\n" for name, address in stores.aws.hosts.items())
    hosts.write_text("".join(lines))
    stores.versity.s3.put_object(Bucket=BUCKET, Key="aws/it", Body=b"it")
    options = [f"--region={REGION}", f"--ca={authority}"]
    return Probe(f"s3://{BUCKET}/aws", options, credentials(), hosts)


def test_aws_itself(aws: Probe) -> None:
    assert aws("list", "").keys() == ["it"]
    assert aws("read", "it").output == b"it"


def test_the_region_of_the_environment(aws: Probe) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        probed = Probe(aws.place, aws.options[1:], {**aws.env, name: REGION}, aws.hosts)
        assert probed("read", "it").output == b"it"
    probed = Probe(aws.place, aws.options[1:], aws.env, aws.hosts)
    assert probed("list", "") == probe.Result(
        probe.USAGE,
        b"",
        "no region for S3: expected --region NAME or AWS_REGION (a store without regions: "
        "us-east-1)",
    )


def test_a_bucket_with_dots_has_no_certificate_of_its_own(stores: Stores, aws: Probe) -> None:
    stores.versity.s3.create_bucket(Bucket="with.dots")
    stores.versity.s3.put_object(Bucket="with.dots", Key="aws/it", Body=b"dotted")
    aws.place = "s3://with.dots/aws"
    assert aws("read", "it").output == b"dotted"


def test_an_authority_that_is_not_known(aws: Probe) -> None:
    aws.options.pop()
    result = aws("list", "")
    assert result.status == probe.UNKNOWN
    assert result.errors == (
        f"the certificate of {BUCKET}.{AWS_HOST} is not trusted (SSL certificate problem: unable "
        "to get local issuer certificate); give --ca FILE with the authority that it is from"
    )


def test_a_name_that_nobody_knows(aws: Probe) -> None:
    aws.options.append("--endpoint=https://store.invalid")
    result = aws("list", "")
    assert result.status == probe.UNKNOWN
    assert re.fullmatch(
        rf"the name of {BUCKET}\.store\.invalid is not known \([^)]+\), after 3 tries; check "
        r"--endpoint, --region and the name server; it may need --path-style",
        result.errors,
    ), result.errors


def test_where_nobody_listens(aws: Probe) -> None:
    aws.options.append("--endpoint=http://127.0.0.1:9")
    result = aws("list", "")
    assert result.status == probe.UNKNOWN
    assert re.fullmatch(
        rf"no connection to 127\.0\.0\.1:9 \([^)]+\), after 3 tries; {WAY}", result.errors
    ), result.errors


def test_where_something_else_answers(stores: Stores) -> None:
    with proxy.before(stores.versity.endpoint) as between:
        between.always = proxy.instead(200, b"<html><body>Welcome</body></html>")
        options = [f"--region={REGION}", f"--endpoint={between.endpoint}"]
        result = Probe(f"s3://{BUCKET}", options, credentials())("list", "")
        host = between.endpoint.removeprefix("http://")
    assert result.errors == (
        f"{host} does not answer as S3 does (is 'html', expected 'ListBucketResult'), after 3 "
        "tries; check --endpoint, and whether a proxy answers instead"
    )


def test_the_endpoints_of_the_environment() -> None:
    names = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
    for number, name in enumerate(names):
        with recording() as server:
            others = dict.fromkeys(names[number + 1 :], "http://127.0.0.1:9")
            env = {**credentials(), **others, name: server.endpoint}
            result = Probe("s3://bucket", [f"--region={REGION}"], env)("list", "")
            assert (result.status, len(server.requests)) == (probe.DONE, 1), result


def test_the_proxy_of_the_environment() -> None:
    with recording() as server:
        env = {**credentials(), "http_proxy": server.endpoint}
        options = [f"--region={REGION}", "--endpoint=http://store.invalid"]
        assert Probe("s3://bucket", options, env)("list", "").status == probe.DONE
        (asked,) = server.requests
        assert asked.target.startswith("http://bucket.store.invalid/?")
