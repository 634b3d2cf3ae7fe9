"""An OCI archive, read without any of the programs that made it."""

import hashlib
import json
import tarfile
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path


@dataclass(frozen=True)
class Image:
    path: Path

    @cached_property
    def members(self) -> dict[str, bytes]:
        with tarfile.open(self.path) as archive:
            return {it.name: archive.extractfile(it).read() for it in archive if it.isfile()}

    def blob(self, digest: str) -> bytes:
        """The content of this digest, which must have it."""
        algorithm, _, value = digest.partition(":")
        content = self.members[f"blobs/{algorithm}/{value}"]
        assert hashlib.new(algorithm, content).hexdigest() == value, digest
        return content

    @cached_property
    def digest(self) -> str:
        (manifest,) = json.loads(self.members["index.json"])["manifests"]
        return manifest["digest"]

    @cached_property
    def manifest(self) -> dict:
        return json.loads(self.blob(self.digest))

    @cached_property
    def config(self) -> dict:
        return json.loads(self.blob(self.manifest["config"]["digest"]))

    @cached_property
    def entries(self) -> dict[str, tuple[tarfile.TarInfo, bytes]]:
        """What the one layer holds, by path from the root, with the content of files."""
        (layer,) = self.manifest["layers"]
        found = {}
        with tarfile.open(fileobj=BytesIO(self.blob(layer["digest"]))) as archive:
            for it in archive:
                found["/" + it.name.strip("/")] = (
                    it,
                    archive.extractfile(it).read() if it.isfile() else b"",
                )
        return found

    @cached_property
    def files(self) -> dict[str, bytes]:
        return {path: content for path, (it, content) in self.entries.items() if it.isfile()}
