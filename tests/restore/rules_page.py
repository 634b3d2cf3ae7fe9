"""The tables of docs/pg_hba.md, which are made from what was measured."""

import re

import helpers
from rules import PROBES, Database

PAGE = helpers.ROOT / "docs/pg_hba.md"
BLOCK = re.compile(r"(<!-- measured: (\w+) -->\n)(.*?)(<!-- end -->\n)", re.DOTALL)

NOT_ASKED = "–"
ROW = re.compile(r"^\| (.*) \|$", re.MULTILINE)


def breaks(databases: dict[str, Database]) -> str:
    """Of each rule that is left out, what is not as with all of them."""
    nine = databases["nine"]
    lines = ["| left out | what is different |", "|---|---|"]
    for number, rule in enumerate(nine.rules, 1):
        seen = databases[f"-{number}"].seen
        different = [it for it in PROBES if it in seen and seen[it] != nine.seen[it]]
        text = "; ".join(f"{it}: **{seen[it]}**" for it in different)
        lines.append(f"| {number}: `{rule}` | {text or 'nothing'} |")
    return "\n".join(lines) + "\n"


def matrix(databases: dict[str, Database]) -> str:
    """Everything that was seen of each list."""
    lines = [f"| what | {' | '.join(databases)} |", "|---" * (len(databases) + 1) + "|"]
    for probe in PROBES:
        cells = [it.seen.get(probe, NOT_ASKED) for it in databases.values()]
        lines.append(f"| {probe} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def written(databases: dict[str, Database]) -> str:
    """The page with both tables as they were measured."""
    tables = {"breaks": breaks, "matrix": matrix}
    return BLOCK.sub(lambda it: it[1] + tables[it[2]](databases) + it[4], PAGE.read_text())


def documented(name: str) -> dict[str, str]:
    """The column of one list in the page's matrix."""
    block = next(it[3] for it in BLOCK.finditer(PAGE.read_text()) if it[2] == "matrix")
    head, *rows = (row.split(" | ") for row in ROW.findall(block))
    column = head.index(name)
    return {row[0]: row[column] for row in rows}
