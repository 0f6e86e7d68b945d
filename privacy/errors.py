"""What can be wrong with a request about a person. The messages never repeat what is held."""


class PrivacyError(Exception):
    """A request that cannot be carried out; the message says why and what to do."""


class SeveralPeopleError(PrivacyError):
    """What was asked for belongs to more than one customer."""
