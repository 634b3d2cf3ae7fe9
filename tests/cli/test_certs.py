"""The commands `certs issue`, `certs show` and `certs verify`, run as a person runs them."""

import os
import re
import stat
import subprocess
from pathlib import Path

import pytest

BINARY = os.environ.get("HPW_BINARY", "build/default/server/harbor-pg-webhook")
NAME = "harbor-pg-webhook.harbor-pg-webhook.svc"
TRY = "try 'harbor-pg-webhook certs {} --help'\n"


def certs(*words: object, given: bytes = b"") -> tuple[int, str, str]:
    done = subprocess.run(
        [BINARY, "certs", *map(str, words)], input=given, capture_output=True, timeout=30
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def issued(folder: Path, *words: object) -> Path:
    assert certs("issue", "--dns", NAME, "--out", folder, *words)[0] == 0
    return folder


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A folder with the three files."""
    return issued(tmp_path / "pair")


@pytest.mark.parametrize(
    ("words", "mistake"),
    [
        (["issue"], "--out is missing, expected a folder"),
        (
            ["issue", "--out", "x"],
            "--dns: no name, expected at least one DNS name or IP address",
        ),
        (
            ["issue", "--out", "x", "--dns", "a,b"],
            "--dns: 'a,b' is neither a DNS name (lower-case letters, digits, '-' and '.') nor an "
            "IP address",
        ),
        (
            ["issue", "--out", "x", "--dns=a", "--days=0"],
            "--days: '0' is not a number from 1 to 36500",
        ),
        (
            ["issue", "--out", "x", "--dns=a", "--days", "1y"],
            "--days: '1y' is not a number from 1 to 36500",
        ),
        (["issue", "file"], "unexpected argument 'file'"),
        (["show"], "no file, expected one with certificates"),
        (["show", "--jsn", "x"], "unknown option '--jsn'"),
        (["verify", "--key", "x"], "--cert is missing, expected a file"),
        (["verify", "--cert", "x"], "--key is missing, expected a file"),
    ],
)
def test_a_wrong_command_line_is_2_and_writes_nothing(tmp_path, monkeypatch, words, mistake):
    monkeypatch.chdir(tmp_path)
    code, out, err = certs(*words)
    assert (code, out) == (2, "")
    assert err == f"harbor-pg-webhook: {mistake}\n{TRY.format(words[0])}"
    assert list(tmp_path.iterdir()) == []


def test_a_command_is_needed_and_a_typo_is_understood():
    assert certs()[0] == 2
    assert certs("isue") == (
        2,
        "",
        "harbor-pg-webhook: certs: unknown command 'isue', expected issue, show or verify: did you "
        "mean 'issue'\ntry 'harbor-pg-webhook certs --help'\n",
    )


@pytest.mark.parametrize("words", [[], ["issue"], ["show"], ["verify"]])
def test_help_has_examples(words):
    code, out, err = certs(*words, "--help")
    assert (code, err) == (0, "")
    assert "\nexamples:\n  harbor-pg-webhook certs " in out


@pytest.mark.parametrize("there", ["ca.crt", "tls.crt", "tls.key"])
def test_issue_overwrites_nothing(tmp_path, there):
    (tmp_path / there).write_text("mine")
    code, out, err = certs("issue", "--dns", "a", "--out", tmp_path)
    assert (code, out) == (1, "")
    assert err == (
        f"harbor-pg-webhook: {tmp_path}/{there}: is there already and is not overwritten; move it "
        "away or give another folder to --out\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "mine"


def test_issue_says_why_it_cannot_write(tmp_path):
    (tmp_path / "file").write_text("")
    assert certs("issue", "--dns", "a", "--out", tmp_path / "no/such")[::2] == (
        1,
        f"harbor-pg-webhook: {tmp_path}/no/such: cannot make the folder: No such file or "
        "directory\n",
    )
    assert certs("issue", "--dns", "a", "--out", tmp_path / "file")[::2] == (
        1,
        f"harbor-pg-webhook: {tmp_path}/file/ca.crt: cannot create: Not a directory\n",
    )


def test_issue_writes_three_files_and_nothing_else(tmp_path):
    folder = tmp_path / "new"
    code, out, err = certs(
        "issue", "--dns", "a.svc", "--dns=10.0.0.1", "--days=30", "--out", folder
    )
    assert (code, err) == (0, "")
    date = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    assert re.fullmatch(
        rf"wrote {folder}/ca.crt: the CA, valid until ({date})\n"
        rf"wrote {folder}/tls.crt: for a.svc, 10.0.0.1, valid until \1\n"
        rf"wrote {folder}/tls.key: its private key, mode 0600\n",
        out,
    )
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {"ca.crt": 0o644, "tls.crt": 0o644, "tls.key": 0o600}
    assert (folder / "tls.key").read_text() not in out


def test_show_describes_every_certificate(pair):
    both = (pair / "tls.crt").read_bytes() + (pair / "ca.crt").read_bytes()
    code, out, err = certs("show", "-", given=both)
    assert (code, err) == (0, "")
    leaf, authority = out.split("\n\n")
    assert leaf.startswith(
        f"certificate 1 of 2\n  subject:     CN={NAME}\n  issuer:      CN=harbor-pg-webhook CA\n"
    )
    assert f"\n  names:       {NAME}\n" in leaf
    assert re.search(r"\n  valid until: \S+Z \(36[45] days left\)\n", leaf)
    assert "\n  key:         ECDSA P-256\n  kind:        leaf\n" in leaf
    assert re.search(r"\n  SHA-256:     ([0-9A-F]{2}:){31}[0-9A-F]{2}$", leaf)
    assert authority.startswith("certificate 2 of 2\n  subject:     CN=harbor-pg-webhook CA\n")
    assert "\n  names:       none\n" in authority
    assert "\n  kind:        CA\n" in authority


def test_show_fails_on_what_is_no_certificate(pair, tmp_path):
    assert certs("show", pair / "tls.key") == (
        1,
        "",
        f"harbor-pg-webhook: {pair}/tls.key: holds a private key but no certificate; are the "
        "certificate file and the key file exchanged?\n",
    )
    assert certs("show", tmp_path / "none") == (
        1,
        "",
        f"harbor-pg-webhook: {tmp_path}/none: cannot open: No such file or directory\n",
    )
    assert certs("show", "-", given=b"x" * (1 << 21))[::2] == (
        1,
        "harbor-pg-webhook: standard input: larger than 1048576 bytes\n",
    )


def test_verify_accepts_what_was_issued(pair):
    words = ["--cert", pair / "tls.crt", f"--key={pair}/tls.key"]
    code, out, err = certs("verify", *words, "--ca", pair / "ca.crt", "--dns", NAME)
    assert (code, err) == (0, "")
    assert re.fullmatch(
        rf"{pair}/tls.crt: fine, for {NAME}, valid until \S+Z \(36[45] days left\)\n", out
    )
    code, out, err = certs("verify", *words)
    assert (code, err) == (0, "")
    assert out.endswith("days left); whether clients trust it was not judged (--ca)\n")


def test_verify_tells_every_finding(pair, tmp_path):
    other = issued(tmp_path / "other")
    code, out, err = certs(
        "verify",
        *("--cert", pair / "tls.crt", "--key", other / "tls.key", "--ca", other / "ca.crt"),
        *("--dns", NAME, "--dns", "wrong.svc", "--dns", "10.0.0.1"),
    )
    assert (code, out) == (1, "")
    assert err == (
        f"harbor-pg-webhook: {other}/tls.key: is the key of another certificate, not of "
        f"'CN={NAME}' in {pair}/tls.crt; take certificate and key from the same issue\n"
        f"harbor-pg-webhook: {pair}/tls.crt: is not for 'wrong.svc', only for {NAME}; issue it "
        "again with that name\n"
        f"harbor-pg-webhook: {pair}/tls.crt: is not for '10.0.0.1', only for {NAME}; issue it "
        "again with that name\n"
        f"harbor-pg-webhook: {pair}/tls.crt: not accepted by a client that trusts "
        f"{other}/ca.crt: 'CN={NAME}', issued by 'CN=harbor-pg-webhook CA': no certificate of the "
        "CA bundle signed it; add the CA that did, or send the intermediates along\n"
    )
    assert "PRIVATE KEY" not in err


def test_a_file_that_cannot_be_read_hides_no_other_finding(pair, tmp_path):
    assert certs(
        "verify",
        *("--cert", tmp_path / "none", "--key", pair / "tls.crt", "--ca", pair / "tls.key"),
    ) == (
        1,
        "",
        f"harbor-pg-webhook: {tmp_path}/none: cannot open: No such file or directory\n"
        f"harbor-pg-webhook: {pair}/tls.crt: holds a certificate but no private key; are the "
        "certificate file and the key file exchanged?\n"
        f"harbor-pg-webhook: {pair}/tls.key: holds a private key but no certificate; are the "
        "certificate file and the key file exchanged?\n",
    )
