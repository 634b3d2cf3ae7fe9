"""Waiting for something to become true: the only clock in this suite."""

import os
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Sanitizers and valgrind make everything slower, never wrong.
SLOW = os.environ.get("HPW_SLOW") == "1"
SCALE = 6.0 if SLOW else 1.0


def wait_for(what: str, question: Callable[[], T], seconds: float = 10.0, every: float = 0.01) -> T:
    """Asks `every` so many seconds until the answer is true and returns it; fails with `what`
    after `seconds`."""
    end = time.monotonic() + seconds * SCALE
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"still not true after {seconds * SCALE:g} s: {what}")
        time.sleep(every)


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self.start = time.monotonic()

    def seconds(self) -> float:
        return time.monotonic() - self.start
