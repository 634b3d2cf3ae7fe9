#!/usr/bin/env python3
"""What it costs to read everything: deep_cost.py BUILD [MIB].

An archive with one part of so many MiB of rows, in each compression, from a folder.
"""

import hashlib
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from generator import MIB, Builder, Style
from scale import cost

METHODS = ("lz4", "zst", "lzma", "br")


@dataclass
class Rows(Builder):
    """Backups with a table of so many bytes in their first part."""

    size: int = 0

    def _tars(self, *rest: object) -> dict[str, dict[str, bytes]]:
        tars = super()._tars(*rest)
        tars["part_001.tar"]["/base/5/16384"] = rows(self.size)
        return tars


def rows(size: int) -> bytes:
    """Texts that no row shares with another, beside what all of them share."""
    count = size // 128 + 1
    made = (f"{it:016x}{hashlib.md5(b'%d' % it).hexdigest():>112}" for it in range(count))
    return "".join(made).encode()[:size]


def main(build: str, mebibytes: str = "512") -> None:
    binary = Path(build) / "server/harbor-pg-webhook"
    print("| compression | stored | decompressed | CPU | a core reads, stored | peak memory |")
    print("|---|---|---|---|---|---|")
    for method in METHODS:
        it = Rows(style=Style(method=method), size=int(mebibytes) * MIB)
        it.base_backup()
        with tempfile.TemporaryDirectory(prefix="hpw-deep-") as folder:
            it.archive.write(Path(folder))
            words = ("backups", "verify", "--prefix", folder, "--deep", "--json")
            seconds, peak, out = cost(binary, *words)
        assert json.loads(out)["findings"] == []
        stored = sum(blob.size for blob in it.archive.values()) / MIB
        print(
            f"| {method} | {stored:.0f} MiB | {int(mebibytes)} MiB | {seconds:.2f} s "
            f"| {stored / seconds:.0f} MiB/s | {peak / MIB:.1f} MiB |"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
