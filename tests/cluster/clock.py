"""The wall clock of replicas, set apart from that of the machine."""

import os
from pathlib import Path

from process import binary

MOUNT = "/clock"
LIBRARY = Path(binary()).parents[1] / "tests/cluster/libclock.so"
LIBRARY_MOUNT = "/clock-library"


class Clock:
    """What pods need that are to go by it: an environment and two folders."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.file = folder / "seconds"
        self.set(0)
        self.env = {"LD_PRELOAD": f"{LIBRARY_MOUNT}/{LIBRARY.name}"}
        self.mounts = {folder: MOUNT, LIBRARY.parent: LIBRARY_MOUNT}

    def set(self, seconds: int) -> None:
        """How many seconds it is ahead of the machine's; at once for all that go by it."""
        new = self.file.with_suffix(".new")
        new.write_text(str(seconds))
        os.replace(new, self.file)
