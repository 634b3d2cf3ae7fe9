"""What a run measured: printed at its end, and kept."""

from collections.abc import Iterator
from pathlib import Path

from api import Api
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

LATENCY = "apiserver_admission_webhook_admission_duration_seconds"


class Report:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, line: str) -> None:
        self.lines.append(line)

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(self.lines) + "\n")


def samples(text: str, name: str, entries: str) -> Iterator[Sample]:
    """Those of a metric that are about entries whose names end so."""
    for family in text_string_to_metric_families(text):
        if family.name == name:
            yield from (it for it in family.samples if it.labels["name"].endswith(entries))


def latencies(api: Api, entries: str) -> list[str]:
    """A table: how long the API server says that calls of each entry took."""
    counts: dict[str, float] = {}
    sums: dict[str, float] = {}
    buckets: dict[str, dict[float, float]] = {}
    for sample in samples(api.text("/metrics"), LATENCY, entries):
        entry = sample.labels["name"].removesuffix(f".{entries}")
        if sample.name.endswith("_count"):
            counts[entry] = counts.get(entry, 0) + sample.value
        elif sample.name.endswith("_sum"):
            sums[entry] = sums.get(entry, 0) + sample.value
        elif sample.name.endswith("_bucket"):
            of_entry = buckets.setdefault(entry, {})
            limit = float(sample.labels["le"])
            of_entry[limit] = of_entry.get(limit, 0) + sample.value
    lines = ["| entry | calls | mean | up to 5 ms | 99 of 100 within |", "|---|---|---|---|---|"]
    for entry in sorted(counts):
        number = counts[entry]
        quick = 100 * buckets[entry][0.005] / number
        within = min(limit for limit, it in buckets[entry].items() if it >= 0.99 * number)
        mean = 1000 * sums[entry] / number
        row = (entry, f"{number:.0f}", f"{mean:.1f} ms", f"{quick:.0f} %", f"{within:g} s")
        lines.append(f"| {' | '.join(row)} |")
    return lines
