"""`postroom diff`: what a change of definitions does to who is in which segment and who is written to.

The old and the new version are built on the same data: in copies of the published warehouse what differs is built
anew, with the same clock, history and ledger. Nothing live is written.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import yaml

from orchestration.dbt_project import manifest
from orchestration.settings import PROJECT, Settings
from orchestration.zones import create_views
from workbench.changes import changed_models, edited_models, is_macro_changed, to_build
from workbench.dbt import parse, parsed_project, run
from workbench.errors import WorkbenchError
from workbench.evidence import personal_names, without_personal
from workbench.published import Published
from workbench.reports import Section

TARGETS = ("fct_campaign_decisions", "fct_segment_memberships", "dim_segments")
SAMPLES = 5


def diff(base: str, here: Settings) -> list[Section]:
    """What the working tree decides otherwise than a commit of it, in sections.

    Raises:
        WorkbenchError: nothing is published, git does not know the commit, or one version does not build.
    """
    with _scratch(here) as scratch, _checkout(base, scratch / "checkout") as old:
        return compare(old, PROJECT, here, scratch, f"Against {base}")


def compare(old: Path, new: Path, here: Settings, scratch: Path, title: str) -> list[Section]:
    """What the project in `new` decides otherwise than the one in `old`. `scratch` takes both warehouses.

    Raises:
        WorkbenchError: as `diff`.
    """
    with Published(here) as published:
        as_of = published.as_of
        there = {n for (n,) in published.connection.execute("select table_name from duckdb_tables()").fetchall()}
        there |= {n for (n,) in published.connection.execute("select view_name from duckdb_views()").fetchall()}
        path = published.path
    projects = {"old": old, "new": new}
    parsed, manifests = {}, {}
    for name, folder in projects.items():
        if folder == PROJECT:
            parsed[name], manifests[name] = parsed_project(), manifest()
        else:
            parsed[name] = parse(folder, scratch / name / "target")
            manifests[name] = json.loads((scratch / name / "target/manifest.json").read_text())
    variables = [yaml.safe_load((projects[n] / "dbt_project.yml").read_text()).get("vars") or {} for n in projects]
    changed = changed_models(manifests["old"], manifests["new"], *variables)
    builds = {name: to_build(manifests[name], changed, TARGETS, there) for name in projects}
    if not any(changed & build for build in builds.values()):
        return [Section(title, "Unchanged: nothing differs that a segment or a decision depends on.")]
    arguments = ["--full-refresh"] if is_macro_changed(manifests["old"], manifests["new"]) else []
    for name, build in builds.items():
        warehouse = scratch / name / "warehouse.duckdb"
        warehouse.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, warehouse)
        with here.vault.connect(warehouse) as connection:
            create_views(connection, manifests[name], here)
        if build:
            kinds = ["--resource-type", "model", "--resource-type", "seed"]
            run(
                ["build", *kinds, "--select", *sorted(build), *arguments],
                warehouse,
                scratch / name / "target",
                as_of=as_of,
                manifest=parsed[name],
                project_dir=projects[name],
            )
    with here.vault.connect() as connection:
        for name in projects:
            here.vault.attach(connection, scratch / name / "warehouse.duckdb", name, read_only=True)
        edited = edited_models(manifests["old"], manifests["new"]) & (builds["old"] | builds["new"])
        models = ", ".join(sorted(edited)) or "the lists in dbt_project.yml"
        head = Section(title, f"As of {as_of:%Y-%m-%d %H:%M} UTC. What differs: {models}.")
        sections = [*_segments(connection, personal_names(manifests["new"])), *_campaigns(connection)]
        if not sections:
            return [
                head,
                Section("Same result", "Nobody enters or leaves a segment, and every decision stays as it was."),
            ]
        return [head, *sections]


@contextmanager
def _scratch(here: Settings) -> Iterator[Path]:
    here.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".workbench-", dir=here.home) as folder:
        yield Path(folder)


@contextmanager
def _checkout(commit: str, folder: Path) -> Iterator[Path]:
    """The project as it was at a commit."""
    found = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}")
    if found.returncode:
        raise WorkbenchError(f"git knows no commit {commit!r}. {found.stderr.strip()}".strip())
    added = _git("worktree", "add", "--detach", "--force", str(folder), found.stdout.strip())
    if added.returncode:
        raise WorkbenchError(f"git cannot check out {commit!r}: {added.stderr.strip()}")
    try:
        yield folder
    finally:
        _git("worktree", "remove", "--force", str(folder))


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], cwd=PROJECT, capture_output=True, text=True, check=False)


def _segments(connection: duckdb.DuckDBPyConnection, personal: frozenset[str]) -> Iterator[Section]:
    """Segments that came or went, then per segment who entered and left."""
    known = {side: _names(connection, side, "dim_segments", "segment") for side in ("old", "new")}
    yield from _listed("Segments", known)
    for side in ("old", "new"):
        subject = "subject" if "subject" in _columns(connection, side, "fct_segment_memberships") else "''"
        connection.execute(
            f"create temp table members_{side} as select segment, customer_id, {subject} as subject, evidence"
            f" from {side}.marts.fct_segment_memberships where is_member"
        )
    counts = connection.execute(
        """
        select
            segment,
            count(members_old.customer_id) as was,
            count(members_new.customer_id) as is_now,
            count(*) filter (where members_old.customer_id is null) as entered,
            count(*) filter (where members_new.customer_id is null) as went
        from members_old full outer join members_new using (segment, customer_id, subject)
        group by segment
        having count(*) <> count(members_old.customer_id) or count(*) <> count(members_new.customer_id)
        order by segment
        """
    ).fetchall()
    if counts:
        yield Section("Members", "", ("segment", "was", "is", "entered", "left"), counts)
    for segment, *_ in counts:
        rows = [
            (what, customer_id, subject, without_personal(evidence, personal))
            for what, side, other in (("entered", "new", "old"), ("left", "old", "new"))
            for customer_id, subject, evidence in connection.execute(
                f"select customer_id, subject, evidence from members_{side}"
                f" anti join members_{other} using (segment, customer_id, subject)"
                f" where segment = $segment order by md5(customer_id), subject limit {SAMPLES}",
                {"segment": segment},
            ).fetchall()
        ]
        yield Section(f"{segment}: some who entered or left", "", ("", "customer_id", "subject", "evidence"), rows)


def _campaigns(connection: duckdb.DuckDBPyConnection) -> Iterator[Section]:
    """Campaigns that came or went, what became of whose candidacy, and sends that go to another campaign."""
    known = {side: _names(connection, side, "dim_campaigns", "campaign") for side in ("old", "new")}
    yield from _listed("Campaigns", known)
    for side in ("old", "new"):
        connection.execute(
            f"create temp table decisions_{side} as select campaign, customer_id, occasion_id,"
            f" coalesce(reason, decision) as outcome from {side}.marts.fct_campaign_decisions"
        )
    moves = connection.execute(
        """
        select
            campaign,
            coalesce(decisions_old.outcome, 'no candidate') as was,
            coalesce(decisions_new.outcome, 'no candidate') as is_now,
            count(*) as candidates,
            (array_agg(customer_id order by md5(customer_id)))[1:5] as some
        from decisions_old full outer join decisions_new using (campaign, customer_id, occasion_id)
        where decisions_old.outcome is distinct from decisions_new.outcome
        group by all
        order by campaign, candidates desc, was, is_now
        """
    ).fetchall()
    if moves:
        rows: list[tuple[object, ...]] = [(*row[:4], " ".join(row[4])) for row in moves]
        yield Section("Decisions that move", "", ("campaign", "was", "is", "candidates", "some of them"), rows)
    sends = connection.execute(
        """
        with sent_old as (select distinct campaign, customer_id from decisions_old where outcome = 'send'),
        sent_new as (select distinct campaign, customer_id from decisions_new where outcome = 'send'),
        lost as (select * from sent_old anti join sent_new using (campaign, customer_id)),
        won as (select * from sent_new anti join sent_old using (campaign, customer_id))
        select
            coalesce(lost.campaign, 'nothing') as was,
            coalesce(won.campaign, 'nothing') as is_now,
            count(*) as customers
        from lost full outer join won using (customer_id)
        group by all
        order by customers desc, was, is_now
        """
    ).fetchall()
    if sends:
        yield Section("Sends won and lost", "", ("was sent", "is sent", "customers"), sends)


def _listed(what: str, known: Mapping[str, set[str]]) -> Iterator[Section]:
    added, removed = sorted(known["new"] - known["old"]), sorted(known["old"] - known["new"])
    if added or removed:
        said = [f"Added: {', '.join(added)}."] * bool(added) + [f"Removed: {', '.join(removed)}."] * bool(removed)
        yield Section(what, " ".join(said))


def _names(connection: duckdb.DuckDBPyConnection, side: str, table: str, column: str) -> set[str]:
    return {str(name) for (name,) in connection.execute(f"select {column} from {side}.marts.{table}").fetchall()}


def _columns(connection: duckdb.DuckDBPyConnection, side: str, table: str) -> set[str]:
    found = connection.execute(
        "select column_name from duckdb_columns() where database_name = $side and table_name = $table",
        {"side": side, "table": table},
    ).fetchall()
    return {str(name) for (name,) in found}
