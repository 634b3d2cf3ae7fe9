"""Where a database archives to and what it is cloned from, by its environment alone.

The documented rules of the image's entry point, for S3 and WAL-G, as recent images have them.
Pure: an environment in; the contents of environment folders and parts of Patroni's configuration
out.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

Environment = Mapping[str, str]

WALG_PREFIX, WALE_PREFIX = PREFIXES = ("WALG_S3_PREFIX", "WALE_S3_PREFIX")  # in this order
STORE_NAMES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "WALG_COMPRESSION_METHOD",
    "WALG_DOWNLOAD_CONCURRENCY",
)

ZONE = "local"  # of a machine that is in no cloud; a region is a zone without its last letter
REGION_IN_NAME = re.compile(r".*(\w{2}-\w+-\d)-.*")

INCOMPLETE = (
    "cloning is only possible when CLONE_WALE_*_PREFIX or CLONE_WALG_*_PREFIX or "
    "CLONE_WAL_*_BUCKET and CLONE_SCOPE are set"
)


class Dies(Exception):
    """The entry point ends before it starts anything; the text says why."""


def own(env: Environment) -> dict[str, str]:
    """The contents of the environment folder of the database's own archive; {} when it has none."""
    scope_prefix = f"{namespace(env)}-" if namespace(env) not in ("", "default") else ""
    defaults = {"WAL_BUCKET_SCOPE_PREFIX": scope_prefix, "WAL_BUCKET_SCOPE_SUFFIX": ""}
    settings = {**defaults, **env}
    if not (settings.get("WAL_S3_BUCKET") or any(settings.get(it) for it in PREFIXES)):
        return {}
    return {
        **_folder(settings, _is_true(env, "USE_WALG_BACKUP")),
        "USE_WALG_BACKUP": env.get("USE_WALG_BACKUP", ""),
        "BACKUP_NUM_TO_RETAIN": env.get("BACKUP_NUM_TO_RETAIN", "5"),
    }


def clone(env: Environment) -> dict[str, str]:
    """The same of the archive that it is cloned from; {} when it starts empty.

    A set that is not complete means an empty database, unless CLONE_WITH_WALE is set.
    """
    settings = {it.removeprefix("CLONE_"): v for it, v in env.items() if it.startswith("CLONE_")}
    complete = any(settings.get(it) for it in PREFIXES) or (
        settings.get("WAL_S3_BUCKET") and settings.get("SCOPE")
    )
    if env.get("CLONE_METHOD") == "CLONE_WITH_WALE" and complete:
        backup = env.get("CLONE_USE_WALG_BACKUP", env.get("CLONE_USE_WALG", "true"))
        folder = _folder(settings, backup.lower() == "true")
        return _for_wale(folder, settings) if clones_with_wale(env) else folder
    if env.get("CLONE_WITH_WALE"):
        raise Dies(f"CLONE_WITH_WALE is set, but {INCOMPLETE}")
    return {}


def clones_with_wale(env: Environment) -> bool:
    return env.get("CLONE_USE_WALG_RESTORE", env.get("CLONE_USE_WALG", "true")).lower() != "true"


def warnings(env: Environment) -> list[str]:
    wanted = env.get("CLONE_METHOD") == "CLONE_WITH_WALE"
    return [INCOMPLETE] if wanted and not clone(env) else []


def namespace(env: Environment) -> str:
    """Empty where Kubernetes does not keep Patroni's state, unless NAMESPACE says otherwise."""
    kubernetes = env.get("KUBERNETES_SERVICE_HOST") and env.get("DCS_ENABLE_KUBERNETES_API")
    return env.get("NAMESPACE", env.get("POD_NAMESPACE", "default") if kubernetes else "")


def recovery(env: Environment) -> dict[str, object]:
    """PostgreSQL's recovery settings of a clone, without the restore command."""
    result: dict[str, object] = {
        "recovery_target_timeline": env.get("CLONE_TARGET_TIMELINE", "latest"),
        "recovery_target_action": "pause" if env.get("USE_PAUSE_AT_RECOVERY_TARGET") else "promote",
    }
    if env.get("CLONE_TARGET_TIME"):
        result["recovery_target_time"] = env["CLONE_TARGET_TIME"]
    if env.get("CLONE_TARGET_INCLUSIVE") == "":
        result["recovery_target_inclusive"] = False
    return result


def places(prefix: str, versions: Iterable[int], version: int) -> Iterator[str]:
    """Where a base backup may be: below a bare …/wal in the folder of each version, then there."""
    bare = prefix.rstrip("/")
    if "/spilo/" in bare and bare.endswith("/wal"):
        for it in sorted(versions, reverse=True):
            if it <= version:
                yield f"{bare}/{it}/"
    yield prefix


def choose(backups: Mapping[str, datetime], before: datetime | None) -> str | None:
    """The newest backup, or the newest that was there before a point in time."""
    fitting = [it for it, modified in backups.items() if before is None or modified < before]
    return max(fitting, key=lambda it: backups[it], default=None)


def _folder(settings: Environment, backup: bool) -> dict[str, str]:
    """`settings` are named as for the own archive; `backup`: WAL-G also makes the base backups."""
    wanted = {
        "WALG_S3_PREFIX": _prefix(settings),
        **{it: settings.get(it, "") for it in STORE_NAMES},
        **_endpoint_and_region(settings, backup),
    }
    return {name: value for name, value in wanted.items() if value}


def _for_wale(folder: Environment, settings: Environment) -> dict[str, str]:
    """The same for WAL-E, which has names of its own for the place."""
    of_walg = folder.get("AWS_ENDPOINT", "").replace("://", "+path://")
    endpoint = settings.get("WALE_S3_ENDPOINT") or of_walg
    result = {name: value for name, value in folder.items() if name != WALG_PREFIX}
    more = {"WALE_S3_ENDPOINT": endpoint} if endpoint else {}
    return {**result, WALE_PREFIX: folder[WALG_PREFIX], **more}


def _prefix(settings: Environment) -> str:
    explicit = next((settings[it] for it in PREFIXES if settings.get(it)), None)
    if explicit:
        return explicit
    parts = ("WAL_BUCKET_SCOPE_PREFIX", "SCOPE", "WAL_BUCKET_SCOPE_SUFFIX")
    scope = "".join(settings.get(it, "") for it in parts)
    return f"s3://{settings['WAL_S3_BUCKET']}/spilo/{scope}/wal/{settings.get('PGVERSION', '')}"


def _endpoint_and_region(settings: Environment, backup: bool) -> dict[str, str]:
    region = settings.get("AWS_REGION", "")
    of_wale, convention = _wale_endpoint(settings.get("WALE_S3_ENDPOINT", ""))
    endpoint = settings.get("AWS_ENDPOINT") or of_wale
    if endpoint:
        style = "true" if convention == "path" else "false"
        kept = {"AWS_REGION": region} if backup else {}
        return {"AWS_ENDPOINT": endpoint, "AWS_S3_FORCE_PATH_STYLE": style, **kept}
    if not region:
        name = settings.get("WAL_S3_BUCKET") or settings.get("WALE_S3_PREFIX") or ""
        match = REGION_IN_NAME.search(name)
        region = match[1] if match else ZONE[:-1]
    style = settings.get("AWS_S3_FORCE_PATH_STYLE", "")
    return {"AWS_REGION": region, "AWS_S3_FORCE_PATH_STYLE": style}


def _wale_endpoint(text: str) -> tuple[str, str]:
    """WAL-E's way to write one, https+path://host, as a URL; and its convention."""
    match = re.fullmatch(r"(\w+)\+(\w+)(://.+)", text)
    return (match[1] + match[3], match[2]) if match else (text, "path")


def _is_true(env: Environment, name: str) -> bool:
    return env.get(name, "").lower() == "true"
