"""A stand-in for the entry point of a spilo image, as small as can be: environment -> Patroni.

It follows what is documented of spilo's configuration and is none of its code. It differs on
purpose where a test wants to be quick: short intervals, no fsync.
"""

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

HOME = Path("/home/postgres")
RUN = Path("/run/postgresql")
CONFIG = RUN / "postgres.yml"
CERTIFICATE, KEY = RUN / "server.crt", RUN / "server.key"

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
                "ttl": 20,
                "loop_wait": 1,
                "retry_timeout": 3,
                "postgresql": {"use_pg_rewind": True, "use_slots": True},
            },
            "initdb": [{"encoding": "UTF8"}, {"locale": "en_US.UTF-8"}, "data-checksums"],
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
            },
            "pg_hba": rules(env),
        },
    }


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


def main() -> None:
    env = dict(os.environ)
    data = data_folder(env)
    for folder in (RUN, data):
        folder.mkdir(parents=True, exist_ok=True)
    make_certificate()
    become_postgres(HOME, RUN, data.parent)
    data.chmod(0o700)
    CONFIG.write_text(yaml.safe_dump(configuration(env)))
    CONFIG.chmod(0o600)
    os.execv(sys.executable, [sys.executable, "-m", "patroni", str(CONFIG)])


if __name__ == "__main__":
    main()
