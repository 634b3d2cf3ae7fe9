"""A secret's value never leaves: not in an answer, a log line, a metric or a message."""

import base64
import copy
import json
import subprocess
from collections.abc import Callable

import pytest
import samples
from canary import CANARY, assert_silent
from checker import check
from client import Answer
from polling import wait_for
from process import CONFIG_FILE, Server, binary


def everything_said(answer: Answer) -> str:
    """The whole answer, with the patch decoded."""
    text = f"{answer.headers} {answer.body.decode('utf-8', 'replace')}"
    if answer.status == 200:
        patch = answer.json()["response"].get("patch", "")
        text += base64.b64decode(patch).decode("utf-8")
    return text


def with_env(*entries: dict) -> dict:
    """A pod with entries put in front of its environment."""
    review = samples.pod()
    container = samples.container(review)
    container["env"] = [*entries, *container["env"]]
    return review


def literal(name: str, value: str = CANARY) -> dict:
    return {"name": name, "value": value}


def old_value(name: str) -> dict:
    """An old-style pod that carries the variable, refused for its image."""
    review = samples.review("pod-create-real-chain")
    samples.container(review)["env"].append(literal(name))
    return review


def in_metadata(review: dict) -> dict:
    metadata = review["request"]["object"]["metadata"]
    metadata["annotations"] = {
        **metadata.get("annotations", {}),
        "kubectl.kubernetes.io/last-applied-configuration": json.dumps({"password": CANARY}),
        "token": CANARY,
    }
    metadata.setdefault("labels", {})["x"] = CANARY
    return review


def in_user(review: dict) -> dict:
    review["request"]["userInfo"]["extra"] = {"authentication.kubernetes.io/token": [CANARY]}
    return review


def spilo_configuration(text: str) -> dict:
    review = samples.pod()
    for entry in samples.container(review)["env"]:
        if entry["name"] == "SPILO_CONFIGURATION":
            entry["value"] = text
    return review


def rule_of_a_person(rule: str) -> dict:
    """A list of rules that is not Harbor's, in the resource."""
    review = samples.postgresql()
    review["request"]["object"]["spec"]["patroni"]["pg_hba"] = [rule]
    return review


def in_postgresql() -> dict:
    review = samples.postgresql()
    spec = review["request"]["object"]["spec"]
    spec["env"] = [literal("AWS_SECRET_ACCESS_KEY"), literal("ANYTHING")]
    spec["clone"] = {"cluster": "x", "s3_secret_access_key": CANARY, "s3_access_key_id": CANARY}
    spec["standby"] = {"s3_wal_path": f"s3://{CANARY}/x"}
    spec["patroni"]["pg_hba"] = [f"host all all 0.0.0.0/0 ldap ldapbindpasswd={CANARY}"]
    return review


def in_old_object() -> dict:
    """What is not an entry of ours does not come back through the patch's values."""
    review = samples.review("cr-update-real-harbor-operator")
    for side in ("object", "oldObject"):
        spec = review["request"][side]["spec"]
        spec["env"] = [literal("AWS_SECRET_ACCESS_KEY")]
    return in_metadata(review)


SECRET_NAMES = [
    "AWS_SECRET_ACCESS_KEY",
    "CLONE_AWS_SECRET_ACCESS_KEY",
    "CLONE_AWS_ACCESS_KEY_ID",
    "PGPASSWORD_SUPERUSER",
    "WALG_LIBSODIUM_KEY",
    "CLONE_WALG_LIBSODIUM_KEY",
    "MY_TOKEN",
    "STANDBY_AWS_SECRET_ACCESS_KEY",
]
PLACES: dict[str, tuple[str, Callable[[], dict]]] = {
    **{
        f"{path.split('/')[3]} {name}": (path, lambda name=name: with_env(literal(name)))
        for name in SECRET_NAMES
        for path in (samples.RESTORE, samples.BACKUP)
    },
    **{
        f"refused {name}": (samples.RESTORE, lambda name=name: old_value(name))
        for name in SECRET_NAMES
    },
    "enabled": (
        "/v1/pods/restore/enabled",
        lambda: with_env(literal("CLONE_AWS_SECRET_ACCESS_KEY")),
    ),
    "enabled with envFrom": (
        "/v1/pods/restore/enabled",
        lambda: with_env(literal("AWS_SECRET_ACCESS_KEY"), literal("WAL_S3_BUCKET", "x")),
    ),
    "unlisted": (
        "/v1/pods/restore/unlisted",
        lambda: with_env(literal("CLONE_AWS_SECRET_ACCESS_KEY")),
    ),
    "endpoint with a password": (
        samples.RESTORE,
        lambda: with_env(literal("CLONE_AWS_ENDPOINT", f"https://user:{CANARY}@s3.example.com")),
    ),
    "twice": (
        samples.RESTORE,
        lambda: with_env(literal("CLONE_AWS_SECRET_ACCESS_KEY"), literal("CLONE_AWS_ENDPOINT")),
    ),
    "metadata of a pod": (samples.RESTORE, lambda: in_metadata(samples.pod())),
    "metadata of a resource": (samples.POSTGRESQLS, lambda: in_metadata(samples.postgresql())),
    "user": (samples.RESTORE, lambda: in_user(samples.pod())),
    "SPILO_CONFIGURATION": (
        samples.RESTORE,
        lambda: spilo_configuration(
            json.dumps({"postgresql": {"pg_hba": [f"local all all ldap ldapbindpasswd={CANARY}"]}})
        ),
    ),
    "SPILO_CONFIGURATION broken": (
        samples.RESTORE,
        lambda: spilo_configuration(f"{{password: {CANARY}"),
    ),
    "SPILO_CONFIGURATION with a rule that is none": (
        samples.RESTORE,
        lambda: spilo_configuration(
            json.dumps({"postgresql": {"pg_hba": [f"locale all all ldap ldapbindpasswd={CANARY}"]}})
        ),
    ),
    "rule that locks out": (
        samples.POSTGRESQLS,
        lambda: rule_of_a_person(f'local all all radius radiussecrets="{CANARY}"'),
    ),
    "rule that is none": (
        samples.POSTGRESQLS,
        lambda: rule_of_a_person(f"locale all all radius radiussecrets={CANARY}"),
    ),
    "postgresql": (samples.POSTGRESQLS, in_postgresql),
    "UPDATE": (samples.POSTGRESQLS, in_old_object),
    "ConfigMap": (
        samples.CONFIGMAPS,
        lambda: samples.config_map(
            {
                "CLONE_SCOPE": "x",
                "CLONE_AWS_SECRET_ACCESS_KEY": CANARY,
                "AWS_SECRET_ACCESS_KEY": CANARY,
                "MY_PASSWORD": CANARY,
                "CLONE_AWS_ENDPOINT": f"https://user:{CANARY}@s3.example.com",
            }
        ),
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_reviews(server: Server, place: str):
    path, make = PLACES[place]
    review = make()
    assert CANARY in json.dumps(review)
    answer = server.post(path, samples.wire(review))
    check(review, answer)
    assert_silent(everything_said(answer), "the answer")


def test_broken_bodies(server: Server):
    """A message about syntax says where, and does not quote what is there."""
    body = samples.wire(with_env(literal("AWS_SECRET_ACCESS_KEY")))
    at = body.index(CANARY.encode())
    bodies = [
        CANARY.encode(),
        b'{"kind":"' + CANARY.encode(),
        body[: at + 5],
        body[: at + len(CANARY)],
        body[: at + 20] + b"\xff" + body[at + 20 :],
        body[: at + 20] + b"\n" + body[at + 20 :],
        body[: at + 20] + b"\\x" + body[at + 20 :],
        body[: at + len(CANARY) + 1] + b"," + body[at + len(CANARY) + 1 :],
        body.replace(b'"value":"' + CANARY.encode() + b'"', b'"value":' + CANARY.encode()),
        body.replace(b'"restartPolicy"', b'"env":["' + CANARY.encode() + b'"],"restartPolicy"', 1),
    ]
    for number, broken in enumerate(bodies):
        answer = server.post(samples.RESTORE, broken)
        assert_silent(everything_said(answer), f"the answer to broken body {number}")


def test_headers_and_queries(server: Server):
    """What a proxy or a caller may put beside the body."""
    body = samples.wire(samples.pod())
    headers = [
        ("Content-Type", "application/json"),
        ("Authorization", f"Bearer {CANARY}"),
        ("Cookie", f"session={CANARY}"),
    ]
    with server.connect() as connection:
        answer = connection.request("POST", f"{samples.RESTORE}?token={CANARY}", body, headers)
        assert_silent(everything_said(answer), "the answer")
        answer = connection.request("POST", "/nowhere", body, headers)
        assert_silent(everything_said(answer), "the answer")


def test_nothing_was_written_anywhere(server: Server):
    """After all of the above (log level debug): the log, the metrics, the command line."""
    for path, make in PLACES.values():
        server.post(path, samples.wire(make()))
    assert len(server.log()) > len(PLACES)
    assert_silent(server.output(), "the log")
    assert_silent(server.get("/metrics").text, "the metrics")
    assert_silent(server.get("/readyz").text, "readyz")


CREDENTIALS = ("restoreProfiles", "dr-2026-11", "credentials")
# A person's mistakes in the configuration: where the key was put
MISTAKES: dict[str, tuple[tuple[str, ...], object]] = {
    "literal key": ((*CREDENTIALS, "secretAccessKey"), CANARY),
    "key instead of a name of a key": ((*CREDENTIALS, "secret"), CANARY),
    "literal in env": (
        ("restoreProfiles", "dr-2026-11", "env"),
        {"CLONE_WALG_LIBSODIUM_KEY": CANARY},
    ),
    "unknown name in env": (("restoreProfiles", "dr-2026-11", "env"), {"MY_TOKEN": CANARY}),
    "literal in a backup profile": (
        ("backupProfiles", "generation-2", "env"),
        {"AWS_SECRET_ACCESS_KEY": CANARY},
    ),
    "key beside the bucket": (
        ("restoreProfiles", "dr-2026-11", "s3", "secretAccessKey"),
        CANARY,
    ),
    "endpoint with a password": (
        ("restoreProfiles", "dr-2026-11", "s3", "endpoint"),
        f"https://user:{CANARY}@s3.example.com",
    ),
}


def mistaken(config: dict, path: tuple[str, ...], value: object) -> dict:
    result = copy.deepcopy(config)
    place = result
    for name in path[:-1]:
        place = place.setdefault(name, {})
    place[path[-1]] = value
    return result


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_in_the_configuration(prepare: Callable[..., Server], mistake: str):
    """At the start, at a reload, in `check` and in the denials that a wrong profile causes."""
    server = prepare()
    wrong = json.dumps(mistaken(server.config, *MISTAKES[mistake]))
    file = server.folder / CONFIG_FILE
    file.write_text(wrong)
    result = subprocess.run(
        [binary(), "check", "--config", str(file)], capture_output=True, text=True, timeout=60
    )
    assert_silent(result.stdout + result.stderr, "check")
    server.start()
    lines = len(server.log())
    server.publish(wrong)
    wait_for("the reload is over", lambda: len(server.log()) > lines, seconds=30)
    for path in (samples.RESTORE, samples.BACKUP):
        answer = server.post(path, samples.wire(samples.pod()))
        assert_silent(everything_said(answer), "the answer")
    assert_silent(server.get("/metrics").text, "the metrics")
    assert server.stop() == 0
    server.publish(wrong)
    server.spawn()
    wait_for("it speaks", server.output)
    server.process.terminate()
    server.process.wait(60)
    assert_silent(server.output(), "the log of the start")
