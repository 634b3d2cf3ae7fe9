"""The real programs that the cluster and restore suites start, built from the Go module proxy.

Each group of tools is a folder with a go.mod and a go.sum of its own, so that no tool moves the
versions of another. A binary is built once for each content of those two files and flags, and kept
in ${XDG_CACHE_HOME:-~/.cache}/harbor-pg-webhook/tools.
"""

import fcntl
import functools
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "harbor-pg-webhook"
TAIL_LINES = 20

GO_ENVIRONMENT = {"GOTOOLCHAIN": "local", "GOWORK": "off", "CGO_ENABLED": "0"}
GO_BUILD = ("go", "build", "-mod=readonly", "-trimpath", "-buildvcs=false")


def _kubernetes_version(version: str) -> str:
    """What Kubernetes' own build sets; clients such as Helm parse it."""
    major, minor, _ = version.split(".")
    values = {
        "gitVersion": f"v{version}",
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
        "gitCommit": "0",
        "buildDate": "2026-01-01T00:00:00Z",
    }
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return " ".join(f"-X {it}.{key}={value}" for it in packages for key, value in values.items())


@dataclass(frozen=True)
class Tool:
    group: str  # folder of go.mod
    package: str  # the main package
    sets: str = ""  # further flags of the linker

    @property
    def linker_flags(self) -> str:
        return f"-s -w {self.sets}".strip()

    @property
    def folder(self) -> Path:
        """Where its binary is kept."""
        key = hashlib.sha256()
        for name in ("go.mod", "go.sum"):
            key.update((HERE / self.group / name).read_bytes())
        key.update(" ".join((*GO_BUILD, self.linker_flags, self.package)).encode())
        return CACHE / "tools" / f"{self.group}-{key.hexdigest()[:16]}"


KUBERNETES = _kubernetes_version("1.36.3")

# As Helm's own build: its version, and the Kubernetes that it takes for granted without a cluster.
HELM = "-X helm.sh/helm/v3/internal/version.version=v3.21.4" + "".join(
    f" -X helm.sh/helm/v3/pkg/{it}.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/{it}.k8sVersionMinor=36"
    for it in ("chartutil", "lint/rules")
)

TOOLS = {
    "kube-apiserver": Tool("kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver", KUBERNETES),
    "kube-controller-manager": Tool(
        "kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager", KUBERNETES
    ),
    "kubectl": Tool("kubernetes", "k8s.io/kubernetes/cmd/kubectl", KUBERNETES),
    "etcd": Tool("etcd", "go.etcd.io/etcd/server/v3"),
    "kwok": Tool("kwok", "sigs.k8s.io/kwok/cmd/kwok"),
    "harbor-operator": Tool("harbor-operator", "github.com/goharbor/harbor-operator"),
    "postgres-operator": Tool(
        "postgres-operator-1.13.0", "github.com/zalando/postgres-operator/cmd"
    ),
    # The CRD of this one refuses the PostgreSQL version that Harbor asks for.
    "postgres-operator-new": Tool(
        "postgres-operator-1.15.1", "github.com/zalando/postgres-operator/cmd"
    ),
    "helm": Tool("helm", "helm.sh/helm/v3/cmd/helm", HELM),
    "versitygw": Tool("versitygw", "github.com/versity/versitygw/cmd/versitygw"),
}


class BuildFailed(Exception):
    """A tool could not be built; the text says which and why."""


class NoGo(BuildFailed):
    """There is no Go, or none that is recent enough."""


def path(name: str) -> Path:
    """The binary of a tool, which `build` has made."""
    return TOOLS[name].folder / name


def build(names: Iterable[str]) -> None:
    """Builds what is not there yet, one tool at a time, with one line of progress each."""
    for name in names:
        if path(name).exists():
            continue
        folder = TOOLS[name].folder
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path(name).exists():
                _build_one(name)


def _build_one(name: str) -> None:
    tool = TOOLS[name]
    _need_go(tool.group)
    start = time.monotonic()
    unfinished = path(name).with_suffix(".part")
    done = subprocess.run(
        [*GO_BUILD, "-ldflags", tool.linker_flags, "-o", unfinished, tool.package],
        cwd=HERE / tool.group,
        env={**os.environ, **GO_ENVIRONMENT},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-TAIL_LINES:])
        raise BuildFailed(f"{name}: go build exited with {done.returncode}\n{tail}")
    unfinished.rename(path(name))
    size = path(name).stat().st_size // 1_000_000
    print(
        f"tools: built {name} in {time.monotonic() - start:.0f} s ({size} MB)",
        file=sys.stderr,
        flush=True,
    )


def _need_go(group: str) -> None:
    try:
        done = subprocess.run(
            ["go", "list", "-m"],
            cwd=HERE / group,
            env={**os.environ, **GO_ENVIRONMENT},
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        raise NoGo("there is no go on PATH") from None
    if done.returncode != 0:
        raise NoGo(done.stderr.strip())


@functools.cache
def module(group: str, name: str) -> Path:
    """The folder of a module's source at the version that the group is built from.

    Its manifests are used from there; go.sum says that they are the ones expected.
    """
    done = subprocess.run(
        ["go", "mod", "download", "-json", name],
        cwd=HERE / group,
        env={**os.environ, **GO_ENVIRONMENT, "GOFLAGS": "-mod=readonly"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise BuildFailed(f"{name}: {done.stderr.strip() or done.stdout.strip()}")
    return Path(json.loads(done.stdout)["Dir"])
