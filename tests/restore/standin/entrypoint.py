"""A stand-in for the entry point of a spilo image, as small as can be: environment -> Patroni.

It follows what is documented of spilo's configuration and is none of its code. It differs on
purpose where a test wants to be quick: short intervals, no fsync.
"""

import os
import pwd
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import archive
import yaml

HOME = Path("/home/postgres")
RUN = Path("/run/postgresql")
CONFIG = RUN / "postgres.yml"
CERTIFICATE, KEY = RUN / "server.crt", RUN / "server.key"
OWN_ARCHIVE, CLONED_ARCHIVE = RUN / "own-archive", RUN / "cloned-archive"  # folders for envdir

HERE = Path(__file__).parent
LEFT_TO_PATRONI = ("HOSTNAME", "LC_ALL", "PATH", "POD_IP", "POD_NAMESPACE")

Environment = dict[str, str]


def merged(own: dict, users: dict) -> dict:
    """What the user says wins; lists are replaced, never joined."""
    result = dict(own)
    for key, value in users.items():
        both = isinstance(result.get(key), dict) and isinstance(value, dict)
        result[key] = merged(result[key], value) if both else value
    return result


def configuration(env: Environment) -> dict:
    """Patroni's configuration."""
    users = yaml.safe_load(env.get("SPILO_CONFIGURATION", "")) or {}
    return merged(own_configuration(env), users)


def own_configuration(env: Environment) -> dict:
    address = env["POD_IP"]
    return {
        "scope": env["SCOPE"],
        "name": env.get("POD_NAME") or os.uname().nodename,
        **store(env),
        "restapi": {"listen": "0.0.0.0:8008", "connect_address": f"{address}:8008"},
        "bootstrap": {
            "dcs": {
                "ttl": 30,
                "loop_wait": 1,
                "retry_timeout": 10,
                "postgresql": {"use_pg_rewind": True, "use_slots": True},
            },
            "initdb": [{"encoding": "UTF8"}, {"locale": "en_US.UTF-8"}, "data-checksums"],
            **cloning(env),
        },
        "postgresql": {
            "listen": "*:5432",
            "connect_address": f"{address}:5432",
            "use_unix_socket": True,
            "use_unix_socket_repl": True,
            "data_dir": str(data_folder(env)),
            "bin_dir": f"/usr/lib/postgresql/{env['PGVERSION']}/bin",
            "pgpass": str(RUN / "pgpass"),
            "authentication": {
                "superuser": account(env, "SUPERUSER", "postgres"),
                "replication": account(env, "STANDBY", "standby"),
            },
            "parameters": {
                "unix_socket_directories": str(RUN),
                "ssl": "on",
                "ssl_cert_file": str(CERTIFICATE),
                "ssl_key_file": str(KEY),
                "fsync": "off",
                "log_connections": "on",
                "archive_mode": "on",
                "archive_command": archive_command(env),
            },
            "pg_hba": rules(env),
        },
    }


def archive_command(env: Environment) -> str:
    return f'{archiver(OWN_ARCHIVE)} wal-push "%p"' if archive.own(env) else "/bin/true"


def cloning(env: Environment) -> dict:
    """How to make the first node of a new cluster, when it is not initdb."""
    if not archive.clone(env):
        return {}
    words = ("envdir", CLONED_ARCHIVE, sys.executable, HERE / "clone.py")
    options = {
        "folder": CLONED_ARCHIVE,
        "version": env["PGVERSION"],
        "target-time": env.get("CLONE_TARGET_TIME", ""),
    }
    command = [*words, *(f"--{name}={value}" for name, value in options.items())]
    fetch = f"{archiver(CLONED_ARCHIVE)} wal-fetch"
    if archive.clones_with_wale(env):
        fetch = f"envdir {CLONED_ARCHIVE} wal-e wal-fetch -p 0"
    return {
        "method": "clone",
        "clone": {
            "command": shlex.join(str(word) for word in command),
            "recovery_conf": {"restore_command": f'{fetch} "%f" "%p"', **archive.recovery(env)},
        },
    }


def archiver(folder: Path) -> str:
    return f"envdir {folder} {sys.executable} {HERE / 'walg.py'}"


def account(env: Environment, role: str, default: str) -> dict:
    return {
        "username": env.get(f"PGUSER_{role}") or default,
        "password": env[f"PGPASSWORD_{role}"],
    }


def rules(env: Environment) -> list[str]:
    """Of who sets none."""
    standby = env.get("PGUSER_STANDBY") or "standby"
    return [
        "local all all trust",
        f"local replication {standby} trust",
        f"hostssl replication {standby} all md5",
        "hostssl all all all md5",
    ]


def store(env: Environment) -> dict:
    """Where Patroni keeps its cluster's state."""
    if "ETCD3_HOST" in env:
        return {"etcd3": {"host": env["ETCD3_HOST"]}}
    return {
        "kubernetes": {
            "namespace": env["POD_NAMESPACE"],
            "labels": yaml.safe_load(env["KUBERNETES_LABELS"]),
            "scope_label": env["KUBERNETES_SCOPE_LABEL"],
            "role_label": env["KUBERNETES_ROLE_LABEL"],
            "leader_label_value": env.get("KUBERNETES_LEADER_LABEL_VALUE") or "master",
            "standby_leader_label_value": "master",
            "use_endpoints": env.get("KUBERNETES_USE_CONFIGMAPS") != "true",
            "pod_ip": env["POD_IP"],
            "ports": [{"port": 5432, "name": "postgresql"}],
            "bypass_api_service": env.get("KUBERNETES_BYPASS_API_SERVICE") == "true",
        }
    }


def data_folder(env: Environment) -> Path:
    return Path(env.get("PGROOT") or HOME / "pgdata/pgroot") / "data"


def make_certificate() -> None:
    words = "openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -days 2"
    command = [*words.split(), "-subj", f"/CN={os.uname().nodename}", "-out", CERTIFICATE]
    subprocess.run([*command, "-keyout", KEY], check=True, stderr=subprocess.DEVNULL)


def become_postgres(*folders: Path) -> None:
    """Gives it the folders, and is root no more."""
    user = pwd.getpwnam("postgres")
    for folder in folders:
        shutil.chown(folder, user.pw_uid, user.pw_gid)
        for path in folder.rglob("*"):
            shutil.chown(path, user.pw_uid, user.pw_gid)
    os.initgroups(user.pw_name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.environ["HOME"] = str(HOME)
    os.chdir(HOME)


def write_archives(env: Environment) -> None:
    """Where the commands above find their archives; dies where the environment contradicts itself.

    Nothing here makes backups with WAL-E, which makes the backups where WAL-G is not asked to.
    """
    for text in archive.warnings(env):
        print(f"WARNING: {text}", file=sys.stderr, flush=True)
    own = archive.own(env)
    if own and own["USE_WALG_BACKUP"] != "true":
        raise archive.Dies("an own archive without USE_WALG_BACKUP=true is not supported here")
    for folder, variables in ((OWN_ARCHIVE, own), (CLONED_ARCHIVE, archive.clone(env))):
        folder.mkdir(mode=0o700, exist_ok=True)
        for name, value in variables.items():
            (folder / name).write_text(value)


def start_first_backup(data: Path) -> None:
    """Beside Patroni, as soon as this is a leader."""
    words = ("envdir", OWN_ARCHIVE, sys.executable, HERE / "first_backup.py", data)
    where = {"PGHOST": str(RUN), "PGUSER": "postgres"}
    subprocess.run(["setsid", "--fork", *words], env={**os.environ, **where}, check=True)


def of_patroni(env: Environment) -> Environment:
    """Little of the environment reaches Patroni, and with it PostgreSQL and its commands."""
    kept = {it: v for it, v in env.items() if it in LEFT_TO_PATRONI or it.startswith("KUBERNETES_")}
    return {**kept, "HOME": str(HOME)}


def main() -> None:
    env = dict(os.environ)
    data = data_folder(env)
    for folder in (RUN, data):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        write_archives(env)
    except archive.Dies as reason:
        raise SystemExit(f"not started: {reason}") from None
    make_certificate()
    become_postgres(HOME, RUN, data.parent)
    data.chmod(0o700)
    CONFIG.write_text(yaml.safe_dump(configuration(env)))
    CONFIG.chmod(0o600)
    if archive.own(env):
        start_first_backup(data)
    os.execve(sys.executable, [sys.executable, "-m", "patroni", str(CONFIG)], of_patroni(env))


if __name__ == "__main__":
    main()
