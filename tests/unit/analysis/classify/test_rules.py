"""The runner: order, confidence, a rule that fails."""

from obit.analysis.classify.context import CrashContext
from obit.analysis.classify.finding import VOCABULARY, Finding
from obit.analysis.classify.rules import RULES, classify
from tests.builders.crash import crash, segv


def breaks(context: CrashContext) -> list[Finding]:
    raise ValueError("no such thing")


def hints(context: CrashContext) -> list[Finding]:
    return [Finding("wild-jump", "hint", "maybe")]


def finds(context: CrashContext) -> list[Finding]:
    return [Finding("memory.read", "certain", "reads"), Finding("null", "likely", "null", 0x18, "words")]


def test_a_rule_that_fails_leaves_a_note_and_the_rest_go_on() -> None:
    result = classify(crash(), (breaks, finds))
    assert result.classifiers == ("null", "memory.read")
    assert [(each.what, each.why) for each in result.missing] == [("the rule test_rules.breaks", "ValueError: no such thing")]


def test_hints_are_evidence_but_no_classifiers_beside_better_ones() -> None:
    result = classify(crash(), (hints, finds))
    assert "wild-jump" not in result.classifiers
    assert "wild-jump" in {each.classifier for each in result.evidence}
    assert classify(crash(), (hints,)).classifiers == ("wild-jump",)


def test_most_specific_first_with_address_and_message() -> None:
    result = classify(crash(), (finds,))
    assert (result.evidence[0].classifier, result.evidence[0].address, result.message) == ("null", "0x18", "words")


def test_no_rule_fails_on_an_empty_process() -> None:
    empty = crash("", {"rip": 0, "rsp": 0}, segv(0), mappings=())
    assert classify(empty).missing == ()
    assert len(RULES) == len(set(RULES))
    assert len(VOCABULARY) == len(set(VOCABULARY))
