"""A pod's container as a process, in a root of its own with the pod's files.

There are two images: ours holds the built binary, any other one the machine's programs and those
that the node is given for it.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from process import binary
from processes import BOUND
from sandbox import child

OURS = "harbor-pg-webhook"  # in the name of our image
ENTRY_POINT = "/harbor-pg-webhook"
USERS = "root:x:0:0::/root:/bin/sh\npostgres:x:101:103::/home/postgres:/bin/sh\n"  # as spilo's
PROGRAMS = "/opt/programs"
PATH = f"{PROGRAMS}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# /usr in place of the image's libraries and programs, and the pod's volumes where the pod mounts
# them. Arguments: root, user, group, SOURCE TARGET for each mount up to "--", then the command.
ENTER = """
set -e
root=$1 user=$2 group=$3; shift 3
for it in dev usr; do mkdir -p "$root/$it"; mount --rbind "/$it" "$root/$it"; done
mkdir -p "$root/proc"; mount -t proc proc "$root/proc"
while [ "$1" != -- ]; do
    if [ -d "$1" ]; then mkdir -p "$root$2"; else : >"$root$2"; fi
    mount --bind "$1" "$root$2"; shift 2
done
shift
exec chroot "$root" setpriv --reuid "$user" --regid "$group" --clear-groups --no-new-privs \
    --bounding-set=-all --pdeathsig KILL -- "$@"
"""

ALONE = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", ENTER, "sh")


class PodProcess:
    """One container; `mounts` maps folders and files to the paths where it sees them."""

    def __init__(self, folder: Path, pod: dict, spec: dict, mounts: Mapping[Path, str]) -> None:
        self.root = folder / spec["name"] / "root"
        self.log_file = folder / spec["name"] / "log"
        self.root.mkdir(parents=True)
        self.command = [*spec.get("command", [ENTRY_POINT]), *spec.get("args", [])]
        self.security = pod["spec"]["securityContext"] | spec["securityContext"]
        self.mounts = dict(mounts)
        links = ["lib", "lib64"]
        if OURS in spec["image"]:
            self.mounts[Path(binary())] = ENTRY_POINT
        else:
            links += ["bin", "sbin"]
            (self.root / "etc").mkdir()
            (self.root / "etc/passwd").write_text(USERS)
        for it in links:
            (self.root / it).symlink_to(f"usr/{it}")
        self.process: subprocess.Popen | None = None
        self.starts = 0

    def start(self, env: Mapping[str, str]) -> None:
        user, group = self.security["runAsUser"], self.security["runAsGroup"]
        mounts = [word for pair in self.mounts.items() for word in pair]
        words = (self.root, user, group, *mounts, "--", *self.command)
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [*BOUND, *ALONE, *(str(word) for word in words)],
                cwd="/",
                env={"PATH": PATH, **env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.starts += 1

    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def exit_code(self) -> int | None:
        return self.process.poll() if self.process else None

    def terminate(self) -> None:
        """Asks the container's first process to end."""
        if self.runs():
            with contextlib.suppress(IndexError, FileNotFoundError, ProcessLookupError):
                os.kill(child(self.process.pid), signal.SIGTERM)

    def kill(self) -> None:
        """With all that it has started."""
        if self.runs():
            self.process.kill()
            self.process.wait()

    def output(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""
