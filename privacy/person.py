"""Who is meant: from one identifier to everything by which records of that person can be known."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

import duckdb

from ingest.contract import ACCOUNT_TYPES, IDENTIFIER_TYPES
from ingest.files import quoted
from ingest.identifiers import spelled
from privacy.errors import SeveralPeopleError
from privacy.zones import Zones

Identifier = tuple[str, str]


@dataclass(frozen=True)
class Person:
    """One person: the customer ids they have or had alone, and the identifiers of their records.

    `identifiers` are (type, value), spelled as ingest compares them. `shared` are those that records of other people
    state too: they stay there. `names` are full names. `message_ids` are those of the messages made for them.
    """

    identifiers: frozenset[Identifier]
    customer_ids: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    message_ids: frozenset[str] = frozenset()
    shared: frozenset[Identifier] = frozenset()

    @property
    def own(self) -> frozenset[Identifier]:
        """The identifiers that nobody else's records state."""
        return self.identifiers - self.shared

    @property
    def nodes(self) -> frozenset[str]:
        """The identifiers as history writes them, `<type>:<value>`."""
        return frozenset(f"{kind}:{value}" for kind, value in self.identifiers)

    def of_type(self, *types: str) -> list[str]:
        return sorted({value for kind, value in self.identifiers if kind in types})

    def knows(self, identifiers: Iterable[Identifier]) -> Person:
        """The same person with more identifiers."""
        return replace(self, identifiers=self.identifiers | frozenset(identifiers))


def find_person(who: str, zones: Zones) -> Person:
    """The customer to whom an e-mail, phone, CRM id or customer id belongs; where there is none, just what was given.

    Raises:
        SeveralPeopleError: it belongs to more than one customer.
    """
    if not zones.published.exists():
        return Person(_guessed(who, {}))
    with zones.vault.connect(zones.published, read_only=True) as connection:
        namespaces = _namespaces(connection)
        customers = _customers(connection, who, namespaces)
        if len(customers) > 1:
            raise SeveralPeopleError(
                f"That belongs to {len(customers)} customers. Name the one you mean by an e-mail, a CRM id or a "
                f"customer id: {', '.join(sorted(customers))}"
            )
        if not customers:
            return Person(_guessed(who, namespaces))
        return _described(connection, customers.pop(), namespaces, zones)


def _namespaces(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Under which name the nodes of each identifier type stand: types that share one id space share one name."""
    found = connection.execute(
        "select identifier_type, min(split_part(node_id, ':', 1)) from intermediate.int_identity__evidence "
        "group by identifier_type"
    ).fetchall()
    return dict(found)


def _typed(node: str, namespaces: Mapping[str, str]) -> list[Identifier]:
    """A node as the identifiers that it may be stated as."""
    name, _, value = node.partition(":")
    types = [t for t in IDENTIFIER_TYPES if namespaces.get(t, t) == name]
    # A type of which there is no evidence yet shares the ids of the CRM's accounts, as by default all accounts do.
    if name == "crm_id":
        types += [t for t in ACCOUNT_TYPES if t not in namespaces]
    return [(kind, spelled(kind, value)) for kind in types]


def _guessed(who: str, namespaces: Mapping[str, str]) -> frozenset[Identifier]:
    if "@" in who:
        return frozenset({("email", spelled("email", who))})
    return frozenset(_typed(f"crm_id:{who.strip()}", namespaces))


def _customers(connection: duckdb.DuckDBPyConnection, who: str, namespaces: Mapping[str, str]) -> set[str]:
    value = who.strip()
    nodes = {f"{namespaces.get(kind, kind)}:{value}" for kind in ACCOUNT_TYPES} | {f"email:{value.lower()}"}
    found = connection.execute(
        "select distinct customer_id from intermediate.int_identity__resolved "
        "where customer_id = $who or node_id in (select unnest($nodes))",
        {"who": value, "nodes": sorted(nodes)},
    ).fetchall()
    phone = spelled("phone", value)
    if not found and phone and "@" not in value:
        phones = connection.execute(
            "select node_id, customer_id from intermediate.int_identity__resolved where node_id like 'phone:%'"
        ).fetchall()
        found = [(c,) for node, c in phones if spelled("phone", node.removeprefix("phone:")) == phone]
    return {customer for (customer,) in found}


def _described(
    connection: duckdb.DuckDBPyConnection, customer: str, namespaces: Mapping[str, str], zones: Zones
) -> Person:
    nodes = {n for (n,) in connection.execute(
        "select node_id from intermediate.int_identity__resolved where customer_id = $customer", {"customer": customer}
    ).fetchall()}  # fmt: skip
    customers, former_nodes = _in_history(connection, customer, nodes, zones)
    known = {"customers": sorted(customers)}
    orders = connection.execute(
        "select distinct order_id from marts.fct_orders where customer_id in (select unnest($customers))", known
    ).fetchall()
    identifiers = {i for node in nodes | former_nodes for i in _typed(node, namespaces)}
    return Person(
        identifiers=frozenset(identifiers | {("order_id", spelled("order_id", o)) for (o,) in orders}),
        customer_ids=frozenset(customers),
        names=_names(connection, known),
        message_ids=_message_ids(connection, known, zones),
    )


def _in_history(
    connection: duckdb.DuckDBPyConnection, customer: str, nodes: set[str], zones: Zones
) -> tuple[set[str], set[str]]:
    """The customer ids that the person has or had and nobody has now, and the identifiers that only history knows.

    What somebody else has by now was theirs through a merge that has been undone.
    """
    files = history_files(zones, "dim_identities")
    if files is None:
        return {customer}, set()
    customers = connection.execute(
        f"""
        select $customer
        union
        select customer_id from {files}
        where node_id in (select unnest($nodes))
            and customer_id not in (select customer_id from intermediate.int_identity__resolved)
        """,
        {"customer": customer, "nodes": sorted(nodes)},
    ).fetchall()
    found = {c for (c,) in customers}
    former = connection.execute(
        f"""
        select distinct node_id from {files}
        where customer_id in (select unnest($customers))
            and node_id not in (select node_id from intermediate.int_identity__resolved)
            and node_id not in (select node_id from intermediate.int_identity__evidence)
        """,
        {"customers": sorted(found)},
    ).fetchall()
    return found, {node for (node,) in former}


def history_files(zones: Zones, table: str) -> str | None:
    """The SQL of a read of a history table, or None while it has no files."""
    folder = zones.history / table
    if next(folder.glob("*/*.parquet"), None) is None:
        return None
    return zones.vault.read_parquet(f"{quoted(glob.escape(str(folder)))}/*/*.parquet", "hive_partitioning = false")


def _names(connection: duckdb.DuckDBPyConnection, known: Mapping[str, list[str]]) -> frozenset[str]:
    """The full names that any table has for the customer, less those that another customer bears as well."""
    tables = connection.execute(
        "select table_schema || '.' || table_name from information_schema.columns "
        "where column_name in ('customer_id', 'first_name', 'last_name') and table_schema in ('marts', 'intermediate') "
        "group by all having count(*) = 3"
    ).fetchall()
    full_name = "lower(trim(first_name) || ' ' || trim(last_name))"
    every = " union all ".join(f"select {full_name} as name, customer_id from {table}" for (table,) in tables)
    if not every:
        return frozenset()
    found = connection.execute(
        f"select name from ({every}) where name is not null "
        "group by name having bool_and(customer_id in (select unnest($customers)))",
        known,
    ).fetchall()
    return frozenset(name for (name,) in found)


def _message_ids(connection: duckdb.DuckDBPyConnection, known: Mapping[str, list[str]], zones: Zones) -> frozenset[str]:
    found: set[str | None] = set()
    sends = zones.ledger / "sends"
    reads = [history_files(zones, "fct_campaign_decisions"), history_files(zones, "pulse_decisions")]
    if next(sends.glob("*/*.parquet"), None) is not None:
        reads.append(
            zones.vault.read_parquet(f"{quoted(glob.escape(str(sends)))}/*/*.parquet", "hive_partitioning = false")
        )
    for files in filter(None, reads):
        found |= {
            message
            for (message,) in connection.execute(
                f"select message_id from {files} where customer_id in (select unnest($customers))", known
            ).fetchall()
        }
    return frozenset(filter(None, found))


def save(person: Person, day: date | None, zones: Zones) -> None:
    """Write down who is being erased and which day is to be rebuilt then, so that what is begun can be finished."""
    rows: list[tuple[str, str | None, str]] = [("identifier", kind, value) for kind, value in person.identifiers]
    rows += [("day", None, day.isoformat())] if day else []
    rows += [("shared", kind, value) for kind, value in person.shared]
    for field in ("customer_ids", "names", "message_ids"):
        rows += [(field, None, value) for value in getattr(person, field)]
    with zones.memory() as connection:
        connection.execute("create table journal (field varchar, identifier_type varchar, value varchar)")
        connection.executemany("insert into journal values (?, ?, ?)", sorted(rows, key=str))
        zones.rewrite(connection, "from journal", zones.journal)


def saved(zones: Zones) -> tuple[Person, date | None] | None:
    """Whose erasure has begun and is not done, if anybody's, and the day to be rebuilt."""
    if not zones.journal.exists():
        return None
    with zones.memory() as connection:
        rows = connection.execute(
            f"select field, identifier_type, value from {zones.parquet(zones.journal)}"
        ).fetchall()
    fields = {
        name: frozenset(v for field, _, v in rows if field == name) for name in ("customer_ids", "names", "message_ids")
    }
    pairs = {
        name: frozenset((kind, v) for field, kind, v in rows if field == name) for name in ("identifier", "shared")
    }
    day = next((date.fromisoformat(v) for field, _, v in rows if field == "day"), None)
    return Person(identifiers=pairs["identifier"], shared=pairs["shared"], **fields), day
