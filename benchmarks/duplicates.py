"""How many of the known duplicates are proposed, and how many proposals are right: FEBRL 1 and 3, and fake_1000.

    make measure-duplicates FROM=<folder with febrl1.csv, febrl3.csv and fake_1000.csv>

Each file is landed as a CRM extract and goes through the loader and the models, as any extract does.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import os
import random
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

DAY = date(2026, 1, 5)
# What the CRM would say of every contact.
CONTACT = {"createdate": "2026-01-01T00:00:00Z", "lastmodifieddate": "2026-01-01T00:00:00Z"}
SEED = 7

Row = dict[str, str]


@dataclass(frozen=True)
class Figures:
    """What a data set gave; pairs are of customers, whom the CRM's own identifiers have not made one already.

    `already_one`: known duplicates among contacts that are one customer; `wrongly_one`: contacts that are and must not.
    `seconds`: of CPU, for comparing.
    """

    contacts: int
    known: int
    proposed: int
    right: int
    already_one: int
    wrongly_one: int
    seconds: float

    @property
    def precision(self) -> float:
        return self.right / max(self.proposed, 1)

    @property
    def recall(self) -> float:
        return self.right / max(self.known, 1)


def _febrl(row: Row) -> Row:
    """FEBRL's columns in HubSpot's names. soc_sec_id, which gives the answer away, is not used."""
    return {
        "id": row["rec_id"],
        "firstname": row["given_name"],
        "lastname": row["surname"],
        "date_of_birth": _day(row["date_of_birth"], "%Y%m%d"),
        "address": " ".join(filter(None, (row["street_number"], row["address_1"], row["address_2"]))),
        "city": row["suburb"],
        "state": row["state"],
        "zip": row["postcode"],
        "country": "AU",
        "email": "",
    }


def _fake_1000(row: Row) -> Row:
    """fake_1000's columns, likewise. A contact numbered 0, as one of it is, stands for nobody in a CRM."""
    return {
        "id": f"fake-{row['unique_id']}",
        "firstname": row["first_name"],
        "lastname": row["surname"],
        "date_of_birth": _day(row["dob"], "%Y-%m-%d"),
        "address": "",
        "city": row["city"],
        "state": "",
        "zip": "",
        "country": "GB",
        "email": row["email"],
    }


def _day(text: str, form: str) -> str:
    """As the CRM would hold it: a typing error that is no date at all cannot have been entered."""
    try:
        return datetime.strptime(text, form).date().isoformat()
    except ValueError:
        return ""


# What a row becomes, and whom it is about.
DATA_SETS: dict[str, tuple[Callable[[Row], Row], Callable[[Row], str]]] = {
    "febrl1": (_febrl, lambda row: row["rec_id"].split("-")[1]),
    "febrl3": (_febrl, lambda row: row["rec_id"].split("-")[1]),
    "fake_1000": (_fake_1000, lambda row: row["cluster"]),
}


def measure(name: str, folder: Path, home: Path) -> Figures:
    """Land a data set in an empty home, load and build it, compare its contacts; hold the pairs to what is known."""
    contact, person = DATA_SETS[name]
    with (folder / f"{name}.csv").open(newline="") as stream:
        rows = [{k: v.strip() for k, v in row.items()} for row in csv.DictReader(stream, skipinitialspace=True)]
    contacts = [contact(row) | CONTACT for row in rows]
    _land(contacts, home)
    customers, decided = _built(home)
    started = time.process_time()
    pairs = _proposed(customers, decided)
    seconds = time.process_time() - started
    customer_of = {row["contact_id"]: row["customer_id"] for row in customers.to_pylist()}
    known = list(_known({made["id"]: person(row) for made, row in zip(contacts, rows, strict=True)}))
    known_customers = {_pair(customer_of[a], customer_of[b]) for a, b in known if customer_of[a] != customer_of[b]}
    proposed = {_pair(customer_of[a], customer_of[b]) for a, b in pairs}
    together = list(_known(customer_of))
    return Figures(
        contacts=len(contacts),
        known=len(known_customers),
        proposed=len(proposed),
        right=len(proposed & known_customers),
        already_one=len(known) - sum(customer_of[a] != customer_of[b] for a, b in known),
        wrongly_one=len(set(together) - set(known)),
        seconds=seconds,
    )


def _land(contacts: list[Row], home: Path) -> None:
    folder = home / "landing" / "crm" / "contacts" / DAY.isoformat()
    folder.mkdir(parents=True)
    with (folder / "contacts.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(contacts[0]))
        writer.writeheader()
        writer.writerows(contacts)


def _built(home: Path) -> tuple[pa.Table, pa.Table]:
    """The contacts and the decided pairs, after loading what has landed and building the models they come from."""
    os.environ |= {"POSTROOM_HOME": str(home), "POSTROOM_SETTLE_SECONDS": "0", "POSTROOM_FIRST_DAY": DAY.isoformat()}
    import dagster as dg
    from rich.console import Console

    from orchestration.daily_run import execute
    from orchestration.definitions import defs
    from orchestration.defs import ingest as loaders
    from orchestration.settings import settings
    from orchestration.site import site_for

    models = dg.AssetSelection.assets(
        ["intermediate", "int_duplicates__contacts"], ["intermediate", "int_duplicates__decided"]
    )
    ingest = dg.AssetSelection.groups("ingest")
    # Of the checks only the loader's: dbt's tests would want models that nothing here needs.
    checks = dg.AssetSelection.checks_for_assets(
        *(a for a in loaders.defs.assets or () if isinstance(a, dg.AssetsDefinition))
    )
    job = dg.define_asset_job("contacts", selection=(models.upstream() | ingest).without_checks() | checks)
    with dg.DagsterInstance.get() as instance:
        done = execute(
            dg.Definitions.merge(defs, dg.Definitions(jobs=[job])).resolve_job_def("contacts"),
            "Loading and building the contacts",
            Console(stderr=True),
            instance=instance,
            partition_key=DAY.isoformat(),
        )
    if not done:
        raise SystemExit("The contacts could not be loaded and built: see above.")
    with settings().vault.connect(site_for(DAY, settings()).warehouse, read_only=True) as connection:
        return (
            connection.execute("select * from intermediate.int_duplicates__contacts").to_arrow_table(),
            connection.execute("select * from intermediate.int_duplicates__decided").to_arrow_table(),
        )


def _proposed(contacts: pa.Table, decided: pa.Table) -> list[tuple[str, str]]:
    """The pairs of contacts that are likely enough, by the setting of fct_duplicate_candidates."""
    from duplicates import propose
    from orchestration.dbt_project import manifest
    from orchestration.settings import settings

    least = manifest()["nodes"]["model.postroom.fct_duplicate_candidates"]["config"]["meta"]["min_probability"]
    with settings().vault.connect() as scratch:
        pairs = propose(scratch, contacts, decided).to_pylist()
    return [(p["contact_id_a"], p["contact_id_b"]) for p in pairs if p["match_probability"] >= least]


def _known(group_of: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Every pair within a group."""
    members = defaultdict(list)
    for member, group in group_of.items():
        members[group].append(member)
    for together in members.values():
        yield from itertools.combinations(sorted(together), 2)


def _pair(a: str, b: str) -> tuple[str, str]:
    return (a, b) if a < b else (b, a)


def measure_scale(folder: Path, count: int) -> tuple[int, float, float]:
    """Compare so many invented contacts, a twentieth of them twice: how many pairs, seconds of CPU and GB of memory.

    Each column is drawn from FEBRL 3's on its own, which keeps how common its values are.
    """
    from duplicates import propose
    from engine import Vault

    with (folder / "febrl3.csv").open(newline="") as stream:
        rows = [_febrl(row) for row in csv.DictReader(stream, skipinitialspace=True)]
    draw = random.Random(SEED)
    contacts = [_invented(str(i), rows, draw, count) for i in range(count)]
    contacts += [
        c | {"contact_id": f"{i}-again", "customer_id": f"{i}-again", "last_name": f"{c['last_name']}x", "email": None}
        for i, c in enumerate(contacts[::20])
    ]
    none_decided = pa.table({"customer_id_a": pa.array([], pa.string()), "customer_id_b": pa.array([], pa.string())})
    started = time.process_time()
    with Vault().connect() as scratch:
        pairs = propose(scratch, pa.Table.from_pylist(contacts), none_decided)
    return pairs.num_rows, time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def _invented(contact_id: str, rows: list[Row], draw: random.Random, count: int) -> dict[str, Any]:
    first, last, address = draw.choice(rows), draw.choice(rows), draw.choice(rows)
    number = draw.randrange(count)
    return {
        "contact_id": contact_id,
        "customer_id": contact_id,
        "first_name": first["firstname"] or None,
        "last_name": last["lastname"] or None,
        "birth_on": date(1930, 1, 1) + timedelta(days=draw.randrange(27_000)),
        "email": f"{first['firstname']}.{last['lastname']}{number}@example.com" if draw.random() < 0.8 else None,
        "phone": f"+614{number:08}" if draw.random() < 0.6 else None,
        "address": address["address"] or None,
        "postal_code": address["zip"] or None,
        "city": address["city"] or None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the folder of the data sets")
    parser.add_argument("what", help=f"one of {', '.join(DATA_SETS)}, or a number of invented contacts")
    arguments = parser.parse_args()
    if arguments.what.isdigit():
        pairs, seconds, memory = measure_scale(arguments.folder, int(arguments.what))
        print(f"{int(arguments.what):,} contacts: {pairs:,} pairs, {seconds:.0f} s of CPU, {memory:.1f} GB")
        return
    with tempfile.TemporaryDirectory() as home:
        figures = measure(arguments.what, arguments.folder, Path(home))
    print(
        json.dumps(
            {"data": arguments.what, **asdict(figures), "precision": figures.precision, "recall": figures.recall}
        )
    )


if __name__ == "__main__":
    main()
