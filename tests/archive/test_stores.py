"""What the other tests of this folder rely on: servers that know whom they let in, and where."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from store import ACCESS_KEY, BUCKET, REGION, SECRET_KEY, Store

PATH_STYLE = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1})


def refusal(store: Store, access_key: str, secret_key: str, region: str) -> str:
    client = boto3.client(
        "s3",
        endpoint_url=store.endpoint,
        region_name=region,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=PATH_STYLE,
    )
    with pytest.raises(ClientError) as caught:
        client.list_objects_v2(Bucket=BUCKET)
    return caught.value.response["Error"]["Code"]


def test_a_wrong_key_is_refused(either: Store) -> None:
    assert refusal(either, ACCESS_KEY, "another", REGION) == "SignatureDoesNotMatch"
    assert refusal(either, "AKIANOBODY", SECRET_KEY, REGION) == "InvalidAccessKeyId"


def test_a_copy_is_the_same(either: Store) -> None:
    for key in ("copied/one", "copied/two"):
        either.s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
    either.copy("copied/", "copies/")
    assert sorted(either.etags("copies/")) == ["copies/one", "copies/two"]
    assert list(either.etags("copied/").values()) == list(either.etags("copies/").values())
