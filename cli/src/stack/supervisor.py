"""Runs ministack until standard input ends, then ends it and every process that it started.

The process that holds the other end of standard input may die in any way, SIGKILL included: the kernel closes
its end, and nothing is left behind.
"""

import ctypes
import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time

# ministack answers 200 and drops each metric of the Rust SDK without cbor2, and takes no SAM template without samtranslator.
NEEDED = ("ministack", "cbor2", "samtranslator")
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
GRACE_SECONDS = 2.0

libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def descendants():
    """Every process below this one; as a subreaper this one is also above those whose parent ended."""
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
    found, ahead = [], [os.getpid()]
    while ahead:
        below = children.get(ahead.pop(), [])
        found += below
        ahead += below
    return found


def end_all():
    """SIGTERM to everything below, SIGKILL to what is still there after the grace."""
    deadline = time.monotonic() + GRACE_SECONDS
    told = set()
    while pids := descendants():
        late = time.monotonic() >= deadline
        for pid in pids:
            if not late and pid in told:
                continue
            told.add(pid)
            try:
                os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
            except ProcessLookupError:
                pass
        time.sleep(0.02)
        reap()
    reap()


def reap():
    """Takes the exit status of every process that ended, else each stays in the process table."""
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
        ministack = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            stdin=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )
        threading.Thread(target=watch_stdin, daemon=True).start()
        status = ministack.wait()
        # Of a signal, as a shell says it.
        return status if status >= 0 else 128 - status
    finally:
        # A second signal must not cut the ending short.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        end_all()


if __name__ == "__main__":
    sys.exit(main())
