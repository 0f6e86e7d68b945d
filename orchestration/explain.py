"""Who a person is and what was decided about them, in a terminal: from the published warehouse and the history."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from engine.functions import idna_domain
from ingest.files import quoted
from ingest.identifiers import Provider, canonical_email
from orchestration.printable import printable
from orchestration.settings import Settings
from orchestration.site import Site

Row = dict[str, Any]


@dataclass(frozen=True)
class Section:
    """A heading, and the select that gives its rows; `otherwise` is said where there are none."""

    title: str
    select: str
    otherwise: str


# Everything in a customer's records, whosever it is: what a guard has cut off is in them as well. For all customers at
# once that would be the largest table of all, and it is asked for by the person.
SEEN = """
    create or replace temporary table seen as
    with records as (
        select distinct evidence.source_name, evidence.record_id
        from intermediate.int_identity__evidence as evidence
        inner join intermediate.int_identity__resolved as identities on evidence.node_id = identities.node_id
        where identities.customer_id = $id
    )
    select evidence.*, coalesce(identities.customer_id = $id, false) as is_own
    from intermediate.int_identity__evidence as evidence
    semi join records on evidence.source_name = records.source_name and evidence.record_id = records.record_id
    left join intermediate.int_identity__resolved as identities on evidence.node_id = identities.node_id
"""
# Each may use $id, the customer's id; $ids, that one and the former ones; and what is in their records, `seen`.
SECTIONS = (
    Section(
        "Identifiers, and what ties each",
        "select seen.node_id || case when bool_or(seen.is_own) then '' else ' (shared)' end as identifier,"
        " seen.source_name as source, count(distinct seen.record_id) as records,"
        " min(others.node_id) || case when count(distinct others.node_id) > 1 then ' and '"
        " || (count(distinct others.node_id) - 1) || ' more' else '' end as tied_to,"
        " min(seen.first_observed_at)::date as first, max(seen.last_observed_at)::date as last"
        " from seen left join seen as others on seen.source_name = others.source_name"
        " and seen.record_id = others.record_id and seen.node_id <> others.node_id and others.is_own"
        " group by seen.node_id, seen.source_name"
        " order by bool_or(seen.is_own) desc, seen.node_id, seen.source_name",
        "none",
    ),
    Section(
        "Former ids",
        "select former_customer_id from intermediate.int_customers__succeeded where customer_id = $id order by all",
        "none: no other customer has been merged into this one",
    ),
    Section(
        "Cut: identifiers in their records that were kept from connecting people",
        "select node_id as identifier, violation, guard_limit as allowed, would_merge_count as would_merge,"
        " would_merge_examples as whom from marts.fct_identity_violations where node_id in (select node_id from seen)"
        " order by all",
        "nothing",
    ),
    Section(
        "Possible duplicates, to be decided by a person",
        "select match_probability, reasons, override_line from marts.fct_duplicate_candidates"
        " where $id in (customer_id_a, customer_id_b) order by match_weight desc",
        "none found",
    ),
    Section(
        "Consent",
        "select purpose, status, consent_source as source, consent_obtained_at as obtained_at,"
        " consent_expires_at as expires_at from marts.fct_consents where customer_id = $id order by purpose",
        "nothing was ever said, which is no",
    ),
    Section(
        "Suppressed",
        "select * exclude (customer_id) from intermediate.int_consent__suppressed where customer_id = $id order by all",
        "no",
    ),
    Section(
        "Segments",
        "select segment || case when subject = '' then '' else ' (' || subject || ')' end as segment,"
        " entered_at as since, evidence from marts.fct_segment_memberships"
        " where customer_id = $id and is_member order by segment, subject",
        "in none",
    ),
    Section(
        "Decisions of this run",
        "select d.campaign, d.decision, d.reason, r.description as because, d.winning_campaign, d.variant,"
        " d.occasion_id, d.message_id from marts.fct_campaign_decisions as d"
        " left join seeds.decision_reasons as r on d.reason = r.reason where d.customer_id = $id order by all",
        "a candidate of no campaign",
    ),
    Section(
        "Sent before this run",
        "select as_of_date as day, campaign, variant, send_at, message_id from intermediate.int_sends__recorded"
        " where customer_id = $id order by as_of_date desc, campaign",
        "nothing",
    ),
)


def explain(who: str, country: str | None, days: int, here: Settings, console: Console) -> bool:
    """Print whom an e-mail, a phone, a customer id or an identifier (`crm_id:1`) stands for; give whether for anyone.

    `country`: two letters, of a phone without its country's code. `days`: how far back decisions are shown.
    """
    published = Site(date.min, True, here.home).published
    if not published.exists():
        console.print("No warehouse has been published yet: postroom run", markup=False)
        return False
    with here.vault.connect(published, read_only=True) as connection:
        ((as_of,),) = connection.execute("select as_of from published.run").fetchall()
        customers = _customers(connection, who.strip(), country)
        if not customers:
            console.print(
                f"Nobody is known by {printable(who)} as of {as_of:%Y-%m-%d %H:%M} UTC. "
                "It takes an e-mail, a phone, a customer id, or an identifier such as crm_id:1; "
                "for a phone without its country's code add --country.",
                markup=False,
                highlight=False,
            )
            return False
        if len(customers) > 1:
            _list(connection, who, customers, console)
        for customer_id in customers if len(customers) == 1 else ():
            _show(connection, customer_id, as_of, days, here, console)
    return True


def _customers(connection: duckdb.DuckDBPyConnection, who: str, country: str | None) -> list[str]:
    """The customers a text stands for; several where an address or a phone is in the records of several."""
    known = _column(
        connection,
        "select customer_id from marts.dim_customers where customer_id = $who"
        " union select customer_id from intermediate.int_customers__succeeded where former_customer_id = $who",
        {"who": who},
    )
    if known:
        return known
    found = connection.execute(
        """
        with records as (
            select distinct source_name, record_id
            from intermediate.int_identity__evidence
            where node_id in (select unnest($nodes))
        ),
        together as (
            select evidence.node_id
            from intermediate.int_identity__evidence as evidence
            semi join records on evidence.source_name = records.source_name and evidence.record_id = records.record_id
        )
        select customer_id, bool_or(node_id not in (select unnest($nodes)))
        from intermediate.int_identity__resolved as identities
        semi join intermediate.int_identity__evidence as evidence on identities.node_id = evidence.node_id
        where customer_id in (
            select customer_id from intermediate.int_identity__resolved where node_id in (select node_id from together)
        )
        group by customer_id
        order by customer_id
        """,
        {"nodes": list(_nodes(connection, who, country))},
    ).fetchall()
    # What a guard cut off stands alone: whose it is are those in whose records it is.
    return [customer for customer, has_more in found if has_more] or [customer for customer, _ in found]


def _nodes(connection: duckdb.DuckDBPyConnection, who: str, country: str | None) -> Iterator[str]:
    """The identifiers a text may mean: as it stands, as an e-mail or a phone however it is spelled, or as a CRM id."""
    yield who
    yield f"crm_id:{who}"
    if "@" in who:
        yield from (f"email:{spelling}" for spelling in _email_spellings(connection, who.lower()))
    elif any(character.isdigit() for character in who):
        yield from (f"phone:{spelling}" for spelling in _phone_spellings(connection, who, country))


def _email_spellings(connection: duckdb.DuckDBPyConnection, email: str) -> Iterator[str]:
    """As stated, and as its provider delivers it; the rules are the seed's."""
    yield email
    local_part, _, stated_domain = email.rpartition("@")
    domain = idna_domain(stated_domain) or stated_domain
    found = connection.execute(
        "select canonical_domain, ignores_dots, tag_separator from seeds.email_providers where domain = $domain",
        {"domain": domain},
    ).fetchone()
    yield canonical_email(f"{local_part}@{domain}", {domain: Provider(*found)} if found else {})


def _phone_spellings(connection: duckdb.DuckDBPyConnection, phone: str, country: str | None) -> Iterator[str]:
    """As stated, in E.164, and, with its country's code added, with and without a national prefix."""
    digits = "".join(character for character in phone if character.isdigit())
    yield digits
    yield f"+{digits.removeprefix('00') if phone.startswith('00') else digits}"
    yield from _column(
        connection,
        "select phone_key from intermediate.int_identity__phones"
        " where split_part(phone, ' ', 1) = $digits and phone_key is not null",
        {"digits": digits},
    )
    for code, prefixes in connection.execute(
        "select calling_code, national_prefixes from seeds.phone_countries where country_code = $country",
        {"country": (country or "").upper()},
    ).fetchall():
        for prefix in ["", *(prefixes or "").split()]:
            yield f"+{code}{digits.removeprefix(prefix)}"


def _list(connection: duckdb.DuckDBPyConnection, who: str, customers: Iterable[str], console: Console) -> None:
    rows = _rows(
        connection,
        "select customer_id, first_name, last_name, email, phone, city, first_seen_at from marts.dim_customers"
        " where customer_id in (select unnest($customers)) order by customer_id",
        {"customers": list(customers)},
    )
    _print_table(f"{printable(who)} is in the records of {len(rows)} customers", rows, console)
    console.print("For one of them: postroom explain <customer id>\n", markup=False)


def _show(
    connection: duckdb.DuckDBPyConnection,
    customer_id: str,
    as_of: datetime,
    days: int,
    here: Settings,
    console: Console,
) -> None:
    former = _column(
        connection,
        "select former_customer_id from intermediate.int_customers__succeeded where customer_id = $id",
        {"id": customer_id},
    )
    connection.execute(SEEN, {"id": customer_id})
    values = {"id": customer_id, "ids": [customer_id, *former]}
    console.print(Text(f"Customer {customer_id}, as of {as_of:%Y-%m-%d %H:%M} UTC", style="bold"))
    (profile,) = _rows(connection, "select * from marts.dim_customers where customer_id = $id", {"id": customer_id})
    _print_table("Profile", list(_attributes(profile)), console)
    for section in SECTIONS:
        _print(section, _rows(connection, section.select, values), console)
    last = as_of.date() - timedelta(days=1)
    for section in _past(here, last - timedelta(days=days), last):
        _print(section, _rows(connection, section.select, values), console)


def _attributes(profile: Row) -> Iterator[Row]:
    """What is known, each attribute with the time and, where the warehouse has it, the source."""
    for name, value in profile.items():
        if value is None or name.endswith(("_observed_at", "_source")) or name == "customer_id":
            continue
        yield {
            "attribute": name,
            "value": value,
            "observed_at": profile.get(f"{name}_observed_at"),
            "source": profile.get(f"{name}_source"),
        }


def _past(here: Settings, first: date, last: date) -> Iterator[Section]:
    """What earlier days published: decisions before the run's own, and every change of who is who."""
    for name, title, select, otherwise in (
        (
            "fct_campaign_decisions",
            f"Decisions since {first}",
            "select h.as_of_date as day, h.campaign, h.decision, h.reason, r.description as because"
            " from {history} as h left join seeds.decision_reasons as r on h.reason = r.reason"
            " where customer_id in (select unnest($ids)) and as_of_date between '{first}' and '{last}'::date - 1"
            " order by day desc, campaign",
            "none",
        ),
        (
            "fct_identity_events",
            "Changes of who is who",
            "select * from {history} where as_of_date <= '{last}' and"
            " (customer_id in (select unnest($ids)) or other_customer_id in (select unnest($ids)))"
            " order by as_of_date desc",
            "none",
        ),
    ):
        if any((here.history / name).glob("*/part.parquet")):
            files = f"{quoted(glob.escape(str(here.history / name)))}/*/part.parquet"
            history = here.vault.read_parquet(files, "hive_partitioning = true")
            yield Section(title, select.format(history=history, first=first, last=last), otherwise)


def _print(section: Section, rows: list[Row], console: Console) -> None:
    if rows:
        _print_table(section.title, rows, console)
    else:
        console.print(Text.assemble((section.title, "bold"), ": ", section.otherwise, "\n"))


def _print_table(title: str, rows: list[Row], console: Console) -> None:
    """A table of the columns that hold anything."""
    columns = [name for name in rows[0] if any(row[name] is not None for row in rows)]
    table = Table(title=Text(title, style="bold"), title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in columns:
        table.add_column(Text(name), overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(row[name])) for name in columns))
    console.print(table)


def _cell(value: object) -> str:
    return printable(f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else value)


def _rows(connection: duckdb.DuckDBPyConnection, select: str, values: dict[str, Any]) -> list[Row]:
    # DuckDB refuses a value that the select does not name.
    named = set(re.findall(r"[$](\w+)", select))
    found = connection.execute(select, {name: value for name, value in values.items() if name in named})
    names = [name for name, *_ in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _column(connection: duckdb.DuckDBPyConnection, select: str, values: dict[str, Any]) -> list[str]:
    return [str(value) for (value,) in connection.execute(select, values).fetchall()]
