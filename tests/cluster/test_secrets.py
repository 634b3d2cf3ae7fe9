"""`secrets backup`, `list` and `restore` with the real API server, its garbage collector, and the
operators that make a HarborCluster's Secrets."""

import base64
import itertools
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import helpers
import plane
import pytest
import store
from api import INTERVAL
from canary import CANARY
from harbor import NAME, Database, harbor_cluster, running
from keeping import Done, Keeping
from kept import IMMUTABLE, Namespace, secret
from pki import Authority
from plane import Plane
from polling import wait_for

numbers = itertools.count()
DIFFERENT = 4


@pytest.fixture
def namespace(cluster: Plane) -> Iterator[Callable[[], Namespace]]:
    made: list[Namespace] = []

    def make() -> Namespace:
        made.append(Namespace(cluster, f"kept-{next(numbers)}"))
        return made[-1]

    yield make
    for it in made:
        it.api.delete("namespaces", None, it.name)


@pytest.fixture
def keeping(cluster: Plane, tmp_path: Path) -> Keeping:
    it = Keeping(tmp_path, cluster.kubeconfig)
    archives(it).mkdir()
    return it


@pytest.fixture
def kept(namespace: Callable[[], Namespace], keeping: Keeping) -> Namespace:
    """Filled, and copied to the folder `archive`."""
    it = namespace()
    it.fill()
    fine(keeping.backup(*it.select(), to=archives(keeping)))
    return it


def fine(done: Done) -> Done:
    assert done.code == 0, done.err or done.out
    return done


def failed(done: Done, code: int, *texts: str) -> None:
    said = done.out + done.err
    assert done.code == code, said
    for text in texts:
        assert text in said, said


def archives(keeping: Keeping) -> Path:
    return keeping.folder / "archive"


# --- the whole chain


def test_secrets_outlive_their_harbor_cluster(
    cluster: Plane, namespace: Callable[[], Namespace], keeping: Keeping
) -> None:
    """What the operators made is collected with the HarborCluster; what is restored stays, and the
    operators take it for theirs."""
    it = namespace()
    database = Database(cluster.api, it.name)
    database.create()
    made = {*it.names} - {it.encryption_key}
    wait_for("the operators' Secrets", lambda: made <= it.secrets().keys(), 60, INTERVAL)
    it.put(secret(it.encryption_key, secret=f"{CANARY}key") | IMMUTABLE)
    it.put(secret("admin", password=f"{CANARY}admin"))  # which the HarborCluster names
    before = it.data()
    raw = it.secrets()[it.credentials("harbor")]
    assert raw["metadata"]["ownerReferences"][0]["kind"] == "HarborCluster"
    fine(keeping.backup(*it.select(), to=archives(keeping)))

    it.api.delete("harborclusters", it.name, NAME)
    wait_for("they are collected", lambda: not made & it.secrets().keys(), 60, INTERVAL)
    # Until then postgres-operator deletes its Secrets by their names, restored ones too.
    ended = f'"cluster has been deleted" cluster-name={it.name}/{database.name} '
    operator = cluster.processes
    wait_for("nor the database", lambda: ended in operator.log("postgres-operator"), 60, INTERVAL)
    it.empty()

    fine(keeping.restore(source=archives(keeping)))
    assert it.data() == before
    # What comes with its old owner is collected, after the restored ones were looked at.
    raw["metadata"] = {key: raw["metadata"][key] for key in ("name", "ownerReferences")}
    raw["metadata"]["name"] = "stale"
    it.put(raw)
    wait_for("the stale one is collected", lambda: not it.get("stale"), 60, INTERVAL)
    assert it.data() == before
    assert not any("ownerReferences" in found["metadata"] for found in it.secrets().values())

    cluster.api.create("harborclusters", harbor_cluster(1), it.name)
    database.wait_resource("the new database runs", running)
    assert it.data() == before


# --- restore


def test_a_dry_run_changes_nothing(kept: Namespace, keeping: Keeping) -> None:
    kept.change(kept.credentials("postgres"), "password", f"{CANARY}other")
    kept.api.delete("secrets", kept.name, kept.credentials("standby"))
    before = kept.versions()
    done = keeping.restore(
        *("--dry-run", "--overwrite", kept.credentials("postgres")), source=archives(keeping)
    )
    assert done.code in (0, DIFFERENT)
    for name in kept.names:
        assert name in done.out
    assert "password" in done.out
    assert kept.versions() == before


def test_what_differs_stays_unless_it_is_named(kept: Namespace, keeping: Keeping) -> None:
    before = kept.data()
    for role in ("postgres", "standby"):
        kept.change(kept.credentials(role), "password", f"{CANARY}other")
    changed, versions = kept.data(), kept.versions()
    failed(
        keeping.restore(source=archives(keeping)),
        DIFFERENT,
        kept.credentials("postgres"),
        kept.credentials("standby"),
        "is there with another content and stays as it is; --overwrite with its name replaces it",
    )
    assert kept.versions() == versions

    name = kept.credentials("postgres")
    failed(
        keeping.restore("--overwrite", name, source=archives(keeping)),
        DIFFERENT,
        kept.credentials("standby"),
    )
    assert kept.data() == changed | {name: before[name]}
    fine(keeping.restore("--overwrite", kept.credentials("standby"), source=archives(keeping)))
    assert kept.data() == before


def test_an_immutable_secret_is_never_replaced(kept: Namespace, keeping: Keeping) -> None:
    kept.api.delete("secrets", kept.name, kept.encryption_key)
    kept.put(secret(kept.encryption_key, secret=f"{CANARY}new") | IMMUTABLE)
    before = kept.versions()
    failed(
        keeping.restore("--overwrite", kept.encryption_key, source=archives(keeping)),
        DIFFERENT,
        f"{kept.encryption_key}: ",
        "is immutable and differs; delete it by hand first",
    )
    assert kept.versions() == before
    kept.api.delete("secrets", kept.name, kept.encryption_key)
    fine(keeping.restore(source=archives(keeping)))
    found = kept.get(kept.encryption_key)
    assert found and found["immutable"] is True


def test_a_token_of_a_service_account_is_refused(
    namespace: Callable[[], Namespace], keeping: Keeping
) -> None:
    it = namespace()
    it.api.create("serviceaccounts", {"metadata": {"name": "builder"}}, it.name)
    metadata = {"name": "token", "annotations": {"kubernetes.io/service-account.name": "builder"}}
    it.put({"metadata": metadata, "type": "kubernetes.io/service-account-token"})
    wait_for("it has a token", lambda: "token" in (it.get("token") or {}).get("data", {}), 20)
    done = keeping.backup("--namespace", it.name, "--name", "token", to=archives(keeping))
    failed(done, 1, "secrets/token: is a token of a service account")
    assert not list(archives(keeping).iterdir())


def test_what_would_not_log_in_is_told(kept: Namespace, keeping: Keeping) -> None:
    """Harbor's copy of the password is not that of the role that it logs in as."""
    kept.change(kept.copy, "postgresql-password", f"{CANARY}other")
    name = kept.credentials("harbor")
    kept.api.delete("secrets", kept.name, name)
    failed(
        keeping.restore(source=archives(keeping)),
        DIFFERENT,
        f"{name}, {kept.copy}: the passwords differ, so Harbor will not log in to its database",
    )


# --- who may do what


def test_a_role_that_lacks_one_name(namespace: Callable[[], Namespace], keeping: Keeping) -> None:
    """The message names it and what has to be allowed; nothing is written."""
    it = namespace()
    it.fill()
    lacking = it.credentials("standby")
    kubeconfig = it.kubeconfig("keeper", keeping.folder)
    names = [*sorted({*it.names} - {lacking}), *optional(it)]
    it.allow("keeper", reading(names))
    target = archives(keeping)
    done = keeping.backup(*it.select(), to=target, env={"KUBECONFIG": str(kubeconfig)})
    account = f"system:serviceaccount:{it.name}:keeper"
    failed(
        done,
        1,
        f'secrets/{lacking}: forbidden (403): secrets "{lacking}" is forbidden: User "{account}" '
        f'cannot get resource "secrets" in API group "" in the namespace "{it.name}" (RBAC has to '
        "allow get of this Secret)",
    )
    assert not list(target.iterdir())

    it.api.patch("roles", it.name, "keeper", {"rules": reading([*names, lacking])})
    wait_for(
        "the Role is enough",
        lambda: (
            keeping.backup(*it.select(), to=target, env={"KUBECONFIG": str(kubeconfig)}).code == 0
        ),
        20,
        INTERVAL,
    )


def optional(it: Namespace) -> list[str]:
    """What is looked for and need not be there."""
    long = [f"{it.credentials(role)}.postgresql.acid.zalan.do" for role in ROLES]
    core = f"{NAME}-harbor-harbor"
    return [
        *long,
        f"{core}-core-admin-password",
        f"{core}-notarysigner-encryption-key",
        "harbor-pg-restore",
        "harbor-pg-backup",
    ]


ROLES = ("postgres", "standby", "harbor")


def reading(names: list[str]) -> list[dict]:
    return [
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": names, "verbs": ["get"]},
        {"apiGroups": ["goharbor.io"], "resources": ["harborclusters"], "verbs": ["get"]},
    ]


def test_a_restore_that_may_not_write_writes_nothing(kept: Namespace, keeping: Keeping) -> None:
    """Creating is allowed, changing what is there is not: known before the first write."""
    kubeconfig = kept.kubeconfig("restorer", keeping.folder)
    rule = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "create"]}
    kept.allow("restorer", [rule])
    name = kept.credentials("postgres")
    kept.change(name, "password", f"{CANARY}other")
    kept.api.delete("secrets", kept.name, kept.credentials("standby"))
    before = kept.versions()
    words = ("--overwrite", name)
    env = {"KUBECONFIG": str(kubeconfig)}
    account = f"system:serviceaccount:{kept.name}:restorer"
    failed(
        keeping.restore(*words, source=archives(keeping), env=env),
        1,
        f'secrets/{name}: forbidden (403): secrets "{name}" is forbidden: User "{account}" cannot '
        f'update resource "secrets"',
    )
    assert kept.versions() == before


def kubeconfig_of_a_person(cluster: Plane, name: str, **changes: object) -> dict:
    """Whoever holds this certificate; nothing in it names another file."""
    pair = cluster.authority.pair(common_name=name)
    place = {
        "server": plane.API_SERVER,
        "certificate-authority-data": base64.b64encode(cluster.authority.pem).decode(),
    }
    user = {
        "client-certificate-data": base64.b64encode(pair["tls.crt"]).decode(),
        "client-key-data": base64.b64encode(pair["tls.key"]).decode(),
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "it",
        "clusters": [{"name": "it", "cluster": place | changes}],
        "users": [{"name": "it", "user": user}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
    }


def test_a_person_comes_with_a_client_certificate(
    cluster: Plane, namespace: Callable[[], Namespace], keeping: Keeping
) -> None:
    """kubectl takes the same file. Another authority's API server is never told anything."""
    it = namespace()
    it.fill()
    it.allow("person", reading([*it.names, *optional(it)]), {"kind": "User", "name": "person"})
    file = keeping.folder / "person.kubeconfig"
    file.write_text(json.dumps(kubeconfig_of_a_person(cluster, "person")))
    words = (*it.select(), "--kubeconfig", file)
    fine(keeping.backup(*words, to=archives(keeping), env={"KUBECONFIG": "/nowhere"}))
    same = cluster.kubectl.run("--kubeconfig", str(file), "-n", it.name, "get", "secret", it.copy)
    assert same.code == 0, same.err

    other = base64.b64encode(Authority("other").pem).decode()
    changed = kubeconfig_of_a_person(cluster, "person", **{"certificate-authority-data": other})
    file.write_text(json.dumps(changed))
    failed(
        keeping.backup(*words, to=archives(keeping)),
        1,
        f"no answer from {plane.API_SERVER}: ",
        "certificate",
    )


def documented_rescue(namespace: str) -> str:
    """The commands of docs/secrets.md, for another namespace."""
    text = (helpers.ROOT / "docs/secrets.md").read_text()
    (block,) = [it for it in re.findall(r"^```\n(.*?)^```", text, re.M | re.S) if "rescue" in it]
    assert "-n harbor " in block
    return block.replace("-n harbor ", f"-n {namespace} ").replace("=harbor:", f"={namespace}:")


def test_a_plugin_is_refused_and_the_documented_way_out_works(
    cluster: Plane, namespace: Callable[[], Namespace], keeping: Keeping
) -> None:
    """A managed cluster's kubeconfig runs a program, which kubectl does."""
    it = namespace()
    it.fill()
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": plane.TOKEN},
    }
    plugin = {"apiVersion": credential["apiVersion"], "interactiveMode": "Never"}
    plugin |= {"command": "echo", "args": [json.dumps(credential)]}
    config = json.loads(cluster.kubeconfig.read_text())
    config["users"] = [{"name": "it", "user": {"exec": plugin}}]
    file = keeping.folder / "managed"
    file.write_text(json.dumps(config))
    failed(
        keeping.backup(*it.select(), to=archives(keeping), env={"KUBECONFIG": str(file)}),
        1,
        f"{file}: users[0].user.exec: is a program that kubectl would run, expected a token or a "
        "client certificate; 'kubectl create token ACCOUNT' prints a token",
    )
    folder = Path(cluster.kubectl.command[0]).parent
    env = keeping.env | {"KUBECONFIG": str(file), "PATH": f"{folder}:/usr/bin:/bin"}
    script = ("sh", "-ec", documented_rescue(it.name))
    done = subprocess.run(script, cwd=keeping.folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rescue = keeping.folder / "rescue.kubeconfig"
    assert rescue.stat().st_mode & 0o777 == 0o600
    assert "exec" not in rescue.read_text()
    fine(keeping.backup(*it.select(), "--kubeconfig", rescue, to=archives(keeping)))
    before = it.data()
    it.empty()
    fine(keeping.restore("--kubeconfig", rescue, source=archives(keeping)))
    assert it.data() == before


# --- archives that are not what they should be


def the_archive(keeping: Keeping) -> Path:
    (found,) = archives(keeping).glob("*.cms")
    return found


def damaged(keeping: Keeping, content: bytes) -> None:
    the_archive(keeping).write_bytes(content)


@pytest.mark.parametrize("damage", ["truncated", "altered", "empty", "other"])
def test_a_damaged_archive_restores_nothing(kept: Namespace, keeping: Keeping, damage: str) -> None:
    whole = the_archive(keeping).read_bytes()
    middle = len(whole) // 2
    damaged(
        keeping,
        {
            "truncated": whole[:-20],
            "altered": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
            "empty": b"",
            "other": b"-----BEGIN CMS-----\n" + whole,
        }[damage],
    )
    kept.empty()
    failed(keeping.restore(source=archives(keeping)), 1, the_archive(keeping).name)
    assert kept.secrets() == {}


def test_another_key_opens_nothing(kept: Namespace, keeping: Keeping) -> None:
    kept.empty()
    failed(keeping.restore(source=archives(keeping), key="other"), 1, "is not encrypted to the key")
    assert kept.secrets() == {}


def test_without_a_signer_the_origin_is_not_proven(kept: Namespace, keeping: Keeping) -> None:
    assert "origin not proven" in fine(keeping.restore(source=archives(keeping))).out


def test_openssl_and_kubectl_bring_them_back_without_us(kept: Namespace, keeping: Keeping) -> None:
    """As docs/secrets.md says. What is inside is a List."""
    words = ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER"]
    words += ["-inkey", keeping.file("recipient.key"), "-in", str(the_archive(keeping))]
    plain = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    before = kept.data()
    kept.empty()
    kept.kubectl("create", "-f", "-", stdin=plain)
    assert kept.data() == before


# --- the bucket


def test_a_bucket_keeps_every_run(
    namespace: Callable[[], Namespace], keeping: Keeping, s3: store.Store
) -> None:
    """Names are written once; nothing is deleted; what is there can be listed without a key."""
    it = namespace()
    it.fill()
    keeping.env |= store.credentials()
    place = f"s3://{store.BUCKET}/secrets/{it.name}"
    where = ("--endpoint", s3.endpoint, "--region", store.REGION, "--path-style")
    for _ in range(2):
        fine(keeping.backup(*it.select(), *where, to=place))
    objects = s3.etags(f"secrets/{it.name}/")
    assert len([key for key in objects if key.endswith(".cms")]) == 2
    for key in objects:
        body = s3.s3.get_object(Bucket=store.BUCKET, Key=key)["Body"].read()
        assert CANARY.encode() not in body
    (newest, _) = sorted((key for key in objects if key.endswith(".cms")), reverse=True)
    listed = fine(keeping.run("list", "--from", place, *where)).out
    assert newest.rpartition("/")[2] in listed
    shown = fine(keeping.run("list", "--from", f"s3://{store.BUCKET}/{newest}", *where)).out
    for name in it.names:
        assert name in shown
    before = it.data()
    it.empty()
    fine(keeping.restore(*where, source=place))
    assert it.data() == before
    assert s3.etags(f"secrets/{it.name}/") == objects
