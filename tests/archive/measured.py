#!/usr/bin/env python3
"""Runs a command and writes what it cost: measured.py FILE COMMAND...

FILE becomes {"user": s, "system": s, "peak": bytes}. A process of its own, and a small one: the
kernel counts the memory of the process that starts a program as that program's.
"""

import json
import os
import resource
import sys


def main(file: str, *command: str) -> int:
    child = os.posix_spawn(command[0], command, os.environ)
    _, status = os.waitpid(child, 0)
    it = resource.getrusage(resource.RUSAGE_CHILDREN)
    cost = {"user": it.ru_utime, "system": it.ru_stime, "peak": it.ru_maxrss * 1024}
    with open(file, "w") as out:
        json.dump(cost, out)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
