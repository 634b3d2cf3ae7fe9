"""Importing this makes the helpers of tests/wire and tests/tools importable too."""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path += [str(TESTS / "wire"), str(TESTS / "tools")]
