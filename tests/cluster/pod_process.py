"""A pod's container as a process: the built binary, in a root of its own with the pod's files."""

import os
import subprocess
from pathlib import Path

from process import binary

# The root holds what an image would, /usr in place of the image's libraries, and the pod's volumes
# where the pod mounts them. Arguments: root, binary, user, group, then SOURCE TARGET for each
# volume up to "--", then those of the binary.
ENTER = """
set -e
root=$1 binary=$2 user=$3 group=$4; shift 4
for it in proc usr; do mkdir -p "$root/$it"; mount --rbind "/$it" "$root/$it"; done
for it in lib lib64; do [ -e "$root/$it" ] || ln -s "usr/$it" "$root/$it"; done
: >"$root/harbor-pg-webhook"; mount --bind "$binary" "$root/harbor-pg-webhook"
while [ "$1" != -- ]; do mkdir -p "$root$2"; mount --bind "$1" "$root$2"; shift 2; done
shift
exec chroot "$root" setpriv --reuid "$user" --regid "$group" --clear-groups --no-new-privs \
    --bounding-set=-all --pdeathsig KILL -- /harbor-pg-webhook "$@"
"""


class PodProcess:
    """The one container of a pod; `mounts` maps folders to the paths where it sees them."""

    def __init__(self, folder: Path, pod: dict, mounts: dict[Path, str]) -> None:
        self.root = folder / "root"
        self.log_file = folder / "log"
        self.root.mkdir(parents=True)
        self.spec = pod["spec"]["containers"][0]
        self.security = pod["spec"]["securityContext"]
        self.mounts = mounts
        self.process: subprocess.Popen | None = None
        self.starts = 0

    def start(self, env: dict[str, str]) -> None:
        user, group = self.security["runAsUser"], self.security["runAsGroup"]
        volumes = [word for pair in self.mounts.items() for word in pair]
        words = (self.root, binary(), user, group, *volumes, "--", *self.spec["args"])
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                ["unshare", "--mount", "sh", "-c", ENTER, "sh", *(str(word) for word in words)],
                cwd="/",
                env={"PATH": os.environ["PATH"], **env},
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
        if self.runs():
            self.process.terminate()

    def kill(self) -> None:
        if self.runs():
            self.process.kill()
            self.process.wait()

    def output(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""
