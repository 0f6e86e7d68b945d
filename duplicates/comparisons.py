"""What two contacts are compared by: for each attribute its levels of agreement, in words and in DuckDB's SQL.

The first level that holds is the one that counts. What a level is worth is learned from the contacts (`model`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Level:
    """A level of agreement.

    `condition`: over `<column>_l` and `<column>_r`.
    `expected`: how often it holds for two contacts of one person, before anything is learned.
    `rare`: the column that agrees at this level, where agreeing on a rare value says more than on a common one.
    """

    words: str
    condition: str
    expected: float
    rare: str | None = None


@dataclass(frozen=True)
class Comparison:
    """An attribute; when it says nothing; its levels, below which it differs.

    `most_that_differ`: of two contacts of one person, the most that may differ in it, whatever was learned. Where there
    are few duplicates to learn from, the members of a household look like one person whose first name never agrees.
    """

    name: str
    says_nothing: str
    levels: tuple[Level, ...]
    most_that_differ: float = 1.0

    @property
    def expected_to_differ(self) -> float:
        return 1 - sum(level.expected for level in self.levels)


def _unknown(column: str) -> str:
    return f"({column}_l is null or {column}_r is null)"


def _same(column: str) -> str:
    return f"{column}_l = {column}_r"


def _typo(column: str) -> str:
    """A letter added, left out, changed, or two swapped; in a text of three letters that would be another one."""
    return f"(damerau_levenshtein({column}_l, {column}_r) <= 1 and least(length({column}_l), length({column}_r)) > 3)"


def _alike(column: str, similarity: float) -> str:
    return f"jaro_winkler_similarity({column}_l, {column}_r) >= {similarity}"


def _swapped(column: str, other: str) -> str:
    return f"({column}_l = {other}_r or {other}_l = {column}_r)"


def _shared(column: str) -> str:
    """What two lists of words share, as a part of the shorter one."""
    return f"len(list_intersect({column}_l, {column}_r)) / greatest(least(len({column}_l), len({column}_r)), 1)"


def _name(column: str, other: str) -> tuple[Level, ...]:
    words = other.replace("_", " ")
    return (
        Level("same", _same(column), 0.72, rare=column),
        Level(f"swapped with the {words}", _swapped(column, other), 0.05),
        Level("a typing error apart", _typo(column), 0.1),
        Level("alike", _alike(column, 0.88), 0.05),
    )


_NAMES_SAME = f"({_same('first_name')} and {_same('last_name')})"
_NEAR = f"({_same('postal_code')} or {_same('city')} or {_typo('postal_code')} or {_alike('city', 0.9)})"
_DAYS_APART = "abs(date_diff('day', cast(birth_on_l as date), cast(birth_on_r as date)))"
_SAME_PARTS = " + ".join(
    f"cast(split_part(birth_on_l, '-', {part}) = split_part(birth_on_r, '-', {part}) as int)" for part in (1, 2, 3)
)

COMPARISONS = (
    Comparison("first_name", _unknown("first_name"), _name("first_name", "last_name"), most_that_differ=0.15),
    Comparison("last_name", _unknown("last_name"), _name("last_name", "first_name"), most_that_differ=0.15),
    Comparison(
        "birth_date",
        _unknown("birth_on"),
        (
            Level("same", _same("birth_on"), 0.85, rare="birth_on"),
            Level("a typing error apart", "damerau_levenshtein(birth_on_l, birth_on_r) <= 1", 0.05),
            Level("two of year, month and day the same", f"{_SAME_PARTS} = 2", 0.03),
            Level("at most a month apart", f"{_DAYS_APART} <= 31", 0.01),
            Level("about a year apart", f"{_DAYS_APART} <= 400", 0.01),
        ),
        most_that_differ=0.1,
    ),
    # Addresses are made of names: where the names are the same already, only the same address says more.
    Comparison(
        "email",
        f"{_unknown('email')} or ({_NAMES_SAME} and email_l <> email_r)",
        (
            Level("same", _same("email"), 0.5, rare="email"),
            Level("same before the @", _same("mailbox"), 0.1, rare="mailbox"),
            Level("two typing errors apart", "damerau_levenshtein(email_l, email_r) <= 2", 0.1),
        ),
    ),
    Comparison(
        "phone",
        _unknown("phone"),
        (
            Level("same", _same("phone"), 0.6, rare="phone"),
            Level("a typing error apart", "damerau_levenshtein(phone_l, phone_r) <= 1", 0.05),
        ),
    ),
    # One comparison: the same street implies the same city, which must not count twice.
    Comparison(
        "address",
        " and ".join(_unknown(column) for column in ("address", "postal_code", "city")),
        (
            Level("same street and house", f"{_same('address')} and {_NEAR}", 0.4),
            Level("street and house alike", f"{_shared('address_words')} >= 0.6 and {_NEAR}", 0.2),
            Level("same postal code and city", _same("place"), 0.1, rare="place"),
            Level("same city or postal code", _NEAR, 0.15),
        ),
    ),
)

# What tells the members of a household apart: they share address, phone and last name, and may share an e-mail.
HOUSEHOLD = "gamma_first_name = 0 and gamma_birth_date <= 0"
