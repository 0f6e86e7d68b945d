"""Privacy: what is held on one person, and how it is taken out of every zone and kept out.

Here belongs who is meant, what each zone holds on them, and its removal. What does not: when it runs and what is
rebuilt afterwards (orchestration/), and what a record's identifiers are (the contracts in the dbt source YAML).
"""

from privacy.access import access
from privacy.erase import Erasure, Removed
from privacy.errors import PrivacyError, SeveralPeopleError
from privacy.look import Left
from privacy.person import Person
from privacy.zones import Zones

__all__ = ["Erasure", "Left", "Person", "PrivacyError", "Removed", "SeveralPeopleError", "Zones", "access"]
