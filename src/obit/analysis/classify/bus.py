"""SIGBUS: memory that is mapped, but behind which nothing is."""

from obit.analysis.classify.context import CrashContext
from obit.analysis.classify.finding import Finding
from obit.analysis.classify.signals import BUS_ADRERR, BUS_MCEERR_AO, BUS_MCEERR_AR, SIGBUS
from obit.image.process import MappedRange

_IN_MEMORY = (  # names that the kernel gives to mappings without a file on disk
    "/dev/shm/",  # noqa: S108 - compared with, never opened
    "/memfd:",
    "/SYSV",
    "/dev/hugepages",
    "/anon_hugepage",
)


def bus(context: CrashContext) -> list[Finding]:
    """truncated-mapping when a file mapping reaches past its file; machine-check for broken memory; bus-error always."""
    signal = context.signal
    if signal is None or signal.number != SIGBUS or (signal.code is not None and signal.code <= 0):
        return []
    if signal.code in (BUS_MCEERR_AR, BUS_MCEERR_AO):
        return [Finding("machine-check", "certain", "the memory itself is broken (an uncorrected hardware error)", signal.address)]
    found = [Finding("bus-error", "certain", "the processor could not complete an access to memory", signal.address)]
    mapping = context.image.mapping_at(signal.address) if signal.address is not None else None
    if (
        signal.code == BUS_ADRERR
        and mapping is not None
        and mapping.path
        and not mapping.path.startswith("[")
        and signal.address is not None
    ):
        found.insert(0, _truncated(mapping, signal.address))
    return found


def _truncated(mapping: MappedRange, address: int) -> Finding:
    offset = address - mapping.start + mapping.offset
    if mapping.path and mapping.path.startswith(_IN_MEMORY):
        text = f"{mapping.path} has no page at offset 0x{offset:x}: it is shorter than its mapping, or the memory for it was used up"
        return Finding("truncated-mapping", "likely", text, address)
    text = f"{mapping.path} ends before offset 0x{offset:x}, which the mapping includes: it was cut after it was mapped, or mapped too long"
    return Finding("truncated-mapping", "certain", text, address)
