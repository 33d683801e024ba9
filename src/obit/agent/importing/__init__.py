"""Crashes that others kept, as faults of the archive: systemd-coredump's directory, apport's reports, ABRT's directories, loose cores.

`search` finds them, `systemd`, `apport` and `abrt` say what each kind tells beside the core, `store` puts them into the archive, once.
"""
