"""Phones brought into E.164 through dbt itself, as typed in every country, against phonenumbers.

What phonenumbers does and the models do not: read letters as digits (0800 FLOWERS), add the area to a number that is
written without one (AG and the other islands of North America's plan, CC, CX, GG, IM, JE, MG, NF, SM), take out
carrier codes (BR, CO, KR ...) and what is dialled only within a country (Argentina's 15 for a mobile). Such numbers
stay as stated or, where they have a possible length, as written. The other way round: 00 is read as abroad in every
country, and Belarus' 80 as the 8 of a trunk call and a 0, which its freephone 801 numbers are not.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Any, NamedTuple

import phonenumbers
import pytest
from dbt.contracts.graph.manifest import Manifest
from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from tests.conftest import REPO

from . import phone_countries
from .small_warehouse import SmallWarehouse

KINDS = [PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.TOLL_FREE, PhoneNumberType.VOIP]
# Those who share a calling code and whose leading digits no metadata tells.
SHARES_A_CODE = {"BL", "CC", "CX", "EH", "GG", "JE", "MF", "YT"}
STRANGE = {
    "tel:+44-20-7946-0000;ext=12": "+442079460000",
    "(+44) 20 7946 0000 x12": "+442079460000",
    "'+442079460000": "+442079460000",
    "\uff0b\uff14\uff14 20 7946 0000": "+442079460000",
    "\u0660\u0662\u0660 7946 0000": "+442079460000",
    "020.7946.0000 (ext. 12)": "+442079460000",
    "\u00a0020\u00a07946\u00a00000": "+442079460000",
    "0800 FLOWERS": None,
    "call me": None,
    "+49170n/a": None,
    "x12": None,
    "+": None,
    "12": None,
    "'; drop table x; -- 1": None,
    "☎": None,
    "0" * 500: None,
    "4" * 500: None,
}


Found = dict[tuple[str, str], tuple[str | None, str | None]]


class Typed(NamedTuple):
    """A phone as somebody of a country typed it, in which of the forms below, and the number meant."""

    form: str
    country: str
    text: str
    number: str | None


def test_the_seed_is_what_the_metadata_gives() -> None:
    written = io.StringIO()
    writer = csv.DictWriter(written, phone_countries.COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(phone_countries.rows())
    assert written.getvalue() == (REPO / "seeds/phone_countries.csv").read_text()


@pytest.fixture(scope="module")
def typed() -> list[Typed]:
    random = Random(7)
    return [phone for country in sorted(phonenumbers.SUPPORTED_REGIONS) for phone in _all_forms(country, random)]


@pytest.fixture(scope="module")
def found(typed: list[Typed], parsed_project: Manifest, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """E.164 and country of every phone, by country and text, each phone a CRM contact."""
    contacts: list[dict[str, Any]] = [{"phone": phone.text, "country": phone.country} for phone in typed]
    contacts += [{"phone": text, "country": "United Kingdom"} for text in STRANGE]
    warehouse = SmallWarehouse(tmp_path_factory.mktemp("phones"), parsed_project)
    warehouse.deliver("crm.contacts", date(2026, 2, 1), [{"id": str(i), **c} for i, c in enumerate(contacts)])
    warehouse.seed(["country_codes", "phone_countries"])
    sources = [f"staging.{source}" for source in ("crm", "esp", "shop", "web")]
    warehouse.build([*sources, "int_identity__stated", "int_identity__phones"], "2026-02-02 00:00:00")
    warehouse.execute(
        "create schema marts; create view marts.found as"
        " select contact_id, phone_key, phones.country_code as phone_country"
        " from staging.stg_crm__contacts left join intermediate.int_identity__phones as phones using (phone)"
    )
    keys = {int(row[0]): (row[2], row[1]) for row in warehouse.rows("found")}
    return {(contact["country"], contact["phone"]): keys[i] for i, contact in enumerate(contacts)}


def test_phones_are_what_phonenumbers_says(typed: list[Typed], found: Found) -> None:
    asked = Counter(phone.form for phone in typed)
    agreed = Counter(phone.form for phone in typed if found[phone.country, phone.text][0] == phone.number)
    assert {form: round(agreed[form] / asked[form], 4) for form in asked if agreed[form] < 0.99 * asked[form]} == {}
    assert agreed.total() > 0.997 * asked.total() > 15_000


def test_the_country_is_the_number_s(typed: list[Typed], found: Found) -> None:
    wrong = {
        (phone.country, phone.text, country)
        for phone in typed
        if phone.form == "e164"
        for key, country in [found[phone.country, phone.text]]
        if key and country != phonenumbers.region_code_for_number(phonenumbers.parse(phone.text))
    }
    assert {country for country, *_ in wrong} <= SHARES_A_CODE


@pytest.mark.parametrize("text", STRANGE)
def test_strange_phones(text: str, found: Found) -> None:
    assert found["United Kingdom", text][0] == STRANGE[text]


def _all_forms(country: str, random: Random) -> Iterator[Typed]:
    metadata = PhoneMetadata.metadata_for_region(country)
    for number in _numbers(country, random):
        national = phonenumbers.national_significant_number(number)
        written = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
        code = number.country_code
        yield _read("e164", country, f"+{code}{national}")
        yield _read("international", country, phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL))
        yield _read("rfc3966", country, phonenumbers.format_number(number, PhoneNumberFormat.RFC3966))
        yield _read("national", country, written)
        yield _read("national_with_extension", country, f"{written} ext. 12")
        yield _read("bare", country, national)
        # Here phonenumbers may add a second calling code to a German mobile: what is meant is plain.
        yield Typed("without_plus", country, f"{code}{national}", f"+{code}{national}")
        if (metadata.international_prefix or "").isdigit():
            yield _read("dialled_abroad", country, f"{metadata.international_prefix} {code} {national}")
        if metadata.national_prefix == "0":
            yield _read("zero_in_brackets", country, f"+{code} (0){national}")
    for _ in range(5):
        digits = "".join(random.choices("0123456789", k=random.randint(1, 16)))
        yield _read("random_national", country, digits)
        yield _read("random_international", country, f"+{metadata.country_code}{digits}")


def _numbers(country: str, random: Random) -> Iterator[PhoneNumber]:
    """An example of each kind, and two that differ from it in their last four digits and are valid as well."""
    for kind in KINDS:
        example = phonenumbers.example_number_for_type(country, kind)
        if example is None:
            continue
        yield example
        for _ in range(2):
            other = PhoneNumber()
            other.merge_from(example)
            other.national_number = example.national_number // 10_000 * 10_000 + random.randrange(10_000)
            if phonenumbers.is_valid_number(other):
                yield other


def _read(form: str, country: str, text: str) -> Typed:
    """A phone with the number that phonenumbers reads, none where it finds it impossible."""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return Typed(form, country, text, None)
    number.extension = None
    is_possible = phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164) if is_possible else None
    return Typed(form, country, text, e164)
