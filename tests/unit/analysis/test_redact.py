"""What configured patterns hide in a document."""

import pytest

from obit.analysis.redact import redact
from obit.analysis.scrub import HIDDEN, NO_PATTERNS, Patterns, scrub_cmdline, scrub_environ
from obit.errors import UsageError
from obit.snapshot.encode import encode_json
from obit.snapshot.model import Evidence, Frame, MemoryBlock, Thread, Variable
from tests.builders import faults

ACCOUNT = Patterns(("ACCT-[0-9]+",))


def variable(value: str | None, *children: Variable) -> Variable:
    return Variable(name="account", kind="local", type="char *", value=value, children=children)


def test_a_match_is_hidden_wherever_a_text_of_the_process_is() -> None:
    frame = Frame(pc="0x1", variables=(variable(None, variable('"ACCT-77 of Ada"')),))
    fault = faults.fault(
        (Thread(tid=1, frames=(frame,)),),
        message="no ACCT-77",
        explanation="It said ACCT-77.",
        evidence=(Evidence(classifier="abort", confidence="certain", text="ACCT-77"),),
        attributes={"account": "ACCT-77", "count": 7},
        globals=(variable('"ACCT-77"'),),
        memory=(MemoryBlock(label="stack", address="0x10", bytes=b"..ACCT-77..".hex()),),
        process={"pid": 7, "cmdline": ["shop", "ACCT-77"], "environ": {"ACCOUNT": "ACCT-77"}, "cwd": "/srv/ACCT-77"},
    )
    hidden = redact(fault, ACCOUNT)
    assert b"ACCT-77" not in encode_json(hidden)
    assert hidden.threads[0].frames[0].variables[0].children[0].value == f'"{HIDDEN} of Ada"'
    assert bytes.fromhex(hidden.memory[0].bytes) == b"..*******.."
    assert (hidden.attributes["count"], hidden.process["pid"]) == (7, 7)


def test_without_patterns_nothing_changes() -> None:
    fault = faults.fault(())
    assert redact(fault, NO_PATTERNS) is fault


def test_a_pattern_that_is_none_is_said() -> None:
    with pytest.raises(UsageError, match=r"\[scrub\] patterns"):
        Patterns(("(",))


def test_the_files_of_proc_keep_their_form() -> None:
    assert scrub_environ(b"A=ACCT-1\0TOKEN=x\0odd\0", ACCOUNT) == b"A=(hidden)\0TOKEN=(hidden)\0odd\0"
    assert scrub_cmdline(b"a\0--key\0x\0ACCT-1\xff\0", ACCOUNT) == b"a\0--key\0(hidden)\0(hidden)\xff\0"
    assert scrub_environ(b"") == b""
    assert ACCOUNT.hide_bytes(b"\xffACCT-1\n") == b"\xff(hidden)\n"
