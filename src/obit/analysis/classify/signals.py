"""Signal numbers and codes that the rules speak of, the same on x86-64 and aarch64, and their names.

Sources: include/uapi/asm-generic/{signal,siginfo}.h.
"""

SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS = 4, 5, 6, 7, 8, 11, 31

SI_USER, SI_QUEUE, SI_TKILL, SI_KERNEL = 0, -1, -6, 128
SEGV_MAPERR, SEGV_ACCERR, SEGV_PKUERR = 1, 2, 4
BUS_ADRALN, BUS_ADRERR, BUS_MCEERR_AR, BUS_MCEERR_AO = 1, 2, 4, 5
ILL_PRVOPC, ILL_PRVREG = 5, 6
FPE_INTDIV = 1
SYS_SECCOMP = 1

_SIGNALS = (
    "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG "
    "XCPU XFSZ VTALRM PROF WINCH IO PWR SYS"
).split()
_CODES = {
    SIGILL: ("ILL", "ILLOPC ILLOPN ILLADR ILLTRP PRVOPC PRVREG COPROC BADSTK BADIADDR"),
    SIGFPE: ("FPE", "INTDIV INTOVF FLTDIV FLTOVF FLTUND FLTRES FLTINV FLTSUB"),
    SIGSEGV: ("SEGV", "MAPERR ACCERR BNDERR PKUERR ACCADI ADIDERR ADIPERR MTEAERR MTESERR CPERR"),
    SIGBUS: ("BUS", "ADRALN ADRERR OBJERR MCEERR_AR MCEERR_AO"),
    SIGTRAP: ("TRAP", "BRKPT TRACE BRANCH HWBKPT UNK PERF"),
    SIGSYS: ("SYS", "SECCOMP USER_DISPATCH"),
}
_SENT = {0: "USER", -1: "QUEUE", -2: "TIMER", -3: "MESGQ", -4: "ASYNCIO", -5: "SIGIO", -6: "TKILL", -7: "DETHREAD", 128: "KERNEL"}


def signal_name(number: int) -> str:
    """`SIGSEGV`; real-time signals count from SIGRTMIN as the kernel numbers it (32)."""
    if 1 <= number <= len(_SIGNALS):
        return "SIG" + _SIGNALS[number - 1]
    return f"SIGRTMIN+{number - 32}" if 32 <= number <= 64 else f"signal {number}"


def code_name(number: int, code: int) -> str | None:
    """`SEGV_MAPERR`, `SI_KERNEL`; None for a code without a name."""
    if code in _SENT:
        return "SI_" + _SENT[code]
    prefix, names = _CODES.get(number, ("", ""))
    known = names.split()
    return f"{prefix}_{known[code - 1]}" if 1 <= code <= len(known) else None
