"""The files of a pod: what its volumes hold, mounted and kept fresh as a kubelet does."""

import base64
import time
from pathlib import Path
from typing import Any

from api import Api, ApiError
from pki import Mount

ALL_ADDRESSES = b'"0.0.0.0:'
FILES_SECONDS = 1.0  # a real kubelet takes up to a minute and a half

Source = dict[str, Any]


class Volumes:
    """`own` is the pod's address, which stands in its ConfigMaps in place of "all addresses"."""

    def __init__(self, api: Api, pod: dict, folder: Path, own: str) -> None:
        self.api = api
        self.pod = pod
        self.namespace = pod["metadata"]["namespace"]
        self.own = f'"{own}:'.encode()
        self.volumes = {it["name"]: it for it in pod["spec"].get("volumes", [])}
        self.folders = {name: folder / "volumes" / name for name in self.volumes}
        self.mounts = {
            name: Mount(self.folders[name])
            for name, volume in self.volumes.items()
            if "emptyDir" not in volume
        }
        for name in self.volumes.keys() - self.mounts.keys():
            self.folders[name].mkdir(parents=True)
            self.folders[name].chmod(0o777)
        self.published: dict[str, dict[str, bytes]] = {}
        self.tokens: dict[str, bytes] = {}
        self.due = 0.0

    def of(self, container: dict) -> dict[Path, str]:
        """The folders that a container mounts, and where."""
        mounts = container.get("volumeMounts", [])
        return {self.folders[it["name"]]: it["mountPath"] for it in mounts}

    def refresh(self) -> None:
        """Now and then. What is not there (yet) raises, what was there stays."""
        now = time.monotonic()
        if now < self.due:
            return
        self.due = now + FILES_SECONDS
        for name, mount in self.mounts.items():
            try:
                files = self._files(self.volumes[name])
            except ApiError as error:
                if error.code == 404 and name in self.published:
                    continue
                self.due = 0.0
                raise
            if files != self.published.get(name):
                mount.publish(files)
                self.published[name] = files

    def _files(self, volume: Source) -> dict[str, bytes]:
        if "projected" not in volume:
            return self._of_source(volume)
        files: dict[str, bytes] = {}
        for source in volume["projected"]["sources"]:
            files |= self._of_source(source)
        return files

    def _of_source(self, source: Source) -> dict[str, bytes]:
        if "configMap" in source:
            return _chosen(source["configMap"], self._config_map(source["configMap"]["name"]))
        if "secret" in source:
            return _chosen(source["secret"], self._secret(source["secret"]["secretName"]))
        token = source["serviceAccountToken"]
        return {token["path"]: self._token(token.get("audience", ""))}

    def _config_map(self, name: str) -> dict[str, bytes]:
        data = self.api.get("configmaps", self.namespace, name)["data"]
        return {key: text.encode().replace(ALL_ADDRESSES, self.own) for key, text in data.items()}

    def _secret(self, name: str) -> dict[str, bytes]:
        data = self.api.get("secrets", self.namespace, name).get("data", {})
        return {key: base64.b64decode(value) for key, value in data.items()}

    def _token(self, audience: str) -> bytes:
        """Asked for once: a pod here does not live as long as its token."""
        if audience not in self.tokens:
            self.tokens[audience] = self.api.account_token(self.pod, audience).encode()
        return self.tokens[audience]


def _chosen(source: Source, content: dict[str, bytes]) -> dict[str, bytes]:
    """All keys, or those that are listed, under their names there."""
    items = source.get("items")
    return {it["path"]: content[it["key"]] for it in items} if items else content
