"""Load one partition: landed files -> typed Parquet, with what does not fit in quarantine.

The new file is written beside the old one, checked, and renamed over it; until then the last good load is untouched. A
load that another one replaces is kept apart, for days that have read it (ingest/superseded.py).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import duckdb

from disk import put_in_place
from engine import Vault
from ingest.contract import Contract
from ingest.errors import ExtractError, StillBeingWrittenError
from ingest.expectations import Expected, check
from ingest.files import changing, glob_of, quoted, scratch_folder
from ingest.landing import LandedFile, ensure_unchanged, landed_files, load_id, wait_until_settled
from ingest.quarantine import replace_rejects
from ingest.read import FileRows, read_file
from ingest.records import Reject
from ingest.superseded import PART, keep
from ingest.tombstones import Tombstones
from ingest.typing_sql import kept_sql, reason_sql, typed_sql

# An event may be stamped a little after its extract's day: clocks differ, and time zones too. Two days is no clock.
CLOCK_TOLERANCE = timedelta(days=2)
# In an extract of a dozen rows one bad row is no sign of a broken file.
DIRTY_ROWS_ALWAYS_ALLOWED = 10
# Nothing is encrypted unless a key is given.
PLAIN = Vault()
# Without a ledger nobody has been erased.
NOBODY = Tombstones()
# A name that no extract's column has.
MISFIT = "_why_it_does_not_fit"
KEPT = "_what_was_left_out_of_it"


@dataclass
class LoadReport:
    """What became of one partition. `is_loaded` is False when nothing has landed for it.

    `reasons` counts what is in quarantine, `misfits` the values that a loaded row had to be taken without.
    `erased` counts the rows of erased people: they are neither loaded nor kept in quarantine.
    `is_over_limit` says that the problem is the contract's quarantine_limit.
    """

    contract: str
    day: date
    is_loaded: bool = False
    rows: int = 0
    quarantined: int = 0
    erased: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    misfits: dict[str, int] = field(default_factory=dict)
    undeclared_columns: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    expectations: list[Expected] = field(default_factory=list)
    problem: str | None = None
    is_over_limit: bool = False

    @property
    def broken(self) -> list[Expected]:
        """The expectations whose failure keeps the partition out."""
        return [e for e in self.expectations if not e.is_met and e.severity == "critical"]


def load_partition(
    contract: Contract,
    day: date,
    *,
    landing: Path,
    raw: Path,
    quarantine: Path,
    adapters: Path,
    settle_seconds: float = 0.0,
    vault: Vault = PLAIN,
    tombstones: Tombstones = NOBODY,
    only: str | None = None,
) -> LoadReport:
    """Load what has landed for `day`, replacing what was loaded for it before; of its files `only` one, if it is named.

    `landing`, `raw` and `quarantine` are the zones' roots; `adapters` holds `<vendor>/<source>.<table>.sql`. What is
    written is encrypted if `vault` has a key. Rows of the people whom `tombstones` name are left out.
    With nothing landed the partition stays as it is. A report with `problem` set was not put in place: too much of it
    did not fit, or an expectation of the contract failed.

    Raises:
        ExtractError: a file cannot be read, or lacks a required column; the last good load stays.
        StillBeingWrittenError: a file changed while it was read; worth another try.
    """
    report = LoadReport(contract.name, day)
    files = landed_files(landing / contract.source / contract.table / day.isoformat(), contract.adapters)
    files = [file for file in files if only in (None, file.path.name)]
    if not files:
        return report
    wait_until_settled(files, settle_seconds)
    report.files = [file.path.name for file in files]
    target = raw / contract.source / contract.table / f"extract_date={day}"
    with scratch_folder(raw) as scratch:
        try:
            rejects = _load(contract, day, files, report, adapters, scratch, vault, tombstones)
            ensure_unchanged(files)
        except FileNotFoundError as error:
            raise StillBeingWrittenError(f"{error.filename}: taken away while it was read.") from error
        if report.problem is None:
            rejected = quarantine / contract.source / contract.table / f"extract_date={day}"
            replace_rejects(rejects, rejected, scratch, vault)
            with changing(target.parent):
                keep(target, scratch / PART, vault)
                put_in_place(scratch / PART, target / PART)
            report.is_loaded = True
    return report


def _load(
    contract: Contract,
    day: date,
    files: Sequence[LandedFile],
    report: LoadReport,
    adapters: Path,
    scratch: Path,
    vault: Vault,
    tombstones: Tombstones,
) -> list[Reject]:
    """Write part.parquet into `scratch`, fill the report, and give the rows that do not fit."""
    with vault.connect() as connection, ThreadPoolExecutor(1) as hashing:
        connection.execute("set preserve_insertion_order = true; set threads = 2")
        connection.execute(f"set temp_directory = '{quoted(scratch)}'")
        how = contract.fingerprint() + "".join(_adapter_sql(contract, file, adapters) or "" for file in files)
        # While the files are read: a hash keeps one core busy, and reading does not always both.
        loading = hashing.submit(load_id, files, how)
        rejects: list[Reject] = []
        undeclared: set[str] = set()
        for number, file in enumerate(files):
            rows = read_file(
                connection,
                contract,
                file,
                _adapter_sql(contract, file, adapters),
                scratch,
                into=f"typed_{number}",
                select=partial(_typed, contract, day),
            )
            undeclared |= rows.undeclared
            found = rows.rejects + _rejects(connection, contract, file, rows, report, tombstones)
            kept = [reject for reject in found if not tombstones.is_mentioned_in(reject.text)]
            report.erased += len(found) - len(kept)
            rejects += kept
        loaded = loading.result()
        if report.erased:
            # Without them it is another load, which what was built from the one before must be made anew from.
            loaded = hashlib.sha256(f"{loaded} without {report.erased}".encode()).hexdigest()[:16]
        parts = " union all ".join(
            f"select *, '{quoted(file.path.name)}' as source_file from typed_{number}"
            for number, file in enumerate(files)
        )
        connection.execute(f"create temp view typed as {parts}")
        report.rows = _count(connection, f"typed where {MISFIT} is null")
        report.quarantined = len(rejects)
        report.reasons = dict(Counter(reject.reason for reject in rejects).most_common())
        report.misfits = dict(
            connection.execute(
                f"select {KEPT}, count(*) from typed where {MISFIT} is null and {KEPT} is not null "
                "group by 1 order by 2 desc, 1"
            ).fetchall()
        )
        report.undeclared_columns = sorted(undeclared)
        part = scratch / PART
        _write_parquet(connection, contract, report, loaded, part, vault)
        _judge(connection, contract, report, vault.read_parquet(glob_of(part), "hive_partitioning = false"))
    return rejects


def _adapter_sql(contract: Contract, file: LandedFile, adapters: Path) -> str | None:
    if file.adapter is None:
        return None
    path = adapters / file.adapter / f"{contract.name}.sql"
    if not path.is_file():
        raise ExtractError(
            f"{contract.declared_in}: {contract.name} names the adapter {file.adapter}, but {path} is not there."
        )
    return path.read_text()


def _typed(contract: Contract, day: date, relation: str) -> str:
    """The query of a relation's declared columns, typed, with why a row does not fit and what it is taken without."""
    latest = (day + timedelta(days=1) + CLOCK_TOLERANCE).isoformat()
    reasons = {c.name: reason_sql(c, c.name in contract.required, latest) for c in contract.columns}
    values = ", ".join(f'{kept_sql(c, reasons[c.name])} as "{c.name}"' for c in contract.columns)
    reject = ", ".join(["null", *(reasons[c.name] for c in contract.columns if not c.keeps_misfits)])
    kept = ", ".join(["null", *(reasons[c.name] for c in contract.columns if c.keeps_misfits)])
    return (
        f"select {values}, nullif(concat_ws('; ', {reject}), '') as {MISFIT}, "
        f"nullif(concat_ws('; ', {kept}), '') as {KEPT}, source_line "
        f"from ({typed_sql(contract.columns, relation)})"
    )


def _rejects(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    file: LandedFile,
    rows: FileRows,
    report: LoadReport,
    tombstones: Tombstones,
) -> list[Reject]:
    """The rows that do not fit. Rows of erased people are taken out; the report counts them."""
    if erased := tombstones.erased_lines(connection, contract, rows.relation):
        rows.leave_out(connection, erased)
        report.erased += len(erased)
    bad: list[tuple[int, str]] = connection.execute(
        f"select source_line, {MISFIT} from {rows.relation} where {MISFIT} is not null order by source_line"
    ).fetchall()
    texts = rows.texts({line for line, _ in bad}) if bad else {}
    return [Reject(file.path.name, line, reason, texts.get(line, "")) for line, reason in bad]


def _count(connection: duckdb.DuckDBPyConnection, what: str) -> int:
    row = connection.execute(f"select count(*) from {what}").fetchone()
    return int(row[0]) if row else 0


def _write_parquet(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    report: LoadReport,
    loaded: str,
    target: Path,
    vault: Vault,
) -> None:
    # The rows say which load they are of, so that data and description are put in place by one rename.
    names = ", ".join(f'"{c.name}"' for c in contract.columns)
    connection.execute(
        f"copy (select {names}, '{loaded}' as load_id, source_file, source_line, "
        f"{report.quarantined}::bigint as quarantined_count from typed where {MISFIT} is null) "
        f"to '{quoted(target)}' ({vault.parquet})"
    )


def _judge(connection: duckdb.DuckDBPyConnection, contract: Contract, report: LoadReport, written: str) -> None:
    """Say in the report what keeps the partition out, if anything does."""
    total = report.rows + report.quarantined
    report.is_over_limit = _is_broken(contract, report)
    if report.is_over_limit:
        reasons = Counter(report.reasons) + Counter(report.misfits)
        worst = "; ".join(f"{count} x {reason}" for reason, count in reasons.most_common(3))
        report.problem = (
            f"{reasons.total()} of {total} rows do not fit the contract, more than its quarantine_limit of "
            f"{contract.quarantine_limit:.0%}: {worst}"
        )
        return
    report.expectations = check(contract, connection, written)
    if report.broken:
        report.problem = "; ".join(f"{e.type} {e.column} not met ({e.detail})" for e in report.broken)


def _is_broken(contract: Contract, report: LoadReport) -> bool:
    """Whether so much does not fit that the file, not the row, must be wrong."""
    if report.quarantined and not report.rows:
        return True
    dirty = report.quarantined + sum(report.misfits.values())
    share = dirty / max(1, report.rows + report.quarantined)
    return share > contract.quarantine_limit and dirty > DIRTY_ROWS_ALWAYS_ALLOWED
