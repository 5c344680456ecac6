"""What the shell completes: words that stand in the program (`ops.vocabulary`).

A word that is not among them is sent all the same. Ids and references are not completed, as that would ask the gateway
at every press of a key.
"""

from __future__ import annotations

from collections.abc import Callable


def completed_by(words: tuple[str, ...]) -> Callable[[str], list[str]]:
    """Give what completes the beginning of one of these words."""

    def complete(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    return complete
