"""Taking what explains a fault out of a process: what memory (`select`), into what file (`minicore`), and the ways to get at it.

Everything here except the drivers is standard library only, because the kernel's pipe handler runs it without site-packages.
"""
