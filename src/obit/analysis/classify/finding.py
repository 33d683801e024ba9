"""What a rule says: one word of the vocabulary, how sure, and why."""

import msgspec

from obit.snapshot.model import Confidence, Evidence, hex_address

VOCABULARY = (
    # Most specific first: the order in which the classifiers of one fault are listed.
    "null non-canonical stack-overflow stack-smash truncated-mapping machine-check seccomp "
    "use-after-free double-free invalid-free heap-overflow stack-execution bad-return wild-jump misaligned "
    "privileged-instruction illegal-instruction divide-by-zero floating-point "
    "assert rust-panic go-panic fortify pure-virtual uncaught-exception heap-corruption stack-corruption invalid-pointer "
    "memory.execute memory.write memory.read bus-error breakpoint abort killed snapshot"
).split()

_RANK = {word: rank for rank, word in enumerate(VOCABULARY)}


class Finding(msgspec.Struct, frozen=True):
    """One classifier with its evidence in a sentence. `address` is the address that it is about; `message` the program's own words
    (an assertion, an abort text), when the rule found them."""

    classifier: str
    confidence: Confidence
    text: str
    address: int | None = None
    message: str | None = None

    @property
    def evidence(self) -> Evidence:
        """The finding as the document has it."""
        address = None if self.address is None else hex_address(self.address)
        return Evidence(classifier=self.classifier, confidence=self.confidence, text=self.text, address=address)


def specificity(classifier: str) -> int:
    """Sort key: the most specific word first, words without a place last."""
    return _RANK.get(classifier, len(_RANK))
