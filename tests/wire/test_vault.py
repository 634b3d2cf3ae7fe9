"""`secrets backup`, `restore` and `list`, run as a person or a CronJob runs them."""

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from fake_api import Call, Fault, status_body
from pki import Authority
from polling import wait_for
from vault import (
    BINARY,
    CANARY,
    COPY,
    DATABASE,
    HARBOR_CLUSTER,
    KEY,
    NAMESPACE,
    SECRETS,
    Cluster,
    Person,
    Run,
    credentials,
    no_canary,
    person,
    run,
    secret,
    whole_set,
)

TOKEN_TYPE = "kubernetes.io/service-account-token"
STEM = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")


@pytest.fixture(scope="module")
def people(tmp_path_factory) -> dict[str, Person]:
    folder = tmp_path_factory.mktemp("people")
    return {name: person(folder, name) for name in ("offline", "other", "signer")}


@pytest.fixture
def cluster(tmp_path):
    cluster = Cluster(Authority("cluster"), tmp_path / "cluster")
    cluster.fill(whole_set())
    yield cluster
    cluster.close()


@pytest.fixture
def folder(tmp_path) -> Path:
    """Where archives go; nothing in it ever holds a value."""
    folder = tmp_path / "archives"
    folder.mkdir()
    yield folder
    for path in folder.rglob("*"):
        no_canary(path.read_bytes())


def backup(cluster: Cluster, person: Person, to: Path, *words: object) -> Run:
    return run(
        *("backup", "--recipient", person.certificate, "--to", to, "--namespace", NAMESPACE),
        *("--kubeconfig", cluster.kubeconfig(), *(words or ("--harborcluster", "main"))),
    )


def restore(cluster: Cluster, person: Person, place: Path, *words: object) -> Run:
    return run(
        *("restore", "--from", place, "--key", person.key, "--kubeconfig", cluster.kubeconfig()),
        *words,
    )


def forbid(*names: str):
    def fault(call: Call) -> Fault | None:
        forbidden = call.path.rsplit("/", 1)[-1] in names
        return Fault(403, status_body(403, "not for you")) if forbidden else None

    return fault


def archive_of(folder: Path) -> Path:
    (path,) = folder.glob("*.cms")
    return path


def manifest_of(folder: Path) -> dict:
    (path,) = folder.glob("*.manifest.json")
    return json.loads(path.read_text())


# --- backup


@pytest.mark.parametrize(
    ("words", "mistake"),
    [
        ([], "--recipient is missing, expected a file of certificates"),
        (
            ["--recipient", "x"],
            "--to is missing, expected s3://bucket/folder, a folder or a file that ends with .cms",
        ),
        (["--recipient", "x", "--to", "x"], "--namespace is missing, expected that of the Secrets"),
        (
            ["--recipient", "x", "--to", "x", "--namespace", "x"],
            "expected --harborcluster or --name",
        ),
        (
            ["--recipient", "x", "--to", "x", "--namespace", "x", "--harborcluster", "a/b"],
            "--harborcluster: 'a/b' is not the name of one",
        ),
        (
            [
                *(
                    "--recipient",
                    "x",
                    "--to",
                    "x",
                    "--namespace",
                    "x",
                    "--name",
                    "x",
                    "--signer-cert",
                ),
                "x",
            ],
            "--signer-cert needs --signer",
        ),
        (
            [
                *("--recipient", "x", "--to", "x", "--namespace", "x", "--name", "x"),
                *("--cluster", "\udcff"),
            ],
            "--cluster: expected a line of text in UTF-8",
        ),
        (
            [
                *("--recipient", "x", "--namespace", "x", "--name", "x"),
                *("--to", "s3://bucket/x", "--region", "eu central"),
            ],
            "--region: 'eu central' is not a region, expected one such as 'eu-central-1'",
        ),
    ],
)
def test_a_wrong_command_line_of_backup_is_2(words, mistake):
    done = run("backup", *words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"harbor-pg-webhook: {mistake}\n")


def test_a_whole_set_is_kept(cluster, folder, people):
    done = backup(cluster, people["offline"], folder)
    assert (done.code, done.err) == (0, "")
    assert f"6 Secrets of {NAMESPACE}/main at https://localhost:{cluster.port}\n" in done.out
    assert "encrypted to 'CN=offline', serial " in done.out
    assert done.out.endswith(f"written to {archive_of(folder)}, not signed (--signer)\n")
    assert sorted(it.suffix for it in folder.iterdir()) == [".cms", ".json"]
    assert STEM.fullmatch(archive_of(folder).stem)
    assert {it.method for it in cluster.calls} == {"GET"}


def test_a_manifest_tells_what_is_inside(cluster, folder, people):
    backup(cluster, people["offline"], folder, "--harborcluster", "main", "--cluster", "blue")
    manifest = manifest_of(folder)
    assert manifest["cluster"] == "blue"
    assert manifest["archive"]["size"] == archive_of(folder).stat().st_size
    kept = {it["name"]: it["keys"] for it in manifest["secrets"]}
    assert kept[f"harbor.{DATABASE}.credentials"] == ["username", "password"]
    assert "admin" in kept  # the HarborCluster names it
    assert manifest["absent"] == []


def test_a_payload_is_a_list_that_kubectl_takes(cluster, folder, people):
    backup(cluster, people["offline"], folder)
    command = ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-inkey"]
    done = subprocess.run(
        [*command, people["offline"].key, "-in", archive_of(folder)],
        check=True,
        capture_output=True,
    )
    content = json.loads(done.stdout)
    assert (content["apiVersion"], content["kind"]) == ("v1", "List")
    by_name = {it["metadata"]["name"]: it for it in content["items"]}
    assert base64.b64decode(by_name[KEY]["data"]["secret"]) == f"{CANARY}-key".encode()
    assert by_name["admin"]["metadata"] == {
        "name": "admin",
        "namespace": NAMESPACE,
        "labels": {"app": "harbor"},
    }
    assert set(by_name[COPY]["metadata"]) == {"name", "namespace"}


def test_the_commands_of_the_page_work_without_this_program(cluster, folder):
    """docs/secrets.md: how keys are made, and how openssl opens an archive and checks it."""
    page = (Path(__file__).parents[2] / "docs/secrets.md").read_text()
    make_key, make_signer, decrypt, verify = (
        it
        for it in re.findall(r"^```\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
        if "openssl" in it
    )

    def shell(script: str) -> str:
        script = script.replace("20261125T124429Z-ad66c0f3", "mine")
        script = script.replace("-aes256", "-aes256 -passout pass:x").replace(
            "kubectl create -f -", "cat"
        )
        words = ["bash", "-euo", "pipefail", "-c", script]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    shell(make_key + make_signer)
    signer = ("--signer", folder / "signer.key", "--signer-cert", folder / "signer.crt")
    recovery = Person(folder / "recovery.crt", folder / "recovery.key")
    archive = folder / "mine.cms"
    assert backup(cluster, recovery, archive, "--harborcluster", "main", *signer).code == 0
    assert CANARY not in shell(verify)
    content = json.loads(shell(decrypt))
    assert {it["metadata"]["name"] for it in content["items"]} >= {KEY, COPY}
    (folder / "mine.manifest.json").write_text("{}")
    with pytest.raises(AssertionError, match="[Vv]erification failure"):
        shell(verify)


def test_an_absent_secret_is_a_finding_and_the_rest_is_kept(cluster, folder, people):
    del cluster.objects[f"{SECRETS}/{KEY}"]
    done = backup(cluster, people["offline"], folder)
    assert (done.code, done.err) == (4, "")
    finding = (
        f"Harbor's encryption key: {KEY} is not there; without it passwords of registries and of "
        "OIDC that Harbor keeps in its database can never be decrypted again"
    )
    assert f"\nfinding: {finding}\n" in done.out
    assert manifest_of(folder)["absent"] == [finding]
    assert len(manifest_of(folder)["secrets"]) == 5


def test_a_name_that_is_not_there_is_a_finding(cluster, folder, people):
    done = backup(cluster, people["offline"], folder, "--name", "admin", "--name", "wal-key")
    assert done.code == 4
    assert "finding: wal-key: is not there, but --name names it\n" in done.out
    assert [it["name"] for it in manifest_of(folder)["secrets"]] == ["admin"]


def test_nothing_to_keep_is_an_error(cluster, folder, people):
    done = backup(cluster, people["offline"], folder, "--name", "x")
    assert (done.code, list(folder.iterdir())) == (1, [])
    assert done.err == (
        "harbor-pg-webhook: nothing was written: none of the 1 Secrets is in namespace "
        f"'{NAMESPACE}'; are the names right?\n"
    )


def test_a_secret_that_may_not_be_read_stops_everything(cluster, folder, people):
    cluster.fault = forbid(COPY, KEY)
    done = backup(cluster, people["offline"], folder)
    assert (done.code, list(folder.iterdir())) == (1, [])
    for name in (COPY, KEY):
        assert f"harbor-pg-webhook: secrets/{name}: forbidden (403): not for you" in done.err
    assert done.err.endswith("nothing was written: not every Secret could be read\n")


def test_what_only_the_harbor_cluster_names_may_be_forbidden(cluster, folder, people):
    cluster.fault = forbid("admin")
    done = backup(cluster, people["offline"], folder)
    assert (done.code, done.err) == (4, "")
    assert (
        "is not in this archive, but spec.harborAdminPasswordRef of the HarborCluster names it; "
        "allow it in the Role, or keep it elsewhere\n" in done.out
    )
    cluster.fault = forbid("main")
    done = backup(cluster, people["offline"], folder)
    assert done.code == 0
    assert done.out.startswith("note: harborclusters/main: forbidden (403): not for you")


@pytest.mark.parametrize("status", [401, 500, 503])
def test_an_api_error_in_the_middle_stops_everything(cluster, folder, people, status):
    def fault(call: Call) -> Fault | None:
        return Fault(status, b"") if call.path.endswith(KEY) else None

    cluster.fault = fault
    done = backup(cluster, people["offline"], folder)
    assert (done.code, list(folder.iterdir())) == (1, [])
    assert f"secrets/{KEY}: " in done.err
    assert f"({status})" in done.err


def test_a_token_of_a_service_account_is_not_kept(cluster, folder, people):
    cluster.put(f"{SECRETS}/token", secret("token", token=CANARY) | {"type": TOKEN_TYPE})
    done = backup(cluster, people["offline"], folder, "--name", "token")
    assert (done.code, list(folder.iterdir())) == (1, [])
    assert "secrets/token: is a token of a service account" in done.err


def test_a_recipient_that_is_of_no_use_stops_everything(cluster, folder, people, tmp_path):
    both = tmp_path / "both.crt"
    both.write_bytes(people["offline"].key.read_bytes())
    done = run(
        *("backup", "--recipient", both, "--recipient", tmp_path / "none", "--to", folder),
        *("--namespace", NAMESPACE, "--harborcluster", "main"),
        *("--kubeconfig", cluster.kubeconfig()),
    )
    assert (done.code, list(folder.iterdir()), cluster.calls) == (1, [], [])
    assert f"{both}: holds a private key but no certificate" in done.err
    assert f"{tmp_path}/none: cannot open: No such file" in done.err


def test_a_file_is_never_replaced(cluster, folder, people):
    mine = folder / "mine.cms"
    assert backup(cluster, people["offline"], mine).code == 0
    content = mine.read_bytes()
    done = backup(cluster, people["offline"], mine)
    assert done.code == 1
    assert done.err == (
        f"harbor-pg-webhook: nothing was written: {mine}: is there already and is not replaced\n"
    )
    assert mine.read_bytes() == content
    assert sorted(it.name for it in folder.iterdir()) == ["mine.cms", "mine.manifest.json"]


def test_what_a_killed_backup_left_behind_is_not_in_the_way(cluster, folder, people):
    (folder / "mine.cms.part").write_text("half of")
    assert backup(cluster, people["offline"], folder / "mine.cms").code == 0


def test_a_manifest_that_cannot_be_written_is_told(cluster, folder, people):
    (folder / "mine.manifest.json").write_text("other")
    done = backup(cluster, people["offline"], folder / "mine.cms")
    assert done.code == 1
    assert done.err.startswith(
        "harbor-pg-webhook: mine.cms was written, its manifest was not, so nobody takes it for an "
        "archive; run this again: "
    )


def test_a_folder_that_is_not_there_is_told(cluster, folder, people):
    done = backup(cluster, people["offline"], folder / "no")
    assert done.code == 1
    assert "nothing was written: " in done.err
    assert "No such file or directory" in done.err


def test_neither_a_core_file_nor_another_process_gets_the_memory(cluster, folder, people):
    """Looked at while it waits for the API server with Secrets in its memory."""

    def fault(call: Call) -> Fault | None:
        return Fault(200, None) if call.path.endswith(KEY) else None

    cluster.fault = fault
    words = ["--recipient", people["offline"].certificate, "--to", folder]
    command = [BINARY, "secrets", "backup", *words, "--namespace", NAMESPACE]
    process = subprocess.Popen(
        [*command, "--harborcluster", "main", "--kubeconfig", cluster.kubeconfig()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        wait_for("the call that hangs", lambda: cluster.made("GET", f"{SECRETS}/{KEY}"))
        limits = Path(f"/proc/{process.pid}/limits").read_text()
        assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE)
        for name in ("cmdline", "environ"):
            no_canary(Path(f"/proc/{process.pid}/{name}").read_bytes())
    finally:
        process.kill()
        process.communicate()
    assert list(folder.iterdir()) == []


# --- restore


@pytest.fixture
def kept(cluster, folder, people) -> Path:
    """A folder with an archive of the whole set; the cluster is empty again."""
    assert backup(cluster, people["offline"], folder).code == 0
    cluster.objects = {}
    cluster.calls = []
    return folder


@pytest.mark.parametrize(
    ("words", "mistake"),
    [
        ([], "--from is missing, expected s3://bucket/folder, a folder or an archive (.cms)"),
        (["--from", "x"], "--key is missing, expected the file of a recipient's private key"),
        (
            ["--from", "x", "--key", "x", "--namespace", "A"],
            "--namespace: 'A' is not the name of one",
        ),
        (
            ["--key", "x", "--from", "s3://B/x"],
            "--from: bucket: 'B' is not a bucket, expected 3 to 63 of a-z, 0-9, '-' and '.', a "
            "letter or digit at both ends",
        ),
    ],
)
def test_a_wrong_command_line_of_restore_is_2(words, mistake):
    done = run("restore", *words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"harbor-pg-webhook: {mistake}\n")


def test_a_restore_creates_what_is_absent(cluster, kept, people):
    done = restore(cluster, people["offline"], kept)
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("6 created\n")
    assert "origin not proven: " in done.out
    for old in whole_set():
        new = cluster.secret_of(old["metadata"]["name"])
        assert new["data"] == old["data"]
        assert new["type"] == old["type"]
        assert new.get("immutable") == old.get("immutable")
        assert set(new["metadata"]) <= {"name", "namespace", "labels", "resourceVersion"}
    done = restore(cluster, people["offline"], kept)
    assert (done.code, done.out.splitlines()[-1]) == (0, "6 same")


def test_a_dry_run_asks_the_api_server_and_changes_nothing(cluster, kept, people):
    done = restore(cluster, people["offline"], kept, "--dry-run")
    assert (done.code, done.err, cluster.objects) == (0, "", {})
    assert done.out.endswith("6 to create (--dry-run: nothing was changed)\n")
    made = cluster.made("POST", SECRETS)
    assert [call.dry for call in made] == [True] * 6


def test_what_differs_stays_unless_it_is_named(cluster, kept, people):
    mine = credentials("postgres")
    mine["data"] = {"username": mine["data"]["username"], "password": "bWluZQ==", "more": ""}
    mine["metadata"]["ownerReferences"] = [{"uid": "new"}]
    name = mine["metadata"]["name"]
    cluster.put(f"{SECRETS}/{name}", mine)
    done = restore(cluster, people["offline"], kept)
    assert (done.code, done.err) == (4, "")
    assert done.out.endswith("5 created, 1 differs\n")
    changes = re.findall(r"^ {15}(.*)$", done.out, re.MULTILINE)
    assert re.fullmatch(
        r"~ password \(hash of this run: there [0-9a-f]{8}, archived [0-9a-f]{8}\)", changes[0]
    )
    assert changes[1] == "- more"
    assert cluster.secret_of(name)["data"]["password"] == "bWluZQ=="

    done = restore(cluster, people["offline"], kept, "--overwrite", name)
    assert (done.code, done.out.splitlines()[-1]) == (0, "5 same, 1 overwritten")
    new = cluster.secret_of(name)
    assert new["data"] == credentials("postgres")["data"]
    assert new["metadata"]["ownerReferences"] == [{"uid": "new"}]


def test_hashes_of_one_run_mean_nothing_in_another(cluster, kept, people):
    cluster.put(f"{SECRETS}/admin", secret("admin", secret="mine"))
    hashes = {
        re.search(r"archived ([0-9a-f]{8})", restore(cluster, people["offline"], kept).out).group(1)
        for _ in range(3)
    }
    assert len(hashes) == 3


def test_an_immutable_secret_is_refused_even_when_it_is_named(cluster, kept, people):
    mine = secret(KEY, secret="mine") | {"immutable": True, "type": "goharbor.io/single"}
    cluster.put(f"{SECRETS}/{KEY}", mine)
    done = restore(cluster, people["offline"], kept, "--overwrite", KEY)
    assert done.code == 4
    assert "is immutable and differs; delete it by hand first" in done.out
    assert f"finding: {KEY}: is another key than the one that the archived database" in done.out
    assert cluster.secret_of(KEY)["data"] == mine["data"]


def test_what_will_not_log_in_is_told(cluster, kept, people):
    harbor = credentials("harbor")
    harbor["data"]["password"] = "bWluZQ=="
    name = harbor["metadata"]["name"]
    cluster.put(f"{SECRETS}/{name}", harbor)
    done = restore(cluster, people["offline"], kept)
    assert done.code == 4
    assert (
        f"finding: {name}, {COPY}: the passwords differ, so Harbor will not log in to its "
        "database; restore both from one archive, or delete " in done.out
    )


def test_an_unknown_name_to_overwrite_changes_nothing(cluster, kept, people):
    done = restore(cluster, people["offline"], kept, "--overwrite", "typo")
    assert (done.code, cluster.objects) == (1, {})
    assert done.err == "harbor-pg-webhook: --overwrite: the archive has no Secret 'typo'\n"


def test_names_move_along_to_another_namespace(cluster, kept, people):
    done = restore(cluster, people["offline"], kept, "--namespace", "other")
    assert done.code == 0
    new = "harbor.postgresql-other-main.credentials"
    assert f"{new} (was harbor.{DATABASE}.credentials)" in done.out
    created = cluster.objects[f"/api/v1/namespaces/other/secrets/{new}"]
    assert created["metadata"]["namespace"] == "other"


def test_an_api_error_in_the_middle_of_a_restore_is_told_and_can_be_continued(
    cluster, kept, people
):
    def fault(call: Call) -> Fault | None:
        writes = call.method == "POST" and not call.dry
        broken = writes and call.body["metadata"]["name"] in (COPY, KEY)
        return Fault(403, status_body(403, "not for you")) if broken else None

    cluster.fault = fault
    done = restore(cluster, people["offline"], kept)
    assert done.code == 1
    assert "4 created, 2 failed\n" in done.out
    assert f"secrets/{COPY}: forbidden (403): not for you" in done.err
    assert done.err.endswith(
        "not everything was restored; what is 'created' or 'overwritten' above is there, and "
        "running this again does the rest\n"
    )
    cluster.fault = lambda call: None
    done = restore(cluster, people["offline"], kept)
    assert (done.code, done.out.splitlines()[-1]) == (0, "2 created, 4 same")


def test_a_write_that_would_be_refused_is_known_before_the_first_one(cluster, kept, people):
    def fault(call: Call) -> Fault | None:
        broken = call.method == "POST" and call.body["metadata"]["name"] in (COPY, KEY)
        return Fault(403, status_body(403, "not for you")) if broken else None

    cluster.fault = fault
    done = restore(cluster, people["offline"], kept)
    assert (done.code, cluster.objects) == (1, {})
    assert "2 failed, 4 not tried\n" in done.out
    assert "finding" not in done.out  # of what the next run creates
    assert f"secrets/{COPY}: forbidden (403): not for you" in done.err
    assert done.err.endswith(": nothing was changed\n")


def test_when_the_api_server_is_gone_nothing_more_is_tried(cluster, kept, people):
    cluster.fault = lambda call: Fault(503, b"") if call.method == "POST" else None
    done = restore(cluster, people["offline"], kept)
    assert (done.code, cluster.objects) == (1, {})
    assert done.out.endswith("1 failed, 5 not tried\n")
    assert len([it for it in cluster.calls if it.method == "POST"]) == 1


def test_a_namespace_that_is_not_there_is_told_once(cluster, kept, people):
    def fault(call: Call) -> Fault | None:
        message = 'namespaces "registry" not found'
        return Fault(404, status_body(404, message)) if call.method == "POST" else None

    cluster.fault = fault
    done = restore(cluster, people["offline"], kept)
    assert done.code == 1
    assert done.err.count('not found (404): namespaces "registry" not found') == 1
    assert "1 failed, 5 not tried\n" in done.out


def test_only_what_has_to_fit_is_looked_at_besides(cluster, kept, people):
    cluster.fault = forbid("harbor-pg-backup", "harbor-pg-restore")
    assert restore(cluster, people["offline"], kept).code == 0


def test_a_secret_that_may_not_be_looked_at_changes_nothing(cluster, kept, people):
    cluster.fault = forbid(KEY)
    done = restore(cluster, people["offline"], kept)
    assert (done.code, cluster.objects) == (1, {})
    assert f"nothing was changed: secrets/{KEY}: forbidden (403)" in done.err


# --- bad archives


def test_the_wrong_key_is_told(cluster, kept, people):
    done = restore(cluster, people["other"], kept)
    assert (done.code, cluster.calls) == (1, [])
    assert "is not encrypted to the key " in done.err
    assert "issued by 'CN=offline'" in done.err


def test_a_certificate_instead_of_a_key_is_told(cluster, kept, people):
    done = restore(cluster, Person(people["offline"].key, people["offline"].certificate), kept)
    assert done.code == 1
    assert "holds a certificate but no private key" in done.err


def test_a_passphrase_opens_an_encrypted_key(cluster, kept, people, tmp_path):
    sealed = Person(people["offline"].certificate, tmp_path / "sealed.key")
    plain = people["offline"].key
    command = ["openssl", "pkey", "-aes256", "-passout", "pass:open me", "-in", plain, "-out"]
    subprocess.run([*command, sealed.key], check=True)
    done = restore(cluster, sealed, kept)
    assert done.code == 1
    assert "the private key is encrypted, expected one without a passphrase" in done.err
    (tmp_path / "passphrase").write_text("open me\n")
    assert restore(cluster, sealed, kept, "--passphrase-file", tmp_path / "passphrase").code == 0


@pytest.mark.parametrize("manifest", [True, False])
def test_a_truncated_archive_is_told(cluster, kept, people, manifest):
    archive = archive_of(kept)
    content = archive.read_bytes()
    archive.write_bytes(content[:-1])
    if not manifest:
        next(kept.glob("*.json")).unlink()
    done = restore(cluster, people["offline"], archive)
    assert (done.code, cluster.calls) == (1, [])
    size = len(content)
    assert (
        f"has {size - 1} bytes, its manifest says {size}; it is truncated or another's"
        if manifest
        else f"is truncated, {size - 1} of {size} bytes are there"
    ) in done.err


@pytest.mark.parametrize("manifest", [True, False])
def test_an_altered_archive_is_told(cluster, kept, people, manifest):
    archive = archive_of(kept)
    content = bytearray(archive.read_bytes())
    content[-100] ^= 1
    archive.write_bytes(content)
    if not manifest:
        next(kept.glob("*.json")).unlink()
    done = restore(cluster, people["offline"], archive)
    assert (done.code, cluster.calls) == (1, [])
    assert (
        "has another SHA-256 than its manifest says; it was altered" if manifest else "was altered"
    ) in done.err


def test_an_archive_without_its_manifest_is_restored_with_a_word(cluster, kept, people):
    next(kept.glob("*.json")).unlink()
    done = restore(cluster, people["offline"], archive_of(kept))
    assert done.code == 0
    assert "origin not proven: " in done.out


def test_an_empty_folder_is_told(cluster, folder, people):
    done = restore(cluster, people["offline"], folder)
    assert done.code == 1
    assert done.err == f"harbor-pg-webhook: {folder}/: holds no archive\n"


def test_the_newest_archive_of_a_folder_is_taken(cluster, folder, people):
    """Of the HarborCluster that is asked for."""
    backup(cluster, people["offline"], folder, "--name", "admin")
    cluster.put(f"{SECRETS}/admin", secret("admin", secret=f"{CANARY}-new"))
    older = archive_of(folder)
    newer = folder / f"29991231T235959Z-{older.stem[-8:]}.cms"
    backup(cluster, people["offline"], newer, "--harborcluster", "main")
    assert f"archive {newer}\n" in restore(cluster, people["offline"], folder).out
    done = restore(cluster, people["offline"], folder, "--harborcluster", "other")
    assert done.err == f"harbor-pg-webhook: {folder}/: holds no archive of that HarborCluster\n"


def test_a_named_archive_of_another_harbor_cluster_is_refused(cluster, kept, people):
    done = restore(cluster, people["offline"], archive_of(kept), "--harborcluster", "other")
    assert (done.code, cluster.calls) == (1, [])
    assert done.err.endswith(": is of registry/main, not of the HarborCluster 'other'\n")


def test_a_folder_above_those_with_archives_names_them(cluster, kept, people):
    above = kept.parent / "above"
    (above / "bad\x1bname").mkdir(parents=True)
    (above / "production").mkdir()
    kept.rename(above / "another")
    said = f"{above}/: holds no archive; its folders are another/ production/"
    listed = run("list", "--from", above)
    assert (listed.code, listed.out) == (4, f"finding: {said}\n")
    done = restore(cluster, people["offline"], above)
    assert (done.code, done.err) == (1, f"harbor-pg-webhook: {said}\n")


# --- signatures


@pytest.fixture
def signed(cluster, folder, people) -> Path:
    signer = people["signer"]
    words = ("--signer", signer.key, "--signer-cert", signer.certificate)
    done = backup(cluster, people["offline"], folder, "--harborcluster", "main", *words)
    assert (done.code, done.out.splitlines()[-1][-8:]) == (0, ", signed")
    cluster.objects = {}
    return folder


def test_a_signature_proves_the_origin(cluster, signed, people):
    certificate = people["signer"].certificate
    done = restore(cluster, people["offline"], signed, "--signer-cert", certificate)
    assert done.code == 0
    assert f"origin proven: signed by the holder of {certificate}\n" in done.out


def test_a_signature_by_somebody_else_is_refused(cluster, signed, people):
    certificate = people["other"].certificate
    done = restore(cluster, people["offline"], signed, "--signer-cert", certificate)
    assert (done.code, cluster.objects) == (1, {})
    assert "is not a signature by 'CN=other'" in done.err


def test_a_manifest_that_was_altered_is_refused(cluster, signed, people):
    path = next(signed.glob("*.json"))
    path.write_text(path.read_text().replace("main", "mine"))
    certificate = people["signer"].certificate
    done = restore(cluster, people["offline"], signed, "--signer-cert", certificate)
    assert (done.code, cluster.objects) == (1, {})
    assert "does not fit: what it was made for, or the signature, was altered" in done.err
    done = restore(cluster, people["offline"], signed)
    assert (done.code, cluster.objects) == (1, {})
    assert "is not the archive that its manifest describes" in done.err


def test_a_missing_signature_is_refused_when_one_is_asked_for(cluster, kept, people):
    certificate = people["signer"].certificate
    done = restore(cluster, people["offline"], kept, "--signer-cert", certificate)
    assert (done.code, cluster.objects) == (1, {})
    assert "is not there, so the archive is not signed" in done.err


def test_an_old_archive_under_a_newer_name_is_refused(cluster, signed, people):
    """Its signature is still right."""
    stem = archive_of(signed).stem
    for path in list(signed.iterdir()):
        shutil.copy(path, signed / path.name.replace(stem, "29991231T235959Z-00000000"))
    certificate = people["signer"].certificate
    done = restore(cluster, people["offline"], signed, "--signer-cert", certificate)
    assert (done.code, cluster.objects) == (1, {})
    assert done.err == (
        f"harbor-pg-webhook: {signed}/29991231T235959Z-00000000.manifest.json: describes "
        f"{stem}.cms, so it is a copy under another name; name that archive instead, or give the "
        "copy its old name\n"
    )
    listed = run("list", "--from", signed)
    assert (listed.code, listed.err) == (1, done.err)


# --- list


def test_list_needs_no_key(cluster, signed):
    done = run("list", "--from", signed)
    archive = archive_of(signed)
    assert (done.code, done.err) == (0, "")
    assert re.fullmatch(
        rf"\d{{4}}-\S+Z  {archive.name}  {NAMESPACE}/main  6 Secrets, signed\n", done.out
    )
    done = run("list", "--from", archive)
    assert done.code == 0
    assert re.search(rf"^  {KEY} +secret$", done.out, re.MULTILINE)
    assert "encrypted to 'CN=offline', serial " in done.out


def test_list_tells_what_is_incomplete(cluster, kept):
    (kept / "x.cms").write_text("")
    done = run("list", "--from", kept)
    assert done.code == 4
    assert "finding: x.cms: has no manifest" in done.out
    archive_of_kept = next(it for it in kept.glob("*.cms") if it.name != "x.cms")
    archive_of_kept.unlink()
    done = run("list", "--from", kept)
    assert done.code == 4
    assert f"finding: {archive_of_kept.name}: is not there any more" in done.out


def test_list_of_an_archive_that_is_not_there(folder):
    done = run("list", "--from", folder / "x.cms")
    assert done.code == 1
    assert done.err == f"harbor-pg-webhook: {folder}/x.manifest.json: is not there\n"


@pytest.mark.parametrize("words", [["--namespace", "harbor"], ["--harborcluster", "main"]])
def test_list_takes_a_place_or_a_harbor_cluster(folder, words):
    done = run("list", "--from", folder, *words)
    assert done.code == 2
    assert "expected --from, or --namespace and --harborcluster" in done.err


def test_list_of_nothing_and_of_rubbish(folder):
    done = run("list", "--from", folder)
    assert (done.code, done.out) == (4, f"finding: {folder}/: holds no archive\n")
    (folder / "20261120T020000Z-1f2e3d4c.manifest.json").write_text("{}")
    done = run("list", "--from", folder)
    assert done.code == 1
    assert "1f2e3d4c.manifest.json: is of format 0, expected 1" in done.err
    assert run("list", "--from", folder / "no").code == 1
    done = run("list", "--from", "s3://bucket/x", "--region", "eu central")
    assert done.code == 2
    assert "--region: 'eu central' is not a region" in done.err


def test_list_names_what_a_role_has_to_allow(cluster, folder, people):
    """Exactly what `backup` asks for, less what the HarborCluster names."""
    del cluster.objects[HARBOR_CLUSTER]
    done = run("list", "--namespace", NAMESPACE, "--harborcluster", "main")
    assert done.code == 0
    backup(cluster, people["offline"], folder)
    asked = [it.path.removeprefix(f"{SECRETS}/") for it in cluster.calls if SECRETS in it.path]
    assert done.out.splitlines() == asked


def test_the_command_is_described():
    assert run().code == 2
    assert "  restore  create Secrets from an archive\n" in run("--help").out
    assert run("lst").err.startswith(
        "harbor-pg-webhook: secrets: unknown command 'lst', expected backup, restore or list: did "
        "you mean 'list'\n"
    )
    for name in ("backup", "restore", "list"):
        assert f"usage: harbor-pg-webhook secrets {name} --" in run(name, "--help").out
