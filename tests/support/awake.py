"""Time as a test may hold a program to it: what the machine lost by standing still does not count."""
import threading
import time

TICK = 0.02
MOST = 0.1  # that one tick counts for, however late it comes

_awake = 0.0
_lock = threading.Lock()


def _count():
    global _awake
    before = time.monotonic()
    while True:
        time.sleep(TICK)
        now = time.monotonic()
        with _lock:
            _awake += min(now - before, MOST)
        before = now


def seconds():
    """Of this process in which the machine has let it run, from an arbitrary beginning on."""
    with _lock:
        return _awake


threading.Thread(target=_count, daemon=True).start()
