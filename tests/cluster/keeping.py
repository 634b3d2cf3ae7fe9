"""The command `secrets` as a person or a CronJob runs it, in a world of its own: its home, its
temporary files and its working directory are one folder, and no value is ever seen there or in what
it prints.

keeping = Keeping(folder, kubeconfig)
done = keeping.backup("--namespace", "harbor", "--harborcluster", "registry", to=folder)
done.code, done.out, done.err
"""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from canary import assert_silent
from pki import Authority
from process import binary

SECONDS = 60


@dataclass
class Done:
    code: int
    out: str
    err: str


class Keeping:
    """Keys of a recipient and of a signer, and one who runs the command with a kubeconfig."""

    def __init__(self, folder: Path, kubeconfig: Path | None = None) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir(parents=True)
        self.env = {"HOME": str(self.home), "TMPDIR": str(self.home), "PATH": "/usr/bin:/bin"}
        if kubeconfig:
            self.env["KUBECONFIG"] = str(kubeconfig)
        authority = Authority("people")
        for name in ("recipient", "other", "signer"):
            pair = authority.pair(common_name=name)
            (folder / f"{name}.crt").write_bytes(pair["tls.crt"])
            (folder / f"{name}.key").write_bytes(pair["tls.key"])
            (folder / f"{name}.key").chmod(0o600)

    def file(self, name: str) -> str:
        return str(self.folder / name)

    def command(self, *words: object) -> Sequence[str]:
        return [binary(), "secrets", *(str(word) for word in words)]

    def run(self, *words: object, env: Mapping[str, str] | None = None) -> Done:
        done = subprocess.run(
            self.command(*words),
            cwd=self.home,
            env={**self.env, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert done.returncode >= 0, f"ended by signal {-done.returncode}"
        assert_silent(done.stdout + done.stderr, f"the output of {words}")
        self.assert_left_nothing()
        return Done(done.returncode, done.stdout, done.stderr)

    def backup(self, *words: object, to: object, **options: Mapping[str, str]) -> Done:
        recipient = ("--recipient", self.file("recipient.crt"))
        return self.run("backup", *recipient, "--to", to, *words, **options)

    def restore(
        self, *words: object, source: object, key: str = "recipient", **options: Mapping[str, str]
    ) -> Done:
        return self.run(
            "restore", "--from", source, "--key", self.file(f"{key}.key"), *words, **options
        )

    def assert_left_nothing(self) -> None:
        """No file with a value: not as a temporary one, not as a core."""
        for path in self.home.rglob("*"):
            if path.is_file():
                assert_silent(path.read_bytes().decode("latin-1"), str(path))
