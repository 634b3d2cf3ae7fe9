"""What real stores refuse, in the words that a person gets: what happened, and the way out."""

import re
import subprocess
from pathlib import Path

import probe
import pytest
from process import binary
from store import BUCKET, NARROW_ACCESS_KEY, REGION, SECRET_KEY, Store, Stores

CLOCK = Path(binary()).parents[1] / "tests/cluster/libclock.so"
KEYS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"


def host(it: Store) -> str:
    return it.endpoint.removeprefix("http://")


def refused(probed: probe.Probe, *words: object) -> str:
    result = probed(*(words or ("list", "")))
    assert result.status == probe.UNKNOWN, result
    assert result.output == b""
    assert SECRET_KEY not in result.errors
    return result.errors


def test_a_wrong_secret_key(either: Store) -> None:
    text = refused(probe.of(either, "x", AWS_SECRET_ACCESS_KEY="wrong"))
    assert re.fullmatch(
        r"the secret key is not that of the access key \(403 SignatureDoesNotMatch: [^)]+\); "
        rf"check {KEYS} \(a blank or line end too much\?\); a proxy that changes requests does "
        "this too",
        text,
    ), text


def test_an_unknown_access_key(either: Store) -> None:
    text = refused(probe.of(either, "x", AWS_ACCESS_KEY_ID="AKIANOBODY"))
    assert re.fullmatch(
        r"the store does not know this access key \(403 InvalidAccessKeyId: [^)]+\); check "
        rf"{KEYS}, and that --endpoint is the store that the keys are of",
        text,
    ), text


def test_a_bucket_that_is_not_there(either: Store) -> None:
    probed = probe.of(either, "x")
    probed.place = "s3://no-such-bucket/x"
    text = refused(probed)
    assert re.fullmatch(
        rf"there is no bucket 'no-such-bucket' at {host(either)} \(404 NoSuchBucket: [^)]+\); "
        "check its name, --region and --endpoint",
        text,
    ), text
    assert refused(probed, "read", "key") == text


def test_another_region(stores: Stores) -> None:
    """versitygw names the right one, as AWS does; SeaweedFS takes any."""
    probed = probe.of(stores.versity, "x")
    probed.options[0] = "--region=us-west-2"
    text = refused(probed)
    assert re.fullmatch(
        rf"the bucket is in the region '{REGION}', not in 'us-west-2' "
        rf"\(400 AuthorizationHeaderMalformed: [^)]+\); --region {REGION}",
        text,
    ), text


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_a_clock_that_is_wrong(either: Store, tmp_path: Path, seconds: int) -> None:
    file = tmp_path / "seconds"
    file.write_text(str(seconds))
    text = refused(probe.of(either, "x", LD_PRELOAD=str(CLOCK), CLOCK_FILE=str(file)))
    time = r"(20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ)"
    found = re.match(rf"the clocks differ: here it is {time}, there {time} \(403 ", text)
    assert found, text
    assert found[1] != found[2]
    assert text.endswith("; set the clock of this machine")


DENIED = (
    r"access denied \(403 AccessDenied: [^)]+\); allow the keys from "
    rf"{KEYS} %s \(policy of the user or role, of the bucket, of the KMS key\), or use others"
)


def test_a_prefix_that_is_forbidden(either: Store, tmp_path: Path) -> None:
    for key in ("narrow/it", "wide/it"):
        either.s3.put_object(Bucket=BUCKET, Key=key, Body=b"it")
    content = tmp_path / "content"
    content.write_bytes(b"it")
    narrow, wide = (
        probe.of(either, path, AWS_ACCESS_KEY_ID=NARROW_ACCESS_KEY) for path in ("narrow", "wide")
    )
    assert narrow("read", "it").output == b"it"
    for probed, words, permission in (
        (narrow, ("put", "new", content), "s3:PutObject"),
        (wide, ("read", "it"), "s3:GetObject"),
        (wide, ("list", ""), "s3:ListBucket"),
    ):
        text = refused(probed, *words)
        assert re.fullmatch(DENIED % permission, text), text


def test_the_command_says_it_too(either: Store) -> None:
    """To a person and to a program: could not tell, never "damaged" or "fine"."""
    probed = probe.of(either, "x", AWS_SECRET_ACCESS_KEY="never-to-be-told")
    command = [binary(), "backups", "verify", f"--prefix={probed.place}", *probed.options]
    for options in ([], ["--json"], ["--prometheus"]):
        done = subprocess.run(
            [*command, *options], env={**probed.env}, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == probe.UNKNOWN, done
        assert "never-to-be-told" not in done.stdout + done.stderr
        words = " ".join((done.stdout + done.stderr).split())
        if options != ["--prometheus"]:
            assert "the secret key is not that of the access key" in words
