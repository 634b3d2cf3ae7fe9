"""The database that is lost: Harbor's tables, a base backup, more rows, and all of its WAL.

it = source.make(sandbox, archivers, stores.versity)
it.archives["stand-in"].prefix    # spilo/postgresql-lost-harbor/<uid>/wal/15/
it.final, it.at_target            # what a clone has to have, as docs/fingerprint.sql tells
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import store
from helpers import ROOT
from parts import POSTGRES_BIN, POSTGRES_VERSION
from polling import wait_for
from sandbox import Sandbox

SCOPE = "postgresql-lost-harbor"
DATABASE = "core"
ARTIFACTS = 20_000

FINGERPRINT = ROOT / "docs/fingerprint.sql"
DATA = "/home/source/data"
PUSH = "/home/source/push"
SOCKETS = "/run/postgresql"
PSQL = ("psql", "-XqAt", f"--host={SOCKETS}", "--username=postgres", "--set=ON_ERROR_STOP=1")
AS_POSTGRES = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups")
SETTINGS = {
    "unix_socket_directories": SOCKETS,
    "listen_addresses": "",
    "fsync": "off",
    "archive_mode": "on",
    "archive_command": f"sh {PUSH} %p",
}

# What Patroni leaves in the data directory of its databases, and so in their base backups. spilo's
# clone starts PostgreSQL for the first time with nothing but this of the cluster's settings.
LEFT_BY_PATRONI = {"postgresql": {"parameters": {"archive_mode": "on", "wal_level": "replica"}}}

ROLES = """
create role standby replication login password 'standby-of-old';
create role harbor login password 'harbor-of-old';
create role zalandos;
alter role postgres password 'postgres-of-old';
"""

SCHEMA = """
create table project (
    project_id serial primary key, owner_id int not null, name varchar(255) not null unique,
    creation_time timestamp default current_timestamp, deleted boolean default false not null);
create table repository (
    repository_id serial primary key, name varchar(255) not null unique,
    project_id int not null references project, description text, pull_count int default 0);
create table artifact (
    id serial primary key, type varchar(255) not null, project_id int not null references project,
    repository_id int not null references repository, repository_name varchar(255) not null,
    digest varchar(255) not null, size bigint, push_time timestamp default current_timestamp,
    unique (repository_id, digest));
insert into project (owner_id, name) select 1, 'project-' || i from generate_series(1, 50) i;
insert into repository (name, project_id)
    select 'project-' || i % 50 + 1 || '/repository-' || i, i % 50 + 1
    from generate_series(1, 500) i;
"""

ADD_ARTIFACTS = """
insert into artifact (type, project_id, repository_id, repository_name, digest, size)
    select 'IMAGE', project_id, repository_id, name,
        'sha256:' || encode(sha256(i::text::bytea), 'hex'), i * 1000
    from generate_series({first}, {last}) i join repository on repository_id = i % 500 + 1;
"""

NEXT_SECOND = "date_trunc('second', clock_timestamp()) + interval '1 second'"
ISO = """'YYYY-MM-DD"T"HH24:MI:SS"+00:00"'"""


@dataclass(frozen=True)
class Archiver:
    """A program that is called as WAL-G is; `words` as they are in the sandbox."""

    name: str
    words: Sequence[str]
    offline: bool = False  # makes its base backups only while PostgreSQL is down
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Archive:
    """Where one archiver has put everything, in the operator's layout."""

    scope: str = SCOPE
    scope_prefix: str = ""
    suffix: str = field(default_factory=lambda: f"/{uuid.uuid4()}")

    @property
    def prefix(self) -> str:
        scope = f"{self.scope_prefix}{self.scope}{self.suffix}"
        return f"spilo/{scope}/wal/{POSTGRES_VERSION}/"


@dataclass(frozen=True)
class Fingerprint:
    """Of one database at one moment."""

    tables: Mapping[str, Mapping]  # {"public.artifact": {"rows": 20000, "digest": "…"}}
    system_identifier: str
    timeline: int


@dataclass(frozen=True)
class Source:
    archives: Mapping[str, Archive]  # by the name of the archiver
    final: Fingerprint
    at_target: Fingerprint
    target_time: str  # after the base backup, with more rows before it and after it


def make(
    sandbox: Sandbox,
    archivers: Sequence[Archiver],
    s3: store.Store,
    scope: str = SCOPE,
    artifacts: int = ARTIFACTS,
) -> Source:
    """Makes a source in a sandbox of its own and ends it: what is left of it are the archives."""
    archives = {it.name: Archive(scope) for it in archivers}
    quarters = [range(it * artifacts // 4, (it + 1) * artifacts // 4) for it in range(4)]
    calls = [_call(it, archives[it.name], s3) for it in archivers]
    sandbox.write(PUSH, "set -e\n" + "".join(f'{it} wal-push "$1"\n' for it in calls))
    _create(sandbox)
    sql(sandbox, ROLES, "postgres")
    sql(sandbox, f"create database {DATABASE} owner harbor", "postgres")
    sql(sandbox, "set role harbor;" + SCHEMA + _artifacts(quarters[0]))
    for it, call in zip(archivers, calls, strict=True):
        (_back_up_offline if it.offline else _back_up)(sandbox, call)
    sql(sandbox, "set role harbor;" + _artifacts(quarters[1]) + _artifacts(quarters[2]))
    target_time = sql(sandbox, f"set timezone to 'UTC'; select to_char({NEXT_SECOND}, {ISO})")
    wait_for(
        "the target time is past",
        lambda: sql(sandbox, f"select clock_timestamp() > '{target_time}'") == "t",
        every=0.1,
    )
    at_target = fingerprint(sandbox)
    sql(sandbox, "set role harbor;" + _artifacts(quarters[3]))
    final = fingerprint(sandbox)
    _archive_all(sandbox)
    sandbox.stop()
    return Source(archives, final, at_target, target_time)


def fingerprint(sandbox: Sandbox, database: str = DATABASE) -> Fingerprint:
    """What the product's own script says of a database that runs in a sandbox."""
    told = json.loads(_psql(sandbox, FINGERPRINT.read_text(), database))
    cluster = told["cluster"]
    return Fingerprint(told["tables"], cluster["system_identifier"], cluster["timeline"])


def sql(sandbox: Sandbox, text: str, database: str = DATABASE) -> str:
    return _psql(sandbox, text, database)


def _psql(sandbox: Sandbox, text: str, database: str) -> str:
    done = sandbox.run(*PSQL, database, input=text)
    assert done.returncode == 0, f"{sandbox.name}: {done.stderr}"
    return done.stdout.strip()


def _artifacts(numbers: range) -> str:
    return ADD_ARTIFACTS.format(first=numbers.start + 1, last=numbers.stop)


def _call(archiver: Archiver, archive: Archive, s3: store.Store) -> str:
    env = {
        **store.credentials(),
        "WALG_S3_PREFIX": f"s3://{store.BUCKET}/{archive.prefix}",
        "WALE_S3_PREFIX": f"s3://{store.BUCKET}/{archive.prefix}",
        "AWS_ENDPOINT": s3.endpoint,
        "AWS_S3_FORCE_PATH_STYLE": "true",
        "AWS_REGION": store.REGION,
        "PGHOST": SOCKETS,
        "PGUSER": "postgres",
        # One WAL-G that pushes further segments in the background notes it in the data directory,
        # and the next one, which has another archive, would believe it.
        "WALG_UPLOAD_CONCURRENCY": "1",
        **archiver.variables,
    }
    variables = " ".join(f"{name}={value}" for name, value in env.items())
    return f"env {variables} {' '.join(archiver.words)}"


def _back_up(sandbox: Sandbox, call: str) -> None:
    _run(sandbox, "sh", "-c", f"{call} backup-push {DATA}")


def _back_up_offline(sandbox: Sandbox, call: str) -> None:
    """WAL-E leaves postgresql.conf out; a database of Patroni's has it a second time."""
    _run(sandbox, POSTGRES_BIN / "pg_ctl", "-D", DATA, "--wait", "stop")
    _run(sandbox, "cp", f"{DATA}/postgresql.conf", f"{DATA}/postgresql.base.conf")
    _run(sandbox, "sh", "-c", f"{call} backup-push --while-offline {DATA}")
    _start(sandbox)


def _create(sandbox: Sandbox) -> None:
    for folder in (DATA, SOCKETS):
        _as_root(sandbox, "install", "-d", "-o", "postgres", "-m", "0700", folder)
    locale = ("--encoding=UTF8", "--locale=en_US.UTF-8")
    options = ("--username=postgres", "--auth=trust", "--data-checksums", "--no-sync")
    _run(sandbox, POSTGRES_BIN / "initdb", *options, *locale, f"--pgdata={DATA}")
    left = json.dumps(LEFT_BY_PATRONI)
    _run(sandbox, "sh", "-c", f"echo '{left}' > {DATA}/patroni.dynamic.json")
    _start(sandbox)


def _start(sandbox: Sandbox) -> None:
    settings = " ".join(f"-c {name}='{value}'" for name, value in SETTINGS.items())
    log = f"{DATA}/server.log"
    _run(sandbox, POSTGRES_BIN / "pg_ctl", "-D", DATA, "-l", log, "-o", settings, "--wait", "start")


def _archive_all(sandbox: Sandbox) -> None:
    last = sql(sandbox, "select pg_walfile_name(pg_current_wal_lsn())")
    sql(sandbox, "select pg_switch_wal()")
    wait_for(
        f"{last} is archived",
        lambda: sql(sandbox, "select last_archived_wal from pg_stat_archiver") >= last,
        60,
        0.1,
    )


def _run(sandbox: Sandbox, *words: object) -> None:
    _as_root(sandbox, *AS_POSTGRES, *words)


def _as_root(sandbox: Sandbox, *words: object) -> None:
    done = sandbox.run(*words)
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
