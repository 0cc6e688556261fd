"""Runs a Python script until standard input ends, then ends it and every process that it started.

However the parent process ends, SIGKILL included, the kernel closes its end of standard input.

usage: supervisor.py SCRIPT_TEXT
"""

import ctypes
import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time

# Without cbor2, ministack responds with 200 and drops each metric of the Rust SDK. Without samtranslator it reads no SAM
# template.
NEEDED = ("ministack", "cbor2", "samtranslator")
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
GRACE_SECONDS = 2.0

libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def descendants():
    """Every descendant of this process. As a subreaper it is also the parent of those whose parent ended."""
    children = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as stat:
                state, parent = stat.read().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            children.setdefault(int(parent), []).append(int(entry))
    found, queue = [], [os.getpid()]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


def end_all():
    """Sends SIGTERM to every descendant, and SIGKILL to those that still run after the grace period."""
    deadline = time.monotonic() + GRACE_SECONDS
    signalled = set()
    while pids := descendants():
        late = time.monotonic() >= deadline
        for pid in pids:
            if not late and pid in signalled:
                continue
            signalled.add(pid)
            try:
                os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
            except ProcessLookupError:
                pass
        time.sleep(0.02)
        reap()
    reap()


def reap():
    """Collects the exit status of every process that ended, which removes it from the process table."""
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        pass


def stop(*_):
    raise SystemExit(0)


def watch_stdin():
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main():
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        print("missing from the virtual environment:", *missing, flush=True)
        return 3
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGTERM, stop)
    try:
        child = subprocess.Popen(
            [sys.executable, "-c", sys.argv[1]],
            stdin=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )
        threading.Thread(target=watch_stdin, daemon=True).start()
        status = child.wait()
        # The status of a signal in the notation of a shell.
        return status if status >= 0 else 128 - status
    finally:
        # A second signal must not interrupt the cleanup.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        end_all()


if __name__ == "__main__":
    sys.exit(main())
