"""A pulse: what has just landed, through the same models and the same gate, to the payloads of triggers that are due.

It reads what the last daily run published and writes a warehouse of its own, made anew each time (docs/pulse.md).
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import duckdb

from disk import put_in_place, written
from exports import Manifest
from ingest import Contract, ExtractError, StillBeingWrittenError, Tombstones, load_partition, read_contracts
from ingest.files import glob_of, quoted
from ingest.landing import landed_files, listing
from orchestration import export_tables
from orchestration.dbt_in_process import BuildFailedError, build
from orchestration.export import ensure_may_leave, export
from orchestration.gate import GateClosedError
from orchestration.landed import landing_of
from orchestration.pulse_plan import Node, Plan, adds, keeps
from orchestration.settings import PROJECT, Settings, dbt_environment, settings
from orchestration.site import PulseSite, Site, published_as_of
from orchestration.warehouse import macros_fingerprint
from orchestration.zones import create_pulse_views, ensure_readable, new_extracts

# The schema of what a model adds to (macro kept_rows).
_KEPT = "kept"


class NotNowError(Exception):
    """There can be no pulse now; the message says why, and what it waits for."""


class PulseFailedError(Exception):
    """The pulse sends nothing; the message says why and what to do."""


@dataclass
class Pulse:
    """What a pulse came to. `manifests` are those of the campaigns that send, `closed` why others must not."""

    site: PulseSite
    files: int = 0
    manifests: dict[str, Manifest] = field(default_factory=dict)
    closed: dict[str, str] = field(default_factory=dict)

    @property
    def payloads(self) -> int:
        return sum(m.messages for m in self.manifests.values())


def last_run(at: datetime, here: Settings) -> Site:
    """The daily run that a pulse at this time begins from: that of the day before, which must be done.

    Raises:
        NotNowError: it has not run, or only an earlier day has.
    """
    live = Site(at.date(), True, here.home, here.vault)
    found = published_as_of(live)
    if found is None:
        raise NotNowError("No day has run yet. Pulses begin when the daily job has run for the day before.")
    if found != datetime.combine(at.date(), time.min):
        raise NotNowError(
            f"The last daily run is as of {found}, a pulse at {at} begins from the one as of {at.date()} 00:00:00: "
            "it waits for that. Else two runs could send the same message."
        )
    return live


def pulse(at: datetime, manifest: Mapping[str, Any], *, say: Callable[[str], None]) -> Pulse:
    """One pulse at a time of the clock, to the second: load, build, check, export.

    Raises:
        NotNowError: the daily run it begins from is not done.
        PulseFailedError: an extract cannot be loaded, or a model or a test failed. Nothing has been sent.
    """
    here = settings()
    ensure_readable(here)
    site = PulseSite.of(at.replace(microsecond=0), here)
    live = last_run(site.at, here)
    plan = Plan.of(manifest)
    result = Pulse(site)
    finish(plan, manifest, site.day, here, say=say)
    landed = inputs(plan, manifest, site.day, here)
    result.files = load_new(plan, manifest, site, here)
    say(f"as of {site.as_of}: {result.files} new files, from the daily run as of {published_as_of(live)}")
    _build(plan, manifest, site, live, here)
    _publish(site, landed)
    with site.vault.connect(site.published, read_only=True) as connection:
        for campaign in plan.campaigns:
            _export(connection, campaign, manifest, result)
        record_decisions(connection, site, here.history)
    return result


def finish(plan: Plan, manifest: Mapping[str, Any], day: date, here: Settings, *, say: Callable[[str], None]) -> None:
    """Export what the day's last pulse has logged and, since its process ended, not put into the outbox.

    Its warehouse is still there: the same rows give the same messages.
    """
    last = PulseSite.of(datetime.combine(day, time.min), here)
    as_of = _of_last(last, "select as_of from published.run")
    if as_of is None:
        return
    last = PulseSite.of(as_of, here)
    with last.vault.connect(last.published, read_only=True) as connection:
        for campaign in plan.campaigns:
            is_logged = (here.ledger / "sends" / f"as_of_date={day}" / last.log_name(campaign)).exists()
            if is_logged and not last.outbox(campaign).exists():
                say(f"{campaign}: the pulse as of {as_of} ended before its payloads were written; they are now")
                _export(connection, campaign, manifest, Pulse(last))


def inputs(plan: Plan, manifest: Mapping[str, Any], day: date, here: Settings) -> str:
    """A hash of what has landed for a day of what a pulse reads."""
    tables = [c for c in read_contracts(manifest) if (c.source, c.table) in plan.tables]
    found = [listing(landing_of(here, c) / day.isoformat()) for c in tables]
    return hashlib.sha256("|".join(found).encode()).hexdigest()[:16]


def seen_inputs(site: PulseSite) -> str | None:
    """The `inputs` of the day's last pulse that succeeded; None before the first."""
    found: str | None = _of_last(site, "select inputs from published.run")
    return found


def next_due_at(site: PulseSite) -> datetime | None:
    """When the next of the occasions is due that the day's last pulse found pending."""
    found: datetime | None = _of_last(site, "select min(due_at) from marts.fct_occasions where status = 'pending'")
    return found


def _of_last(site: PulseSite, query: str) -> Any:
    if not site.published.exists():
        return None
    with site.vault.connect(site.published, read_only=True) as connection:
        is_of_the_day = connection.execute(
            "select cast(as_of as date) = $day from published.run", {"day": site.day}
        ).fetchone()
        row = connection.execute(query).fetchone() if is_of_the_day == (True,) else None
    return row[0] if row else None


def load_new(plan: Plan, manifest: Mapping[str, Any], site: PulseSite, here: Settings) -> int:
    """Load each file of the day that is not loaded yet on its own, into the pulse's own zone; give how many.

    So the cost is that of the new files. The daily run loads the whole day from landing, as if there had been no pulse.
    """
    raw = here.pulse / "raw"
    tombstones = Tombstones.read(here.ledger, here.vault, PROJECT / "seeds")
    count = 0
    for contract in read_contracts(manifest):
        if (contract.source, contract.table) not in plan.tables:
            continue
        folder = landing_of(here, contract) / site.day.isoformat()
        parts = raw / contract.source / contract.table
        wanted = {
            f"{_fingerprint(contract, file.path)}.parquet": file.path.name
            for file in landed_files(folder, contract.adapters)
        }
        for path in parts.glob("*/*.parquet"):
            if path.parent.name != f"extract_date={site.day}" or path.name not in wanted:
                path.unlink()
        for part, name in wanted.items():
            target = parts / f"extract_date={site.day}" / part
            if not target.exists():
                # A file that is still being written has not landed yet.
                with suppress(StillBeingWrittenError):
                    _load(contract, site, name, target, tombstones, here)
                    count += 1
    return count


def _fingerprint(contract: Contract, path: Path) -> str:
    stat = path.stat()
    said = f"{contract.fingerprint()}:{path.name}:{stat.st_size}:{stat.st_mtime_ns}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _load(contract: Contract, site: PulseSite, name: str, target: Path, tombstones: Tombstones, here: Settings) -> None:
    loading = here.pulse / "loading"
    try:
        report = load_partition(
            contract,
            site.day,
            landing=here.landing,
            raw=loading,
            quarantine=loading / "quarantine",
            adapters=PROJECT / "adapters",
            settle_seconds=here.settle_seconds,
            vault=here.vault,
            tombstones=tombstones,
            only=name,
        )
        if report.problem:
            raise PulseFailedError(f"{contract.name} {site.day} {name}: {report.problem}")
        put_in_place(loading / contract.source / contract.table / f"extract_date={site.day}" / "part.parquet", target)
    except ExtractError as error:
        raise PulseFailedError(f"{contract.name} {site.day}: {error}") from error
    finally:
        shutil.rmtree(loading, ignore_errors=True)


def _build(plan: Plan, manifest: Mapping[str, Any], site: PulseSite, live: Site, here: Settings) -> None:
    """Make the pulse's warehouse, and check it."""
    site.warehouse.unlink(missing_ok=True)
    variables = {
        "as_of": str(site.as_of),
        "pulse": {"campaigns": plan.campaigns, "triggers": plan.triggers},
    }
    target = here.dbt_target / "pulse"
    dbt_environment(site.warehouse, last_run=live.published)
    with _both(site, live) as connection:
        _ensure_same_code(connection, manifest)
        create_pulse_views(connection, manifest, here, site.day, here.pulse / "raw")
        _list_loads(connection, manifest, here)
        for node in plan.read:
            connection.execute(f"create schema if not exists {node['schema']}")
            connection.execute(f"create view {_table(node)} as from last_run.{_table(node)}")
    try:
        build(plan.people, target=target, variables=variables)
        with _both(site, live) as connection:
            for node in plan.read:
                connection.execute(f"drop view {_table(node)}")
            for node in plan.kept:
                _keep(connection, node, site)
        build([*plan.built, *plan.tests], target=target, variables=variables)
    except BuildFailedError as error:
        raise PulseFailedError(f"{error}\nNothing is sent.") from error
    finally:
        dbt_environment(live.warehouse)


def _publish(site: PulseSite, landed: str) -> None:
    """Put the warehouse where the export and the sensor read it."""
    with site.vault.connect(site.warehouse) as connection:
        connection.execute("create schema if not exists published")
        run = f"select timestamp '{site.as_of}' as as_of, '{landed}' as inputs"
        connection.execute(f"create or replace table published.run as {run}")
    put_in_place(site.warehouse, site.published)


@contextmanager
def _both(site: PulseSite, live: Site) -> Iterator[duckdb.DuckDBPyConnection]:
    """The pulse's warehouse, for writing, and as `last_run` what the last daily run published."""
    site.warehouse.parent.mkdir(parents=True, exist_ok=True)
    with site.vault.connect(site.warehouse) as connection:
        site.vault.attach(connection, live.published, "last_run", read_only=True)
        yield connection


def _ensure_same_code(connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any]) -> None:
    row = connection.execute("select macros from last_run.published.run").fetchone()
    if row != (macros_fingerprint(manifest),):
        raise NotNowError(
            "A macro has changed since the last daily run: what it built would not fit what a pulse builds. "
            "Run the daily job, or wait for it."
        )


def _list_loads(connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], here: Settings) -> None:
    """`loads.extracts` for a pulse: the last extract of each table that the daily run knew, and what is new."""
    known = (
        "select source_name, table_name, last_extract_on as extract_date, 'last run' as load_id, "
        "0 as row_count, 0 as quarantined_count from last_run.intermediate.int_feeds__loaded"
    )
    rows = " union all ".join([known, *new_extracts(manifest, here, here.pulse / "raw")])
    connection.execute(f"create schema if not exists loads; create table loads.extracts as {rows}")


def _table(node: Node) -> str:
    return f"{node['schema']}.{node['alias']}"


def _keep(connection: duckdb.DuckDBPyConnection, node: Node, site: PulseSite) -> None:
    """Copy the rows that a pulse needs of what the last daily run made."""
    is_incremental = node["config"]["materialized"] == "incremental"
    schema = node["schema"] if is_incremental or not adds(node) else _KEPT
    condition = str(keeps(node)).replace("{as_of}", str(site.as_of))
    connection.execute(f"create schema if not exists {schema}")
    connection.execute(f"create table {schema}.{node['alias']} as from last_run.{_table(node)} where {condition}")
    if is_incremental:
        connection.execute(f"create table loads.built_{node['alias']} as from last_run.loads.built_{node['alias']}")


def _export(connection: duckdb.DuckDBPyConnection, campaign: str, manifest: Mapping[str, Any], result: Pulse) -> None:
    models = export_tables.export_models(manifest, campaign)
    if not export_tables.count(connection, models[0]):
        return
    try:
        ensure_may_leave(connection, result.site, campaign, models)
    except GateClosedError as error:
        result.closed[campaign] = str(error)
        return
    result.manifests[campaign] = export(connection, result.site, export_tables.CAMPAIGNS / campaign, manifest, models)


def record_decisions(connection: duckdb.DuckDBPyConnection, site: PulseSite, history: Path) -> int:
    """Add to `history/pulse_decisions/` what was decided otherwise than by the day's earlier pulses; give how many."""
    folder = history / "pulse_decisions" / f"as_of_date={site.day}"
    key = "campaign, customer_id, occasion_id, decision, reason"
    earlier = " union all ".join(
        f"select {key} from {site.vault.read_parquet(glob_of(path))}" for path in sorted(folder.glob("*.parquet"))
    )
    clock = f"timestamp '{site.as_of}' as as_of"
    rows = f"select {clock}, * exclude (as_of_date) from marts.fct_campaign_decisions as decided "
    if earlier:
        same = " and ".join(f"decided.{name} is not distinct from before.{name}" for name in key.split(", "))
        rows += f"where not exists (select 1 from ({earlier}) as before where {same})"
    target = folder / site.log_name("decisions")
    with written(target) as temporary:
        row = connection.execute(
            f"copy ({rows} order by all) to '{quoted(temporary)}' ({site.vault.parquet})"
        ).fetchone()
    return int(row[0]) if row else 0
