"""The entry points with which a pod's container can be started, and what a test adds for each.

(a) spilo's own scripts with a real WAL-G, where somebody gives their places: see spilo.py;
(b) a stand-in of ours, always.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lab import ETCD, PYTHON, STANDIN
from process import merged

# A test has seconds: Patroni looks at its state every second, and PostgreSQL does not wait for the
# disk. Nothing of it decides whether and from where a database is restored.
QUICK = {
    "bootstrap": {"dcs": {"loop_wait": 1}},
    "postgresql": {"parameters": {"fsync": "off", "shared_buffers": "32MB"}},
}


@dataclass(frozen=True)
class Entry:
    name: str
    command: Sequence[str]
    archiver: Sequence[str]  # the words that call the archiver which belongs to it
    short: str  # for names of namespaces
    mounts: Mapping[str, Path] = field(default_factory=dict)
    source_mounts: Mapping[str, Path] = field(default_factory=dict)  # where the archiver is called
    variables: Mapping[str, str] = field(default_factory=dict)
    configuration: dict = field(default_factory=dict)  # goes into SPILO_CONFIGURATION
    postgres_logs: str = ""  # files that PostgreSQL writes its log to, if not the container's

    def environment(self, of_kubelet: Mapping[str, str]) -> dict[str, str]:
        """With what a test adds."""
        configuration = json.loads(of_kubelet["SPILO_CONFIGURATION"])
        for more in (QUICK, self.configuration):
            configuration = merged(configuration, more)
        return {
            **of_kubelet,
            "SPILO_CONFIGURATION": json.dumps(configuration),
            **self.variables,
        }

    def without_kubernetes(self, of_kubelet: Mapping[str, str]) -> dict[str, str]:
        """The same where no Kubernetes keeps Patroni's state: an etcd does, and the namespace,
        which the entry points take from Kubernetes only if it keeps the state, is given."""
        more = {"ETCD3_HOST": ETCD, "NAMESPACE": of_kubelet["POD_NAMESPACE"]}
        return {**self.environment(of_kubelet), **more}


# What the image does in a new database, without its extensions, which Debian does not have.
NEW_DATABASE = "psql -Xq --set=ON_ERROR_STOP=1 --file=/opt/standin/new_database.sql"

STAND_IN = Entry(
    name="stand-in",
    command=STANDIN,
    archiver=(PYTHON, "/opt/standin/walg.py"),
    short="b",
    configuration={"bootstrap": {"post_init": NEW_DATABASE}},
)
