"""Entry point (a): spilo's own scripts and a real WAL-G, where somebody has them.

No registry has either, so this repository has no word of them. SPILO_SCRIPTS names folders, WAL-G
binaries are named in WALG, each list separated by colons. Scripts and WAL-G are pairs: scripts that
read the newer list of backups need WAL-G 3, older ones WAL-G 2.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import helpers
import parts
from entries import NEW_DATABASE, Entry
from sandbox import PATH

START = helpers.HERE / "spilo-start"
LAYOUT = ("scripts", "bootstrap", "major_upgrade")  # that the image puts into one folder
LIBRARIES = {"2": "patroni[etcd3,kubernetes]==3.2.2", "3": "patroni[etcd3,kubernetes]==3.3.3"}

# The environment of the image.
IMAGE = {
    "HOME": "/home/postgres",
    "LC_ALL": "en_US.utf-8",
    "RW_DIR": "/run",
    "PGHOME": "/home/postgres",
    "PGROOT": "/home/postgres/pgdata/pgroot",
    "PGDATA": "/home/postgres/pgdata/pgroot/data",
    "PGLOG": "/home/postgres/pgdata/pgroot/pg_log",
    "WALE_ENV_DIR": "/run/etc/wal-e.d/env",
}

# What a test adds: there is no cloud to ask for a zone, no PAM module, and Debian's PostgreSQL has
# none of the extensions that the image loads and creates.
VARIABLES = {**IMAGE, "SPILO_PROVIDER": "local", "PAM_OAUTH2": ""}
CONFIGURATION = {
    "bootstrap": {"post_init": NEW_DATABASE},
    "postgresql": {
        "parameters": {"shared_preload_libraries": "pg_stat_statements"},
        "callbacks": {"on_role_change": "/bin/true"},
    },
}
POSTGRES_LOGS = "/home/postgres/pgdata/pgroot/pg_log/*.csv"

ABSENT = "SPILO_SCRIPTS and WALG do not give spilo's scripts and a WAL-G that fits"


def named(variable: str) -> list[Path]:
    return [Path(it).resolve() for it in os.environ.get(variable, "").split(":") if it]


def pairs() -> Iterator[tuple[Path, Path]]:
    """The scripts that are given, each with a WAL-G that fits."""
    programs = {walg_version(it)[:1]: it for it in named("WALG")}
    for it in named("SPILO_SCRIPTS"):
        program = programs.get(walg_wanted(it))
        if program:
            yield it, program


def download() -> None:
    """What the pairs need from the machine's network."""
    for scripts, _ in pairs():
        parts.container_python(LIBRARIES[walg_wanted(scripts)])


def prepare(scripts: Path, program: Path, folder: Path) -> Entry:
    """Copies what is given to a place that can be mounted; the copies are not changed."""
    label = scripts_version(scripts)
    here = folder / f"spilo-{label}"
    for name, sources in (("scripts", [root(scripts) / it for it in LAYOUT]), ("bin", [])):
        (here / name).mkdir(parents=True)
        for source in sources:
            shutil.copytree(source, here / name, dirs_exist_ok=True)
    shutil.copy(program, here / "bin/wal-g")
    shutil.copy(START, here / "bin/spilo-start")
    return Entry(
        name=f"spilo {label} and WAL-G {walg_version(program)}",
        command=("/opt/spilo/spilo-start",),
        archiver=(f"/opt/walg-{label}/wal-g",),
        short=f"a{re.sub('[^0-9a-z]', '', label)}",
        mounts={
            "/scripts": here / "scripts",
            "/opt/spilo": here / "bin",
            "/opt/python": parts.container_python(LIBRARIES[walg_wanted(scripts)]),
        },
        source_mounts={f"/opt/walg-{label}": here / "bin"},
        variables={**VARIABLES, "PATH": f"/opt/python/bin:/opt/spilo:{PATH}"},
        configuration=CONFIGURATION,
        postgres_logs=POSTGRES_LOGS,
    )


# --- what is what


def root(scripts: Path) -> Path:
    """The folder that has the scripts' folders."""
    for it in (scripts / "postgres-appliance", scripts, scripts.parent):
        if all((it / name).is_dir() for name in LAYOUT):
            return it
    raise FileNotFoundError(f"SPILO_SCRIPTS: {scripts} has not {', '.join(LAYOUT)}")


def scripts_version(scripts: Path) -> str:
    """As its folder's name has it; the scripts do not say."""
    match = re.search(r"\d+\.\d+-p\d+", str(scripts))
    return match[0] if match else f"for-WAL-G-{walg_wanted(scripts)}"


def walg_wanted(scripts: Path) -> str:
    """The major version of WAL-G whose list of backups these scripts can read."""
    clone = (root(scripts) / "bootstrap/clone_with_wale.py").read_text()
    return "3" if re.search(r"""['"]backup_name['"]""", clone) else "2"


def walg_version(program: Path) -> str:
    """As it says itself; one that was built without a version, as its file's name has it."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    match = re.search(r"(\d+\.\d+\.\d+)", said) or re.search(r"(\d+\.\d+\.\d+)", program.name)
    if not match:
        raise ValueError(f"WALG: {program} has no version")
    return match[1]
