"""`launch.py REPORT COMMAND…`: run a command and write its seconds (clock, processor) and peak kilobytes to REPORT.

A process of its own, started with `-I -S`, because the kernel counts what a child had before its exec into the child's peak: started from
the benchmark itself, everything would be at least as large as the benchmark.
"""

import os
import sys
import time

started = time.perf_counter()
child = os.fork()
if child == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(child, 0)
took = time.perf_counter() - started
with open(sys.argv[1], "w") as report:
    report.write(f"{took} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss}")
sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)
