#!/usr/bin/env python3
"""The first base backup of a database, as soon as it leads: envdir FOLDER first_backup.py DATA."""

import sys
import time
import urllib.error
import urllib.request

import walg

LEADS = "http://localhost:8008/primary"


def leads() -> bool:
    try:
        with urllib.request.urlopen(LEADS, timeout=1) as answer:
            return answer.status == 200
    except OSError:
        return False


if __name__ == "__main__":
    while not leads():
        time.sleep(0.2)
    walg.main(["backup-push", sys.argv[1]])
