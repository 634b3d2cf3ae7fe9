#!/usr/bin/env python3
"""Every relative link of README.md and docs/*.md leads to a file, and to a heading in it."""

import re
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def prose(page: Path) -> str:
    return FENCED.sub("", page.read_text())


@cache
def anchors(page: Path) -> set[str]:
    """The headings as GitHub makes anchors of them."""
    headings = HEADING.findall(prose(page))
    return {re.sub(r"[^\w\- ]", "", it.lower()).replace(" ", "-") for it in headings}


def mistake(page: Path, link: str) -> str:
    """What is wrong with the link, "" when nothing is."""
    place, _, anchor = link.partition("#")
    target = (page.parent / place).resolve() if place else page
    if not target.is_relative_to(ROOT) or not target.exists():
        return "there is no such file"
    if anchor and anchor not in anchors(target):
        return "the file has no such heading"
    return ""


def main() -> int:
    found = 0
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for link in LINK.findall(prose(page)):
            wrong = "" if "://" in link else mistake(page, link)
            if wrong:
                print(f"{page.relative_to(ROOT)}: {link}: {wrong}")
            found += bool(wrong)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
