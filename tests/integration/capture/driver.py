"""Runs a command as `obit run` does, without the command line and the analysis; standard library only, run by path.

usage: driver.py JSON: {"command": […], "home": DIR, "full"?, "to_stderr"?, "trouble"?: "killed" | "refused"}; prints JSON.
"""

import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../src"))

from obit.archive.layout import CORE, PENDING
from obit.capture import ptrace, run, stopped
from obit.capture.deposit import Deposit
from obit.capture.stops import Doomed


def die(_doomed: Doomed) -> None:
    """Be killed in the middle of a capture, as by the out-of-memory killer."""
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def refuse(tid: int) -> None:
    """What seccomp filters and Yama do."""
    raise PermissionError(1, "Operation not permitted", tid)


def main() -> None:
    """Run, and say what came of it."""
    order = json.loads(sys.argv[1])
    deposit = Deposit(order["home"], {"team": "blue"}, full=order.get("full", False))
    on_fault = die if order.get("trouble") == "killed" else deposit.on_fault
    if order.get("trouble") == "refused":
        ptrace.seize = refuse
    stopped.STUBBORN_DEADLINE = 0.05
    outcome = run.run(order["command"], run.Observer(on_fault, deposit.on_end), stdout_to_stderr=order.get("to_stderr", False))
    try:
        os.waitpid(-1, os.WNOHANG)
        children = True
    except ChildProcessError:
        children = False
    print(
        json.dumps(
            {
                "status": outcome.failed.status if outcome.failed else outcome.status,
                "reason": outcome.failed and outcome.failed.reason,
                "unwatched": outcome.unwatched,
                "children_left": children,
                "complaints": deposit.complaints,
                "beyond": deposit.beyond,
                "cores": [os.path.join(order["home"], PENDING, kept.id, CORE) for kept in deposit.kept if kept.id],
            }
        )
    )


main()
