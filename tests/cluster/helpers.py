"""Importing this makes the helpers of the other suites importable too."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent
ROOT = TESTS.parent
sys.path += [str(TESTS / it) for it in ("wire", "tools", "restore", "archive")]
