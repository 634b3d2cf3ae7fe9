"""The commands `patch`, `explain`, `version` and the help texts, run as a person runs them."""

import json
import os
import pty
import re
import subprocess
from base64 import b64decode
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
BINARY = os.environ.get("HPW_BINARY", "build/default/server/harbor-pg-webhook")
REVIEWS = ROOT / "tests/data/reviews"
CR = REVIEWS / "cr-create-real-harbor-operator.json"
CR_AFTER_REPAIR = REVIEWS / "cr-update-after-repair.json"
POD_OLD_IMAGE = REVIEWS / "pod-create-real-chain.json"
POD_REPAIRED = REVIEWS / "pod-create-patched-chain.json"
STATEFULSET = REVIEWS / "statefulset-create.json"
CANARY = "canary-6f1f0d2e"
PIN = "ghcr.io/zalando/spilo-16:3.2-p3"

CONFIG = """\
backupProfiles:
  generation-2:
    s3: {bucket: harbor-db-backups, region: eu-central-1, suffix: /generation-2}
    schedule: "0 1 * * *"
    retain: 7
    credentials:
      secret: {name: b, accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY}
restoreProfiles:
  dr:
    s3:
      bucket: harbor-db-backups
      scope: postgresql-lab-reg
      suffix: /99e85b8a-3f92-4c86-8d42-5056348c1e7e
      region: eu-central-1
    credentials:
      secret: {name: r, accessKeyId: A, secretAccessKey: B}
"""


class Done(NamedTuple):
    status: int
    out: str
    err: str


def run(*words: object, given: str = "", env: dict[str, str] | None = None) -> Done:
    done = subprocess.run(
        [BINARY, *map(str, words)],
        input=given.encode(),
        capture_output=True,
        timeout=60,
        env={**os.environ, **(env or {})},
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def on_terminal(*words: object, env: dict[str, str]) -> str:
    """What the program prints when standard output is a terminal."""
    main, terminal = pty.openpty()
    try:
        with subprocess.Popen(
            [BINARY, *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=subprocess.DEVNULL,
            env={"TERM": "xterm", **env},
        ):
            os.close(terminal)
            printed = b""
            try:
                while chunk := os.read(main, 65536):
                    printed += chunk
            except OSError:  # how Linux tells that the other side is closed
                pass
    finally:
        os.close(main)
    return printed.decode()


def review(path: Path) -> dict:
    return json.loads(path.read_text())


def manifest(path: Path) -> dict:
    return review(path)["request"]["object"]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    return path


def test_no_command_is_a_mistake() -> None:
    done = run()
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("usage: harbor-pg-webhook COMMAND")


@pytest.mark.parametrize(
    ("words", "mistake", "where"),
    [
        (["pathc"], "unknown command 'pathc', did you mean 'patch'", ""),
        (["replicate"], "unknown command 'replicate'", ""),
        (["--hlep"], "unknown option '--hlep', did you mean '--help'", ""),
        (["-x"], "unknown option '-x'", ""),
        (["help", "exlpain"], "unknown command 'exlpain', did you mean 'explain'", ""),
        (["patch", "--conifg=x"], "unknown option '--conifg', did you mean '--config'", "patch "),
        (["patch", "--config"], "option '--config' needs a value (FILE)", "patch "),
        (["patch", "--profile", "a", "--profile=b"], "option '--profile' is given twice", "patch "),
        (["patch", "a", "b"], "unexpected argument 'b'", "patch "),
        (["explain", "--json=yes"], "option '--json' takes no value", "explain "),
        (["explain", "--output", "diff"], "unknown option '--output'", "explain "),
        (["version", "x"], "unexpected argument 'x'", "version "),
        (["serve", "x"], "unexpected argument 'x'", "serve "),
        (
            ["patch", "--output", "yaml"],
            "option '--output': expected one of patch, object, review, diff",
            "patch ",
        ),
    ],
)
def test_usage(words: list[str], mistake: str, where: str) -> None:
    expected = f"harbor-pg-webhook: {mistake}\ntry 'harbor-pg-webhook {where}--help'\n"
    assert run(*words) == (2, "", expected)


GROUPS = {
    "certs": ("issue", "show", "verify"),
    "backups": ("list", "verify", "watch"),
    "secrets": ("backup", "restore", "list"),
}


def commands() -> list[str]:
    return re.findall(r"^  (\w+) {2,}", run("help").out.split("examples:")[0], re.MULTILINE)


def help_texts() -> dict[str, str]:
    texts = {name: run(name, "--help").out for name in commands()}
    for group, names in GROUPS.items():
        for name in names:
            texts[f"{group} {name}"] = run(group, name, "--help").out
    return texts


def test_every_command_has_help_with_examples() -> None:
    names = "serve patch explain check certs backups secrets version"
    assert commands() == names.split()
    assert "examples:" in run("--help").out
    for name, text in help_texts().items():
        assert text.startswith(f"usage: harbor-pg-webhook {name}"), name
        assert "examples:\n  " in text, name
        assert run("help", *name.split()[:1]).status == 0
        assert max(map(len, text.splitlines())) <= 100, name


def test_the_man_page_tells_every_command_and_option() -> None:
    page = (ROOT / "docs/harbor-pg-webhook.1").read_text()
    for name, text in help_texts().items():
        assert f".Ss {name}\n" in page or f".Cm {name} " in page, name
        for option in re.findall(r"^  --([a-z-]+)", text, re.MULTILINE):
            mark = rf"^\.It Fl -{option}\b" if option != "help" else r"^\.Fl -help$"
            assert re.search(mark, page, re.MULTILINE), f"{name} --{option}"


def test_the_man_page_tells_no_option_that_is_not_there() -> None:
    page = (ROOT / "docs/harbor-pg-webhook.1").read_text()
    known = {option for text in help_texts().values() for option in re.findall(r"--[a-z-]+", text)}
    for option in re.findall(r"^\.It Fl -([a-z-]+)", page, re.MULTILINE):
        assert f"--{option}" in known


def test_help_says_that_object_and_patch_are_faithful() -> None:
    assert "object and patch are faithful" in run("patch", "--help").out


def test_version() -> None:
    known = json.loads(run("version", "--json").out)
    assert set(known) == {"version", "commit", "libraries"}
    libraries = known["libraries"]
    assert set(libraries) == {
        "libmicrohttpd",
        "GnuTLS",
        "OpenSSL",
        "jansson",
        "libyaml",
        "libcurl",
        "expat",
    }
    assert all(re.fullmatch(r"\d+\.\d+(\.\d+)*", version) for version in libraries.values())
    lines = run("version").out.splitlines()
    assert lines[:2] == [f"harbor-pg-webhook {known['version']}", f"commit {known['commit']}"]
    assert lines[2:] == [f"{name} {version}" for name, version in libraries.items()]
    assert run("--version").out.splitlines() == lines


def test_a_full_disk_is_told() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([BINARY, "version"], stdout=full, stderr=subprocess.PIPE, timeout=60)
    message = b"harbor-pg-webhook: standard output: cannot write: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, message)


def test_a_closed_pipe_is_told() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([BINARY, "help"], stdout=writer, stderr=subprocess.PIPE, timeout=60)
    os.close(writer)
    message = b"harbor-pg-webhook: standard output: cannot write: Broken pipe\n"
    assert (done.returncode, done.stderr) == (1, message)


def test_a_review_gives_its_patch() -> None:
    done = run("patch", CR)
    assert (done.status, done.err, done.out.count("\n")) == (0, "", 1)
    assert ": " not in re.sub(r'"[^"]*"', "", done.out)
    paths = {operation["path"]: operation["value"] for operation in json.loads(done.out)}
    assert paths["/spec/dockerImage"] == PIN
    assert len(paths["/spec/patroni/pg_hba"]) == 9


def test_nothing_to_change_is_an_empty_patch() -> None:
    object_ = run("patch", "--output", "object", CR).out
    again = run("patch", "--output", "patch", given=object_)
    assert again == (0, "[]\n", "")
    assert run("patch", "--output=diff", given=object_) == (0, "", "")


def test_a_manifest_gives_its_object() -> None:
    before = manifest(CR)
    done = run("patch", given=json.dumps(before))
    assert (done.status, done.err) == (0, "")
    after = json.loads(done.out)
    assert after["spec"]["dockerImage"] == PIN
    assert done.out == json.dumps(after, indent=2, ensure_ascii=False) + "\n"
    assert list(after["spec"])[: len(before["spec"])] == list(before["spec"])


YAML_CR = """\
apiVersion: acid.zalan.do/v1
kind: postgresql
metadata:
  name: postgresql-harbor-hc
  namespace: harbor
spec:
  teamId: postgresql-harbor
  postgresql: {version: "12"}
"""


def test_yaml_stays_yaml() -> None:
    done = run("patch", given=YAML_CR)
    assert (done.status, done.err) == (0, "")
    assert f"  dockerImage: {PIN}\n" in done.out
    assert '  postgresql:\n    version: "12"\n' in done.out
    assert run("patch", given=done.out) == (0, done.out, "")


def test_review_is_the_answer_of_the_server() -> None:
    done = run("patch", "--output", "review", CR)
    assert (done.status, done.out.count("\n")) == (0, 1)
    answer = json.loads(done.out)
    assert (answer["apiVersion"], answer["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    response = answer["response"]
    assert response["uid"] == review(CR)["request"]["uid"]
    assert response["allowed"] is True
    assert json.loads(b64decode(response["patch"])) == json.loads(run("patch", CR).out)


def test_diff() -> None:
    done = run("patch", "--output", "diff", CR)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("postgresql harbor-ho/postgresql-harbor-ho-registry\n@@ ")
    assert f"\n+  dockerImage: {PIN}\n" in done.out
    assert "\n@@ spec.patroni.pg_hba @@\n" in done.out
    assert "\033" not in done.out


@pytest.mark.parametrize(
    ("env", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
@pytest.mark.parametrize("words", [["patch", "--output", "diff"], ["explain"]])
def test_colour_only_on_a_terminal(words: list[str], env: dict[str, str], coloured: bool) -> None:
    assert ("\033[32m" in on_terminal(*words, CR, env=env)) is coloured


def test_explain() -> None:
    done = run("explain", CR)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("postgresql harbor-ho/postgresql-harbor-ho-registry\n  ✓ ")
    assert re.search(
        r"^  ✓ image +the image is .*\n +changes: the configured image$", done.out, re.M
    )
    assert re.search(r"^✓ allowed \(repaired\), \d operations in the patch$", done.out, re.M)
    assert "nothing changes" in run("explain", given=run("patch", "--output=object", CR).out).out


def test_explain_json() -> None:
    done = run("explain", "--json", CR)
    assert (done.status, done.err, done.out.count("\n")) == (0, "", 1)
    rules = json.loads(done.out)
    assert all(list(rule) == ["rule", "matched", "why", "changes"] for rule in rules)
    assert {rule["rule"]: rule["matched"] for rule in rules}["image"] is True


def test_a_denial() -> None:
    done = run("patch", "--profile", "enabled", POD_OLD_IMAGE)
    assert (done.status, done.out) == (3, "[]\n")
    assert done.err.startswith("denied (image-too-old): image 'registry.opensource.zalan.do/")
    assert done.err.count("\n") == 1
    for form in ("object", "diff"):
        refused = run("patch", "--profile=enabled", "--output", form, POD_OLD_IMAGE)
        assert refused == (3, "", done.err)
    answer = json.loads(run("patch", "--profile=enabled", "--output=review", POD_OLD_IMAGE).out)
    assert answer["response"]["allowed"] is False
    assert "patch" not in answer["response"]


def test_explain_tells_a_denial() -> None:
    done = run("explain", "--profile", "enabled", POD_OLD_IMAGE)
    assert done.status == 3
    assert "\n✗ denied (image-too-old): image '" in done.out
    assert done.err.startswith("denied (image-too-old): ")
    told = run("explain", "--profile", "enabled", "--json", POD_OLD_IMAGE)
    assert told.status == 3
    assert told.err == done.err
    assert json.loads(told.out)[0]["rule"] == "concerned"


def test_a_profile_that_is_not_there_is_named() -> None:
    message = "harbor-pg-webhook: there is no restore profile 'enabeld'; there are: enabled\n"
    assert run("patch", "--profile", "enabeld", POD_REPAIRED) == (1, "", message)
    assert run("explain", "--profile", "enabeld", POD_REPAIRED) == (1, "", message)
    message = "harbor-pg-webhook: there is no backup profile 'x'; there are: none\n"
    assert run("patch", "--backup-profile=x", POD_REPAIRED) == (1, "", message)


@pytest.mark.parametrize("option", ["--profile", "--backup-profile"])
def test_unlisted_is_decided_as_the_server_does(option: str) -> None:
    done = run("patch", option, "unlisted", POD_REPAIRED)
    assert done.status == 3
    assert done.err.startswith("denied (unknown-profile): ")


def test_a_pod_needs_a_profile() -> None:
    done = run("patch", POD_REPAIRED)
    assert (done.status, done.out) == (1, "")
    assert done.err == (
        f"harbor-pg-webhook: {POD_REPAIRED}: Pod lab/postgresql-lab-reg-0: "
        "a Pod needs --profile (restore), --backup-profile, or both\n"
    )


def test_other_kinds_are_named() -> None:
    done = run("patch", STATEFULSET)
    assert (done.status, done.out) == (1, "")
    assert "request.kind is 'StatefulSet' of 'apps/v1', expected 'postgresql'" in done.err


def test_postgresql_ignores_profiles(config: Path) -> None:
    words = ("--config", config, "--profile=dr", "--backup-profile=generation-2")
    assert run("patch", *words, CR) == run("patch", CR)


def env_of(pod: str) -> dict[str, str]:
    containers = json.loads(pod)["spec"]["containers"]
    env = next(c for c in containers if c["name"] == "postgres")["env"]
    return {entry["name"]: entry.get("value", "") for entry in env}


def test_backup_comes_before_restore(config: Path) -> None:
    common = ("patch", "--config", config, "--output=object")
    backup = run(*common, "--backup-profile=generation-2", POD_REPAIRED)
    both = run(*common, "--backup-profile=generation-2", "--profile=dr", POD_REPAIRED)
    assert (backup.status, both.status) == (0, 0)
    assert env_of(backup.out)["WAL_BUCKET_SCOPE_SUFFIX"] == "/generation-2"
    assert "CLONE_SCOPE" not in env_of(backup.out)
    assert env_of(both.out)["WAL_BUCKET_SCOPE_SUFFIX"] == "/generation-2"
    assert env_of(both.out)["CLONE_SCOPE"] == "postgresql-lab-reg"
    names = list(env_of(both.out))
    assert names.index("WAL_S3_BUCKET") < names.index("CLONE_SCOPE")

    one = run("patch", "--config", config, "--profile=dr", given=backup.out)
    assert one.out == both.out
    patch = json.loads(
        run("patch", "--config", config, "--backup-profile=generation-2", "--profile=dr",
            POD_REPAIRED).out
    )  # fmt: skip
    answer = json.loads(
        run("patch", "--config", config, "--backup-profile=generation-2", "--profile=dr",
            "--output=review", POD_REPAIRED).out
    )  # fmt: skip
    assert json.loads(b64decode(answer["response"]["patch"])) == patch
    told = run("explain", "--config", config, "--backup-profile=generation-2", "--profile=dr",
               POD_REPAIRED)  # fmt: skip
    assert ", backup profile 'generation-2'\n" in told.out
    assert ", restore profile 'dr'\n" in told.out


def test_a_denial_after_the_first_pass_leaves_nothing(config: Path) -> None:
    words = ("--config", config, "--backup-profile=generation-2", "--profile=dr")
    done = run("patch", *words, POD_OLD_IMAGE)
    assert (done.status, done.out) == (3, "[]\n")


CONFIGMAP = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: harbor-pg-restore, namespace: harbor}
data:
  CLONE_SCOPE: postgresql-harbor-harbor
  CLONE_WAL_S3_BUCKET: %s
  CLONE_WAL_BUCKET_SCOPE_SUFFIX: /99e85b8a-3f92-4c86-8d42-5056348c1e7e
  CLONE_AWS_REGION: eu-central-1
"""


def test_restore_configmaps_are_judged() -> None:
    good = run("patch", "--output=patch", given=CONFIGMAP % "harbor-db-backups")
    assert (good.status, good.out) == (0, "[]\n")
    bad = run("patch", given=CONFIGMAP % "s3://harbor-db-backups")
    assert (bad.status, bad.out) == (3, "")
    assert bad.err.startswith("denied (")


def test_several_documents() -> None:
    pod = json.dumps(manifest(POD_OLD_IMAGE))
    text = f"{YAML_CR}---\n{json.dumps(manifest(CR))}\n---\n# nothing\n---\n{pod}\n"
    done = run("patch", "--profile=enabled", given=text)
    assert done.status == 3
    yaml, json_text = done.out.split("---\n")
    assert yaml.startswith("apiVersion: acid.zalan.do/v1\n")
    assert json.loads(json_text)["spec"]["dockerImage"] == PIN
    assert done.err.startswith("denied (image-too-old): Pod harbor-ho/postgresql-harbor-ho-")
    again = run("patch", given=done.out)
    assert again == (0, done.out, "")

    patches = run("patch", "--profile=enabled", "--output", "patch", given=text)
    assert [len(json.loads(line)) > 0 for line in patches.out.splitlines()] == [True, True, False]


def test_a_list_and_reviews_in_a_row() -> None:
    items = [manifest(CR), manifest(CR_AFTER_REPAIR)]
    listed = run("patch", given=json.dumps({"kind": "List", "apiVersion": "v1", "items": items}))
    assert listed.status == 0
    assert [json.loads(part)["kind"] for part in listed.out.split("---\n")] == ["postgresql"] * 2
    row = run("patch", given=CR.read_text() + CR_AFTER_REPAIR.read_text())
    assert (row.status, row.out.count("\n")) == (0, 2)
    assert len(run("explain", "--json", given=CR.read_text() * 3).out.splitlines()) == 3


def test_the_worst_document_counts_and_none_stops_the_others() -> None:
    pod = json.dumps(manifest(POD_OLD_IMAGE))
    bad = "a: [\n"
    for text in (f"{bad}---\n{pod}\n---\n{YAML_CR}", f"{YAML_CR}---\n{pod}\n---\n{bad}"):
        done = run("patch", "--profile", "enabled", given=text)
        assert done.status == 1
        assert f"dockerImage: {PIN}" in done.out
        assert "harbor-pg-webhook: standard input: document at line " in done.err
        assert "denied (image-too-old): " in done.err


def test_standard_input_in_three_ways() -> None:
    text = CR.read_text()
    expected = run("patch", CR)
    assert run("patch", given=text) == expected
    assert run("patch", "-", given=text) == expected
    assert run("patch", "--", "-", given=text) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "standard input: no document in it"),
        ("# nothing\n---\n", "standard input: no document in it"),
        ('{"kind": ', "standard input: line 1, column 8: unexpected token"),
        ("[]", "standard input: document 1: expected an object"),
        (
            '{"kind": "AdmissionReview", "request": {"kind": {"version": "v1", "kind": "Pod"}}}',
            "standard input: Pod /(no name yet): the body is not an AdmissionReview: "
            "apiVersion is '', expected admission.k8s.io/v1 or admission.k8s.io/v1beta1",
        ),
    ],
)
def test_bad_input(given: str, message: str) -> None:
    done = run("patch", "--profile=enabled", given=given)
    assert (done.status, done.out) == (1, "")
    assert done.err == f"harbor-pg-webhook: {message}\n"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    done = run("patch", tmp_path / "x")
    assert done.status == 1
    message = f"harbor-pg-webhook: {tmp_path}/x: cannot open: No such file or directory\n"
    assert done.err == message


def test_mistakes_in_the_configuration_are_all_told(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("server: {listne: x}\nlog: {level: loud}\n")
    done = run("patch", f"--config={path}", CR)
    assert (done.status, done.out) == (1, "")
    assert len(done.err.splitlines()) == 2
    assert all(line.startswith(f"harbor-pg-webhook: {path}: ") for line in done.err.splitlines())


def test_limits_of_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("server: {limits: {body: 2KiB}}\n")
    done = run("patch", "--config", path, CR)
    assert done.status == 1
    assert "bytes of review, the limit is 2048 (server.limits.body)" in done.err
    path.write_text("server: {limits: {jsonDepth: 8}}\n")
    done = run("patch", "--config", path, CR)
    assert done.status == 1
    assert "the body is not JSON: byte " in done.err


def test_input_of_more_than_64_mib_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    done = run("patch", path)
    assert done == (1, "", f"harbor-pg-webhook: {path}: larger than 67108864 bytes\n")


def test_the_namespace_of_manifests_that_name_none() -> None:
    cr = manifest(CR)
    del cr["metadata"]["namespace"]
    text = json.dumps(cr)
    default = run("explain", given=text)
    assert default.out.startswith("postgresql default/postgresql-harbor-ho-registry\n")
    named = run("explain", "--namespace", "harbor-ho", given=text)
    assert named.out.startswith("postgresql harbor-ho/postgresql-harbor-ho-registry\n")
    own = run("explain", "--namespace=other", given=json.dumps(manifest(CR)))
    assert own.out.startswith("postgresql harbor-ho/")


def with_canaries(pod: dict) -> dict:
    """The pod with a literal secret in every place where one can stand."""
    env = next(c for c in pod["spec"]["containers"] if c["name"] == "postgres")["env"]
    secrets = [
        {"name": "AWS_SECRET_ACCESS_KEY", "value": CANARY},
        {"name": "CLONE_AWS_SECRET_ACCESS_KEY", "value": CANARY},
        {"name": "SOME_TOKEN", "value": CANARY},
    ]
    for entry in env:
        if entry["name"] == "SPILO_CONFIGURATION":
            configuration = json.loads(entry["value"])
            configuration["users"] = {"password": CANARY}
            entry["value"] = json.dumps(configuration)
    env[1:1] = secrets
    env.extend({**entry, "name": f"X_{entry['name']}"} for entry in secrets)
    applied = json.dumps({"spec": {"containers": [{"env": secrets}]}})
    annotations = pod["metadata"].setdefault("annotations", {})
    annotations["kubectl.kubernetes.io/last-applied-configuration"] = applied
    return pod


@pytest.mark.parametrize("profile", ["enabled", "dr", "unlisted"])
def test_a_secret_is_never_shown_to_be_read(config: Path, profile: str) -> None:
    text = json.dumps(with_canaries(manifest(POD_REPAIRED)))
    common = ("--config", config, f"--profile={profile}")
    for words in (["patch", "--output=diff"], ["explain"], ["explain", "--json"]):
        done = run(*words, *common, given=text)
        assert CANARY not in done.out + done.err, words
    assert CANARY not in run("patch", "--output=review", *common, given=text).err
    assert CANARY not in run("patch", "--output=diff", *common, given=text[:-1]).err


def test_the_diff_shows_masks_and_the_object_does_not() -> None:
    text = json.dumps(with_canaries(manifest(POD_REPAIRED)))
    diff = run("patch", "--profile=enabled", "--output=diff", given=text)
    assert (diff.status, diff.err) == (0, "")
    masked = "\n     - name: CLONE_AWS_SECRET_ACCESS_KEY\n-      value: ***\n"
    assert masked in diff.out
    assert CANARY in run("patch", "--profile=enabled", given=text).out
