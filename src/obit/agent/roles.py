"""What each process below the supervisor gives up before it begins, and what it then runs.

Modules that only some of them need are imported here when they start; `preload` has the supervisor import them before it forks those.
"""

import os
from collections.abc import Mapping
from functools import partial
from socket import socket
from typing import TYPE_CHECKING

from obit.agent import confinement, seccomp
from obit.agent.configuration import Configuration
from obit.agent.metrics import Metrics
from obit.agent.worker import Main
from obit.capture import facts

if TYPE_CHECKING:
    from obit.agent.forwarder import Forwarder

_BEHIND = 10
"""How much nicer an analysis is than everybody else: a released victim gives back its memory meanwhile, and others crash."""


def mains(configuration: Configuration, empty: str, numbers: Metrics, *, has_requests: bool) -> Mapping[str, Main]:
    """By role. `numbers` count in shared memory; `empty` is an empty directory; `has_requests`: the kernel's socket speaks the protocol of
    `coredumpsocket`."""
    return {
        "receiver": partial(_receive, configuration, facts.host_facts(), numbers, has_requests),
        "selector": partial(_select, empty, configuration.budget, numbers),
        "committer": partial(_commit, configuration, numbers),
        "broker": partial(_broke, configuration),
        "analyser": partial(_analyse, empty, numbers),
        "keeper": partial(_keep, configuration, numbers),
    }


def put_in_order(home: str, _channel: socket) -> None:
    """Finish, mark or count what an agent that was killed has left; nothing may be in flight."""
    from obit.archive.recovery import recover
    from obit.archive.settlement import repair

    _become_owner(home)
    recover(home)
    repair(home)


def _receive(configuration: Configuration, host: dict[str, object], numbers: Metrics, has_requests: bool, channel: socket) -> None:
    from obit.agent.receiver import Receiver

    forwarder = _forwarder(configuration)  # forked while there are rights to pass on
    confinement.keep_capabilities(*confinement.LOOKING)
    confinement.no_new_privileges()
    Receiver(configuration, host, numbers, forwarder, has_requests=has_requests).main(channel)


def _forwarder(configuration: Configuration) -> "Forwarder | None":
    """Of the command that [forward] names."""
    if not configuration.forward:
        return None
    from obit.agent.forward import parse
    from obit.agent.forwarder import Forwarder
    from obit.agent.pattern import Takeover

    command = parse(configuration.forward, Takeover(configuration.home).original())
    return Forwarder(command) if command else None


def _select(empty: str, budget: int, numbers: Metrics, channel: socket) -> None:
    from obit.agent.selector import main

    numbers.close()
    _become_nobody(empty)
    main(channel, budget=budget)


def _commit(configuration: Configuration, numbers: Metrics, channel: socket) -> None:
    from obit.agent.committer import Committer
    from obit.agent.modulecache import ModuleCache

    _become_owner(configuration.home)
    Committer(configuration.home, ModuleCache(configuration.home, configuration.modules_limit), numbers).main(channel)


def _broke(configuration: Configuration, channel: socket) -> None:
    from obit.agent.broker import Broker
    from obit.agent.modulecache import ModuleCache
    from obit.debuginfo.cache import Cache

    confinement.keep_capabilities(*confinement.OPENING)
    confinement.no_new_privileges()
    modules = ModuleCache(configuration.home, configuration.modules_limit)
    Broker(configuration.debug_directories, Cache(configuration.debug_cache), modules).main(channel)


def _analyse(empty: str, numbers: Metrics, channel: socket) -> None:
    from obit.agent.analyser import main

    numbers.close()
    os.nice(_BEHIND)
    _become_nobody(empty)
    main(channel)


def _keep(configuration: Configuration, numbers: Metrics, channel: socket) -> None:
    from obit.agent.keeper import Keeper

    _become_owner(configuration.home)
    Keeper(configuration, numbers).main(channel)


def _become_owner(home: str) -> None:
    """The archive's hand is whoever owns the archive, without any other right."""
    parent, owner = os.getppid(), os.stat(home)
    confinement.become(owner.st_uid, owner.st_gid)
    confinement.keep_capabilities()
    confinement.no_new_privileges()
    confinement.die_with_parent(parent)


def _become_nobody(empty: str) -> None:
    parent = os.getppid()
    confinement.enter_void(empty)
    confinement.die_with_parent(parent)
    confinement.undumpable()
    seccomp.refuse()  # a kernel without it leaves the rest standing
