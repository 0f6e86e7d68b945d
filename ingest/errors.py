"""What can be wrong with a landed file. The messages name the file and what to do, never a value from a row."""


class ExtractError(Exception):
    """A partition that cannot be loaded as it landed; what was loaded before stays in place."""


class StillBeingWrittenError(ExtractError):
    """A file changed while it was looked at; trying again later can help."""
