"""The send log: which messages were handed over, by day. Entries are added and never taken away."""

from __future__ import annotations

import glob
from pathlib import Path

import duckdb

from disk import written
from ingest.files import glob_of, quoted
from orchestration.site import PULSE_MARK, PulseSite, Site, day_of

COLUMNS = "message_id, campaign, customer_id, occasion_id, variant, send_at"


class SentMeanwhileError(Exception):
    """What a run would send must not go out any more; the message says why and what to do."""


def record(connection: duckdb.DuckDBPyConnection, site: Site, campaign: str, export_table: str, ledger: Path) -> int:
    """Add what this export holds to `ledger/sends/as_of_date=<day>/<campaign>.parquet`; give the messages new to it.

    The codes of offers that it gives are added to `ledger/offer_codes/` as well, without whom they were given to: so
    they stay given when that person is erased.

    Written before the outbox appears: a crash in between can lose a message until the rerun, but never send one twice.
    """
    target = _log(site, campaign, ledger)
    code = "offer_code" if _has_code(connection, export_table) else "cast(null as varchar) as offer_code"
    logged = _logged(site, target) if target.exists() else None
    before = _count(connection, logged) if logged else 0
    exported = f"select {COLUMNS}, {code} from {export_table}"
    if logged:
        exported = f"{logged} union all {exported} anti join ({logged}) using (message_id)"
    after = _count(connection, exported)
    if after > before:
        clock = f", timestamp '{site.as_of}' as run_as_of" if isinstance(site, PulseSite) else ""
        _write(connection, site, f"select *{clock} from ({exported}) order by message_id", target)
    if after:
        _spend(connection, site, target, ledger / "offer_codes" / target.parent.name / target.name)
    return after - before


def _spend(connection: duckdb.DuckDBPyConnection, site: Site, log: Path, target: Path) -> None:
    """Add the codes in a send log to those that are spent."""
    given = f"select offer_code from ({_logged(site, log)}) where offer_code is not null"
    spent = f"select offer_code from {site.vault.read_parquet(glob_of(target))}" if target.exists() else None
    all_codes = f"{given} union {spent}" if spent else f"{given} group by offer_code"
    if _count(connection, all_codes) > (_count(connection, spent) if spent else 0):
        _write(connection, site, f"from ({all_codes}) order by offer_code", target)


def _log(site: Site, campaign: str, ledger: Path) -> Path:
    return ledger / "sends" / f"as_of_date={site.day}" / site.log_name(campaign)


def ensure_not_sent_meanwhile(
    connection: duckdb.DuckDBPyConnection, site: Site, campaign: str, export_table: str, ledger: Path
) -> None:
    """Hold a run to what others have logged for its day and later ones, whether or not it could know of it.

    Raises:
        SentMeanwhileError: another run has sent a message of this one; or pulses of a later day have sent, which counts
            towards caps that this run knows nothing of.
    """
    target = _log(site, campaign, ledger)
    logs = [log for log in ledger.glob("sends/as_of_date=*/*.parquet") if day_of(log) >= site.day and log != target]
    later = sorted({day_of(log) for log in logs if day_of(log) > site.day})
    if later:
        raise SentMeanwhileError(
            f"Messages of {later[0]} have gone out: what this day would send now could be one too many. "
            "Run a later day."
        )
    same = [log for log in logs if log.name.startswith((f"{campaign}.", f"{campaign}{PULSE_MARK}"))]
    sent = " union all ".join(f"select message_id from {site.vault.read_parquet(glob_of(log))}" for log in same)
    if sent and (count := _count(connection, f"from {export_table} semi join ({sent}) using (message_id)")):
        raise SentMeanwhileError(
            f"{count} messages have been sent by another run since this one was built. Run it again."
        )


def _logged(site: Site, log: Path) -> str:
    """The query of a log's rows; one written before offers had codes has none."""
    empty = "select cast(null as varchar) as offer_code where false"
    rows = f"{empty} union all by name select * from {site.vault.read_parquet(glob_of(log))}"
    return f"select {COLUMNS}, offer_code from ({rows})"


def _has_code(connection: duckdb.DuckDBPyConnection, export_table: str) -> bool:
    columns = connection.execute(f"select column_name from (describe {export_table})").fetchall()
    return ("offer_code",) in columns


def _write(connection: duckdb.DuckDBPyConnection, site: Site, rows: str, target: Path) -> None:
    with written(target) as temporary:
        connection.execute(f"copy ({rows}) to '{quoted(temporary)}' ({site.vault.parquet})")


def message_ids(site: Site, campaign: str, ledger: Path) -> set[str]:
    """What the logs hold of a campaign and day, of the daily run's and of pulses'."""
    daily = _log(site, campaign, ledger)
    paths = [*daily.parent.glob(daily.name), *daily.parent.glob(f"{glob.escape(campaign)}{PULSE_MARK}*.parquet")]
    with site.vault.connect() as connection:
        read = [f"select message_id from {site.vault.read_parquet(glob_of(path))}" for path in paths]
        return {message_id for query in read for (message_id,) in connection.execute(query).fetchall()}


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(f"select count(*) from ({query})").fetchone()
    return int(row[0]) if row else 0
