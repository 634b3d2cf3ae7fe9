"""Measures the webhook beside its ceiling and its peer, and judges the ratios: `./dev bench`.

Prints a table and writes it to build/bench/report.md. A goal that is missed is a shortfall in the
table, not a failure: the exit status only says whether it could be measured.
"""

import hashlib
import json
import os
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import reviews

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/bench"
BUILD = ROOT / "build/release"
OUT = ROOT / "build/bench"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "harbor-pg-webhook"

PATH = "/v1/pods/restore/bench"
SIZES = {"8 KB": 0, "100 KB": 100_000, "1 MB": 1_000_000, "3 MB": 3_000_000}
ROUNDS = 3
ROUND_SECONDS = 5
GROWTH_REQUESTS = 200_000
STARTS = 10
THREADS = os.cpu_count() or 1


def say(text: str) -> None:
    print(text, flush=True)


def run(*command: object, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=cwd, env={**os.environ, **(env or {})}, text=True, capture_output=True
    )
    if done.returncode != 0:
        raise SystemExit(f"bench: {' '.join(words)}\n{done.stdout}{done.stderr}")
    return done.stdout


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until(ready: Callable[[], bool], process: subprocess.Popen, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"bench: {process.args[0]} does not answer; see {OUT}")
        time.sleep(0.0005)


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@dataclass
class Load:
    """What wrk saw in one round."""

    requests: int
    seconds: float
    p50_us: int
    p99_us: int
    errors: int
    cpu_seconds: float = 0.0  # of the server


@dataclass
class Server:
    """A running server under test, and the rounds it has had."""

    name: str
    process: subprocess.Popen
    port: int
    rounds: list[Load] = field(default_factory=list)

    def load(self, body: Path, seconds: int = ROUND_SECONDS) -> Load:
        command = ["wrk", "-t1", "-c16", f"-d{seconds}s", "-s", HERE / "post.lua"]
        before = self.cpu_seconds()
        text = run(*command, f"https://127.0.0.1:{self.port}{PATH}", "--", body)
        load = Load(**json.loads(text.splitlines()[-1]), cpu_seconds=self.cpu_seconds() - before)
        if load.errors:
            raise SystemExit(f"bench: {self.name}: {load.errors} of {load.requests} failed")
        return load

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self, name: str) -> int:
        """VmRSS or VmHWM in KiB."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
        raise SystemExit(f"bench: {self.name} is gone")

    def memory_at_rest(self) -> int:
        """VmRSS in KiB without the last load's connections, of which each holds 64 KiB: the
        smallest of the second in which they end."""
        readings = []
        for _ in range(20):
            readings.append(self.memory("VmRSS"))
            time.sleep(0.05)
        return min(readings)

    def median(self, value: Callable[[Load], float]) -> float:
        return statistics.median(value(load) for load in self.rounds)

    @property
    def rate(self) -> float:
        return self.median(lambda load: load.requests / load.seconds)

    @property
    def cpu_us(self) -> float:
        """Microseconds of CPU time for a request: what a busy machine disturbs least."""
        return self.median(lambda load: load.cpu_seconds / load.requests * 1e6)

    @property
    def p50(self) -> float:
        return self.median(lambda load: load.p50_us / 1000)

    @property
    def p99(self) -> float:
        return self.median(lambda load: load.p99_us / 1000)


@contextmanager
def started(name: str, port: int, *command: object) -> Iterator[Server]:
    words = [str(word) for word in command]
    with (OUT / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            wait_until(lambda: answers(port), process)
            yield Server(name, process, port)
        finally:
            process.kill()
            process.wait()


def make_certificate() -> None:
    run(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
        *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
        *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
        *("-keyout", OUT / "tls.key", "-out", OUT / "tls.crt"),
    )


def write_config(name: str) -> tuple[Path, int, int]:
    """The configuration with two free ports: its path, the webhook's port, the plain port."""
    port, plain = free_port(), free_port()
    path = OUT / f"{name}.yaml"
    path.write_text(
        (HERE / "config.yaml").read_text()
        + f'server: {{listen: "127.0.0.1:{port}", metricsListen: "127.0.0.1:{plain}"}}\n'
        + f'tls: {{mode: files, certFile: "{OUT}/tls.crt", keyFile: "{OUT}/tls.key"}}\n'
    )
    return path, port, plain


def webhook_command(config: Path) -> list[object]:
    return [BUILD / "server/harbor-pg-webhook", "serve", "--config", config]


def build_peer() -> Path | None:
    """The Go peer, kept in the cache under the hash of its sources; None without Go."""
    if not shutil.which("go"):
        say("no Go: the controller-runtime peer is not measured")
        return None
    sources = [HERE / "peer" / name for name in ("go.mod", "go.sum", "main.go")]
    name = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    peer = CACHE / f"peer-{name}"
    if not peer.exists():
        say("building the controller-runtime peer (minutes at the first time)")
        env = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly"}
        options = ("-trimpath", "-buildvcs=false", "-ldflags", "-s -w")
        run("go", "build", *options, "-o", peer, ".", cwd=HERE / "peer", env=env)
    return peer


def post(port: int, body: bytes) -> bytes:
    """One answer of the webhook, which has to be a patch."""
    context = ssl.create_default_context(cafile=OUT / "tls.crt")
    request = urllib.request.Request(
        f"https://127.0.0.1:{port}{PATH}", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, context=context, timeout=10) as reply:
        text = reply.read()
    if "patch" not in json.loads(text)["response"]:
        raise SystemExit(f"bench: the question is not answered with a patch: {text.decode()}")
    return text


# --- what is measured


def measure_cost(bodies: list[Path]) -> list[dict[str, float]]:
    say("cost of a decision beside jansson's bare parse")
    config, _, _ = write_config("cost")
    rows = []
    for line in run(BUILD / "tests/bench/bench_admit", config, "bench", *bodies).splitlines():
        size, jansson, read, admit = (float(word) for word in line.split())
        rows.append({"bytes": size, "jansson": jansson, "read": read, "admit": admit})
    return rows


def measure_start() -> float:
    """Median milliseconds from the start of the process to a 200 of /readyz."""
    say(f"start to ready, {STARTS} times")
    times = []
    for _ in range(STARTS):
        config, _, plain = write_config("start")

        def ready(port: int = plain) -> bool:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as reply:
                    return reply.status == 200
            except OSError:
                return False

        with (OUT / "start.log").open("wb") as log:
            begin = time.monotonic()
            process = subprocess.Popen(webhook_command(config), stdout=log, stderr=log)
            try:
                wait_until(ready, process)
                times.append((time.monotonic() - begin) * 1000)
            finally:
                process.kill()
                process.wait()
    return statistics.median(times)


def measure_growth(server: Server, body: Path) -> int:
    """KiB that the server holds more after GROWTH_REQUESTS further requests."""
    say(f"memory over {GROWTH_REQUESTS} requests")
    before = server.memory_at_rest()
    done = 0
    while done < GROWTH_REQUESTS:
        done += server.load(body).requests
    return server.memory_at_rest() - before


def measure_load(servers: list[Server], body: Path) -> None:
    for server in servers:
        server.load(body, 1)
    for number in range(ROUNDS):
        for server in servers:
            server.rounds.append(server.load(body))
            load = server.rounds[-1]
            say(f"round {number + 1}: {server.name:<10}{load.requests / load.seconds:9.0f}/s")


def measure_archives() -> str:
    """The table of a million segments, as the suite `archive` measures them."""
    say("archives of a million segments")
    return run(sys.executable, ROOT / "tests/archive/scale.py", BUILD)


# --- the report


@dataclass
class Goal:
    what: str
    measured: float | None
    limit: float
    unit: str = ""
    at_least: bool = False

    def row(self) -> str:
        sign = ">=" if self.at_least else "<="
        goal = f"{sign} {self.limit:g}{self.unit}"
        if self.measured is None:
            return f"| {self.what} | not measured | {goal} | - |"
        good = self.measured >= self.limit if self.at_least else self.measured <= self.limit
        verdict = "reached" if good else "**shortfall**"
        return f"| {self.what} | {self.measured:.3g}{self.unit} | {goal} | {verdict} |"


def ratio(ours: float, theirs: float | None) -> float | None:
    return ours / theirs if theirs else None


def goals(cost: list[dict], servers: dict[str, Server], growth: int, start: float) -> list[Goal]:
    ours, peer = servers["webhook"], servers.get("peer")
    per_byte = [row["admit"] / row["bytes"] for row in cost]
    return [
        Goal("decision / jansson's bare parse, 8 KB", cost[0]["admit"] / cost[0]["jansson"], 0.2),
        Goal("cost of a byte, 3 MB / 100 KB", per_byte[3] / per_byte[1], 1.5),
        Goal(
            "throughput / constant answer",
            ratio(ours.rate, servers["constant"].rate),
            0.5,
            "",
            True,
        ),
        Goal("throughput / controller-runtime", ratio(ours.rate, peer and peer.rate), 12, "", True),
        Goal("p99 / controller-runtime", ratio(ours.p99, peer and peer.p99), 0.15),
        Goal(
            "peak memory / controller-runtime",
            ratio(ours.memory("VmHWM"), peer and peer.memory("VmHWM")),
            0.4,
        ),
        Goal(f"growth over {GROWTH_REQUESTS:,} requests", growth / 1024, 1, " MiB"),
        Goal("start to ready", start, 100, " ms"),
    ]


def report(cost: list[dict], servers: dict[str, Server], growth: int, start: float) -> str:
    lines = ["| goal | measured | wanted | |", "|---|---|---|---|"]
    lines += [goal.row() for goal in goals(cost, servers, growth, start)]
    lines += [
        "",
        "| server | requests/s | p50 | p99 | CPU/request | peak RSS |",
        "|---|---|---|---|---|---|",
    ]
    for server in servers.values():
        lines.append(
            f"| {server.name} | {server.rate:,.0f} | {server.p50:.2f} ms | {server.p99:.2f} ms "
            f"| {server.cpu_us:.0f} us | {server.memory('VmHWM') / 1024:.1f} MiB |"
        )
    lines += ["", "| review | jansson, bare parse | our reader | whole decision | ns/byte |"]
    lines += ["|---|---|---|---|---|"]
    for name, row in zip(SIZES, cost, strict=True):
        times = " | ".join(f"{row[key] / 1000:,.1f} us" for key in ("jansson", "read", "admit"))
        per_byte = row["admit"] / row["bytes"]
        lines.append(f"| {name} ({row['bytes']:,.0f} bytes) | {times} | {per_byte:.2f} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    OUT.mkdir(parents=True, exist_ok=True)
    make_certificate()
    bodies = [OUT / f"review-{size}.json" for size in SIZES.values()]
    for path, size in zip(bodies, SIZES.values(), strict=True):
        path.write_bytes(reviews.of_size(size))
    peer = build_peer()
    cost = measure_cost(bodies)
    start = measure_start()
    keys = (OUT / "tls.crt", OUT / "tls.key")
    with ExitStack() as running:
        config, port, _ = write_config("webhook")
        ours = running.enter_context(started("webhook", port, *webhook_command(config)))
        (OUT / "answer.json").write_bytes(post(port, bodies[0].read_bytes()))
        port = free_port()
        program = BUILD / "tests/bench/constant"
        ceiling = running.enter_context(
            started(
                "constant", port, program, f"127.0.0.1:{port}", *keys, OUT / "answer.json", THREADS
            )
        )
        servers = [ours, ceiling]
        if peer:
            port = free_port()
            address = f"127.0.0.1:{port}"
            command = (peer, "-listen", address, "-cert", keys[0], "-key", keys[1])
            servers.append(running.enter_context(started("peer", port, *command)))
        measure_load(servers, bodies[0])
        peaks = {server.name: server for server in servers}
        growth = measure_growth(ours, bodies[0])
        text = f"{report(cost, peaks, growth, start)}\n{measure_archives()}"
    (OUT / "report.md").write_text(text)
    say(f"\n{text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
