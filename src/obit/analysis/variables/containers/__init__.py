"""Printers of the standard libraries' containers."""

from collections.abc import Callable
from typing import Any

from obit.debuginfo.types import RecordType


def printer_for(type: RecordType) -> Callable[..., Any] | None:
    """None until the printers land."""
    return None
