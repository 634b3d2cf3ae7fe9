"""A network namespace of the suite's own: nothing that runs in it can reach anything else.

Without it the API server would dial cluster IPs, and the operators invented pod IPs, over the
default route of the machine.
"""

import ctypes
import os
import subprocess

CLONE_NEWNET = 0x40000000

API_SERVER_ADDRESS = "10.200.0.1"
POD_NETWORK = "10.200.1.0/24"

SET_UP = (
    ("link", "set", "lo", "up"),
    ("address", "add", f"{API_SERVER_ADDRESS}/32", "dev", "lo"),
    # Every address of nodes, pods and endpoints is this machine's.
    ("route", "add", "local", "10.200.0.0/16", "dev", "lo"),
)


def obstacle() -> str:
    """Why no namespace can be made here; empty when one can."""
    if os.geteuid() != 0:
        return "not root: a network namespace cannot be made"
    done = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stderr.strip()


def enter() -> None:
    """Moves this process, and what it starts from now on, into a new namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"unshare: {os.strerror(number)}")
    for words in SET_UP:
        subprocess.run(["ip", *words], check=True)
