"""One call of the webhook's own client of S3, or of its reading of folders, a run (probe.c)."""

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from process import binary
from store import BUCKET, REGION, Store, credentials

PROGRAM = Path(binary()).parents[1] / "tests/archive/probe"
SECONDS = 120
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

MOUNT_HOSTS = 'mount --bind "$1" /etc/hosts && shift && exec "$@"'
WITH_HOSTS = ("/usr/bin/unshare", "--mount", "/bin/sh", "-c", MOUNT_HOSTS, "sh")

DONE, UNKNOWN, USAGE, ABSENT, EXISTS = range(5)  # exit statuses


@dataclass(frozen=True)
class Result:
    status: int
    output: bytes
    errors: str

    def objects(self) -> list[tuple[int, int, str]]:
        """Size, time and key of each object of a listing."""
        return [tuple(json.loads(line)) for line in self.output.splitlines()]

    def keys(self) -> list[str]:
        return [key for _, _, key in self.objects()]


@dataclass
class Probe:
    """Asks for what is below `place`, as somebody with these options and just these variables."""

    place: str
    options: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    hosts: Path | None = None  # instead of the machine's own hosts file

    def __call__(self, *words: object) -> Result:
        """probe("list", "prefix"), probe("read", "key"), probe("put", "key", file)."""
        command, *arguments = words
        inside = [*WITH_HOSTS, self.hosts] if self.hosts else []
        done = subprocess.run(
            [
                *map(str, inside),
                *(PROGRAM, *self.options, "--", str(command), self.place, *map(str, arguments)),
            ],
            env={"PATH": PATH, **self.env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
        )
        return Result(done.returncode, done.stdout, done.stderr.decode().removesuffix("\n"))


def of(store: Store, path: str, *options: str, **env: str) -> Probe:
    """Of a path in the bucket of a store; `env` is laid over the keys of the suite."""
    return Probe(
        f"s3://{BUCKET}/{path}",
        [f"--region={REGION}", f"--endpoint={store.endpoint}", *options],
        {**credentials(), **env},
    )
