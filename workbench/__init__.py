"""The workbench: what people who edit definitions look at, before and after they change one.

Here belongs what reads a definition (a segment, a trigger, a campaign, a journey) as a text, and what tries one out on
data beside the live ones: a segment taken apart into its conditions, the checks of every definition, what a change
changes, a made-up person's days. What does not: building, publishing and exporting themselves (models/,
orchestration/, exports/, which are used here as they are), and anything that writes to a live zone. Scratch files lie
in a hidden folder under POSTROOM_HOME, where an erasure finds them after a crash too, and are removed.
"""

from workbench.errors import WorkbenchError

__all__ = ["WorkbenchError"]
