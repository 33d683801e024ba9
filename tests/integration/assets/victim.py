"""A process to look at: takes a hostile name, opens files, starts threads, says so, and waits for its input to end."""

import ctypes
import os
import sys
import threading

files, threads = int(sys.argv[1]), int(sys.argv[2])
ctypes.CDLL(None).prctl(15, b"a) R 1\nUid:\t0", 0, 0, 0)
kept = [os.open("/dev/null", os.O_RDONLY) for _ in range(files)]
hold = threading.Event()
for _ in range(threads):
    threading.Thread(target=hold.wait, daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
os._exit(0)
