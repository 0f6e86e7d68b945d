"""What can go wrong here and is for a person to mend."""


class WorkbenchError(Exception):
    """It cannot be shown; the message says why and what to do."""
