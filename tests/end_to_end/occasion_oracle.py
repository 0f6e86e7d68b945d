"""What occasions a sample world's truth and its extracts say there are: plain Python, no warehouse."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

KEPT = timedelta(days=30)
# The sources of consent that are people's own word, in the sample.
# Some days' extracts have the names that the CRM shows to people.
OTHER_HEADERS = {"Record ID": "id", "Date of birth": "date_of_birth", "contact_id": "customer_key", "Email": "email"}
OWN_WORD = {"signup_form", "checkout", "preference_centre"}


class Truth:
    """The truth of a home, as far as it had landed by `as_of`."""

    def __init__(self, home: Path, as_of: datetime) -> None:
        self._home = home
        self._as_of = as_of
        self.people = {p["person"]: p for p in self._lines("people")}
        self.person_of: dict[str, str] = {}
        for person in self.people.values():
            for kind, identifiers in (("crm_id", person["contact_ids"]), ("email", person["emails"])):
                self.person_of |= {f"{kind}:{identifier}": person["person"] for identifier in identifiers}

    def carts(self, window: timedelta) -> dict[str, bool]:
        """The carts that were left with something in them, and whether they or, later, anything else was bought.

        What else the person bought nobody can know where no extract ties the device to them: that is left out.
        """
        sales = defaultdict(list)
        for order in self._lines("orders"):
            if order["kind"] == "sale" and not order["is_test"]:
                sales[order["person"]].append(_time(order["ordered_at"]))
        return {
            cart["cart_id"]: cart["order_id"] is not None
            or (self._is_evident(cart) and any(at >= changed for at in sales[cart["person"]]))
            for cart in self._lines("carts")
            if sum(cart["items"].values()) > 0 and self._is_kept(changed := _time(cart["last_changed_at"]), window)
        }

    def orders(self, window: timedelta) -> dict[str, bool]:
        """The sales, and whether each was cancelled."""
        return {
            order["order_id"]: order["is_cancelled"]
            for order in self._lines("orders")
            if order["kind"] == "sale" and not order["is_test"] and self._is_kept(_time(order["ordered_at"]), window)
        }

    def birthdays(self, window: timedelta) -> dict[str, bool]:
        """Whose birthday it was; nothing answers it."""
        found = {}
        for row in self._rows("crm/contacts"):
            person = self.person_of.get(f"crm_id:{row['id']}")
            born = _date(row.get("date_of_birth") or "")
            if person and born:
                for year in (self._as_of.year - 1, self._as_of.year):
                    day = (
                        date(year, 3, 1) if (born.month, born.day) == (2, 29) and year % 4 else born.replace(year=year)
                    )
                    if self._is_kept(datetime.combine(day, datetime.min.time()), window):
                        found[person] = False
        return found

    def first_consents(self, window: timedelta) -> dict[str, bool]:
        """Who said yes themselves for the first time, and whether they have taken it back."""
        said: dict[str, set[tuple[datetime, str]]] = defaultdict(set)
        for row in self._rows("crm/consents"):
            person = self.person_of.get(f"crm_id:{row['customer_key']}") or self.person_of.get(
                f"email:{row['email'].lower()}"
            )
            if (
                person
                and row["purpose"] == "marketing_email"
                and row["source"] in OWN_WORD
                and _moment(row["obtained_at"])
            ):
                said[person].add((_time(row["obtained_at"]), row["status"]))
        firsts = {p: min((at for at, status in s if status == "granted"), default=None) for p, s in said.items()}
        return {
            person: any(at > first and status != "granted" for at, status in said[person])
            for person, first in firsts.items()
            if first and self._is_kept(first, window)
        }

    def _is_evident(self, cart: dict[str, Any]) -> bool:
        person = self.people.get(cart["person"])
        return person is not None and cart["anonymous_id"] in person["evident_anonymous_ids"]

    def _is_kept(self, at: datetime, window: timedelta) -> bool:
        return self._as_of - window - KEPT < at <= self._as_of

    def _lines(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self._home / f"truth/{name}.jsonl").read_text().splitlines()]

    def _rows(self, table: str) -> Iterator[dict[str, str]]:
        """The rows that landed by as_of, oldest first."""
        for folder in sorted((self._home / "landing" / table).iterdir()):
            if datetime.fromisoformat(folder.name) < self._as_of:
                for path in sorted(folder.glob("*.csv")):
                    yield from (
                        {OTHER_HEADERS.get(name, name): value or "" for name, value in row.items() if name}
                        for row in csv.DictReader(path.open(errors="replace", newline=""))
                    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def _moment(text: str) -> datetime | None:
    try:
        return _time(text)
    except ValueError:
        return None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
