"""What somebody has to know of."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that is wrong. It is alerted once for as long as it lasts, by its `id`.

    `day` is the partition it is about, if it is about one. `text` says what was found and what to do, and nothing that
    a row holds. `run` and `step` are Dagster's, for what became known by a run's failure.
    """

    kind: str
    subject: str
    text: str
    day: str = ""
    run: str = ""
    step: str = ""

    @property
    def id(self) -> str:
        """The same for as long as it is the same cause: its kind, subject and day."""
        return "/".join(part for part in (self.kind, self.subject, self.day) if part)
