"""The seed `phone_countries`, made from the metadata of the package phonenumbers.

python -m tests.warehouse.phone_countries > seeds/phone_countries.csv
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator
from functools import cache
from itertools import product

import phonenumbers
from phonenumbers import PhoneMetadata

COLUMNS = [
    "country_code",
    "calling_code",
    "is_main",
    "national_prefixes",
    "international_prefixes",
    "possible_lengths",
    "usual_length",
    "leading_digits",
    "national_pattern",
]
NO_COUNTRY = "001"
_NORTH_AMERICA = 1


def rows() -> list[dict[str, str]]:
    """The seed's rows, by country code; numbers of no country (freephone, satellites) come first, as 001."""
    shared = [_row(code, region, regions) for code, regions in _regions().items() for region in regions]
    return sorted(shared, key=lambda row: (row["country_code"], int(row["calling_code"])))


def _regions() -> dict[int, tuple[str, ...]]:
    return dict(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


def _row(calling_code: int, region: str, sharers: tuple[str, ...]) -> dict[str, str]:
    metadata = (
        PhoneMetadata.metadata_for_nongeo_region(calling_code)
        if region == NO_COUNTRY
        else PhoneMetadata.metadata_for_region(region)
    )
    # A number must be possible under the main country too, which is how phonenumbers reads it back.
    main = metadata if region == NO_COUNTRY else PhoneMetadata.metadata_for_region(sharers[0])
    lengths = set(metadata.general_desc.possible_length) & set(main.general_desc.possible_length)
    # Whether digits after the calling code can be taken for a whole number: only then does the pattern decide.
    is_ambiguous = any(length - len(str(calling_code)) in lengths for length in lengths)
    values = {
        "country_code": region,
        "calling_code": calling_code,
        # Of those who share a calling code the first says how its numbers are written.
        "is_main": str(region == sharers[0]).lower(),
        "national_prefixes": " ".join(_national_prefixes(metadata)),
        "international_prefixes": " ".join(_expanded(metadata.international_prefix or "", 5)),
        "possible_lengths": " ".join(map(str, sorted(lengths))),
        "usual_length": _usual_length(region),
        "leading_digits": " ".join(_leading_digits(calling_code, region, metadata)) if region != sharers[0] else "",
        "national_pattern": metadata.general_desc.national_number_pattern if is_ambiguous else "",
    }
    return {name: str(values[name]) for name in COLUMNS}


def _national_prefixes(metadata: PhoneMetadata) -> list[str]:
    """The longest first. A pattern with groups holds carrier codes or rewrites the number: there the plain prefix."""
    pattern = metadata.national_prefix_for_parsing or ""
    is_plain = not re.search(r"[(](?![?]:)", pattern)
    prefixes = _expanded(pattern, 5) if is_plain else [metadata.national_prefix]
    return sorted((p for p in prefixes if p), key=lambda prefix: (-len(prefix), prefix))


def _usual_length(region: str) -> int:
    """How many digits a fixed line or a mobile has at most, going by the examples; 0 where there are none."""
    kinds = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
    examples = filter(None, (phonenumbers.example_number_for_type(region, kind) for kind in kinds))
    return max((len(phonenumbers.national_significant_number(e)) for e in examples), default=0)


def _leading_digits(calling_code: int, region: str, metadata: PhoneMetadata) -> list[str]:
    """What the region's numbers begin with, where that tells them from those of the code's other regions."""
    if calling_code != _NORTH_AMERICA:
        return _expanded(metadata.leading_digits or "", 5)
    areas = (str(area) for area in range(200, 1000))
    return [area for area in areas if region in {_region_of(area, exchange) for exchange in ("255", "622", "955")}]


def _region_of(area: str, exchange: str) -> str | None:
    number = phonenumbers.PhoneNumber(_NORTH_AMERICA, int(f"{area}{exchange}2345"))
    return phonenumbers.region_code_for_number(number)


@cache
def _expanded(pattern: str, longest: int) -> list[str]:
    """All texts of up to `longest` digits that match, in order."""
    matches = re.compile(pattern).fullmatch
    return sorted(text for text in _digit_texts(longest) if matches(text)) if pattern else []


def _digit_texts(longest: int) -> Iterator[str]:
    return ("".join(digits) for length in range(1, longest + 1) for digits in product("0123456789", repeat=length))


if __name__ == "__main__":
    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows())
