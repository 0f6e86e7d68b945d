"""`postroom simulate`: a made-up person's days, through the machinery that real ones go through.

A home of its own is set up and removed. Each day's rows are landed and loaded by the loader, the models are built as of
the end of the day, what they decide is published to that home's history, rendered and entered into its send log: so
caps, once-only and journeys act over the days. Other than live: a segment of one is not too small, and the gates on
feeds and audiences, which are about everybody, are not asked. Holdouts are drawn as they are live.
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
from dbt.contracts.graph.manifest import Manifest

from exports import Run, write_outbox
from ingest import Contract, ExtractError, load_partition, read_contracts
from orchestration import export_tables
from orchestration.dbt_project import manifest
from orchestration.landed import landing_of
from orchestration.publish import publish
from orchestration.send_log import record
from orchestration.settings import PROJECT, Settings
from orchestration.site import Site
from orchestration.warehouse import prepare
from workbench.changes import code_of
from workbench.dbt import parsed_project, run
from workbench.errors import WorkbenchError
from workbench.persona import Persona, Record, clocks_of, read_persona

# What a day's results are read from, besides what exports and the next day read.
_RESULTS = ("fct_campaign_decisions", "fct_journey_enrolments", "fct_segment_memberships", "fct_trigger_occasions")


@dataclass(frozen=True, order=True)
class Moment:
    """One line of the timeline. Of one time, what the persona did comes first, then what became of it, in order."""

    at: datetime
    order: int
    kind: str
    text: str


def simulate(
    path: Path, here: Settings, *, holdout: bool = True, told: Callable[[str], None] = lambda _: None
) -> tuple[Persona, list[Moment]]:
    """The timeline of a persona's file. `told` is called with each day as it begins.

    Raises:
        WorkbenchError: the file is not as the contracts say, or a model does not build on it.
    """
    contracts = read_contracts(manifest())
    persona = read_persona(path, contracts, clocks_of(manifest(), contracts))
    here.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".workbench-", dir=here.home) as scratch:
        days = _Days(persona, contracts, dataclasses.replace(here, home=Path(scratch)), holdout)
        moments = [_did(r) for r in persona.records if r.at is not None and r.at.date() >= persona.first]
        for day in persona.days:
            told(f"{day}")
            moments += days.live(day)
    return persona, sorted(moments)


class _Days:
    """A persona's home, day after day."""

    def __init__(self, persona: Persona, contracts: list[Contract], home: Settings, holdout: bool) -> None:
        self._persona = persona
        # What is expected of a whole extract does not hold of one person's.
        self._contracts = [dataclasses.replace(contract, expectations=()) for contract in contracts]
        self._home = home
        self._holdout = holdout
        self._models = _for_one_person(parsed_project(), holdout)
        self._known = manifest()
        self._past = _past_models(self._known)
        self._decided: dict[tuple[str, str, str], str] = {}
        self._occasions: dict[tuple[str, str], str] = {}
        self._enrolled: dict[tuple[str, str], str] = {}

    def live(self, day: date) -> Iterator[Moment]:
        """Load, build, publish and render one day; give what became of the persona."""
        site = Site(day, True, self._home.home, self._home.vault)
        for contract in self._contracts:
            self._load(contract, day)
        prepare(site, self._known, self._home)
        self._build(site)
        publish(site, self._past, self._home)
        with site.vault.connect(site.published, read_only=True) as connection:
            yield from self._memberships(connection, site)
            yield from self._occurred(connection, site)
            yield from self._journeys(connection, site)
            yield from self._decisions(connection, site)
            for folder in export_tables.campaign_folders():
                yield from self._messages(connection, site, folder)

    def _load(self, contract: Contract, day: date) -> None:
        folder = landing_of(self._home, contract) / day.isoformat()
        folder.mkdir(parents=True)
        lines = self._persona.landing(contract, day)
        (folder / "persona.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        try:
            report = load_partition(
                contract,
                day,
                landing=self._home.landing,
                raw=self._home.raw,
                quarantine=self._home.quarantine,
                adapters=PROJECT / "adapters",
                vault=self._home.vault,
            )
        except ExtractError as error:
            raise WorkbenchError(str(error)) from None
        if report.problem or report.quarantined or report.misfits:
            found = "; ".join([*report.reasons, *report.misfits]) or report.problem
            raise WorkbenchError(f"{contract.name}, the rows of {day}: the loader does not take them: {found}")

    def _build(self, site: Site) -> None:
        target = self._home.home / "dbt"
        if site.day == self._persona.first:
            run(["seed"], site.warehouse, target, as_of=site.as_of, manifest=self._models)
            if not self._holdout:
                with site.vault.connect(site.warehouse) as connection:
                    connection.execute(
                        "update seeds.arbitration_policy set value = 0 where name = 'global_holdout_share'"
                    )
        ends = [f"+{name}" for name in sorted({*_RESULTS, *_exports(self._known), *_published(self._past)})]
        lasting = [] if site.day == self._persona.first else ["--exclude", *_lasting(self._known)]
        run(["run", "--select", *ends, *lasting], site.warehouse, target, as_of=site.as_of, manifest=self._models)

    def _memberships(self, connection: duckdb.DuckDBPyConnection, site: Site) -> Iterator[Moment]:
        for segment, subject, is_member, evidence in connection.execute(
            "select segment, subject, is_member, evidence from marts.fct_segment_memberships"
            " where cause <> 'stayed' order by all"
        ).fetchall():
            told = f"{'enters' if is_member else 'leaves'} {segment}{f' for {subject}' if subject else ''}"
            yield Moment(site.as_of, 1, "segment", f"{told}: {evidence}" if evidence else told)

    def _occurred(self, connection: duckdb.DuckDBPyConnection, site: Site) -> Iterator[Moment]:
        """The occasions that are new or have changed."""
        for trigger, occasion, status, due_at, fulfilled_at in connection.execute(
            "select trigger_name, occasion_id, status, due_at, fulfilled_at"
            " from marts.fct_trigger_occasions order by all"
        ).fetchall():
            told = f"(fulfilled {fulfilled_at})" if fulfilled_at else f"(due {due_at})"
            if self._occasions.get((trigger, occasion)) != f"{status} {told}":
                self._occasions[trigger, occasion] = f"{status} {told}"
                yield Moment(site.as_of, 2, "occasion", f"{trigger} {occasion} is {status} {told}")

    def _journeys(self, connection: duckdb.DuckDBPyConnection, site: Site) -> Iterator[Moment]:
        """The journeys that begin, go a step further or end."""
        for journey, enrolment, status, step, cause in connection.execute(
            "select journey, enrolment_id, status, step, cause from marts.fct_journey_enrolments order by all"
        ).fetchall():
            told = f"is {status}{f' at {step}' if step else ''}{f', {cause}' if cause else ''}"
            if self._enrolled.get((journey, enrolment)) != told:
                self._enrolled[journey, enrolment] = told
                yield Moment(site.as_of, 3, "journey", f"{journey} for {enrolment} {told}")

    def _decisions(self, connection: duckdb.DuckDBPyConnection, site: Site) -> Iterator[Moment]:
        """The decisions that are new or have changed."""
        for campaign, customer, occasion, decision, reason, because in connection.execute(
            "select d.campaign, d.customer_id, d.occasion_id, d.decision, d.reason, r.description"
            " from marts.fct_campaign_decisions as d left join seeds.decision_reasons as r using (reason) order by all"
        ).fetchall():
            outcome = decision if reason is None else f"{decision}, {reason}: {because}"
            if self._decided.get((campaign, customer, occasion)) != outcome:
                self._decided[campaign, customer, occasion] = outcome
                yield Moment(site.as_of, 4, "decision", f"{campaign} for {occasion}: {outcome}")

    def _messages(self, connection: duckdb.DuckDBPyConnection, site: Site, folder: Path) -> Iterator[Moment]:
        """The campaign's e-mails of the day, rendered and entered into the send log as a live run does it."""
        name = folder.name
        models = export_tables.export_models(self._known, name)
        campaign = export_tables.load(folder, models, self._known)
        rows = export_tables.rows_of(connection, campaign, models)
        record(connection, site, name, export_tables.table(models[0]), self._home.ledger)
        outbox = site.outbox(name)
        run_of = Run(as_of=site.as_of.replace(tzinfo=UTC), as_of_date=site.day)
        write_outbox(campaign, rows, outbox, run=run_of, secret=self._home.unsubscribe_key.encode())
        for line in (outbox / "payloads.jsonl").read_text(encoding="utf-8").splitlines():
            message = json.loads(line)
            at = datetime.fromisoformat(message["send_at"]).astimezone(UTC).replace(tzinfo=None)
            text = f'{name} ({message["variant"]}) to {message["to"]["email"]}: "{message["subject"]}"'
            yield Moment(at, 5, "e-mail", text)


def _did(record: Record) -> Moment:
    assert record.at is not None
    values = ", ".join(f"{name} {value}" for name, value in record.values.items() if f"{value}" != f"{record.at}")
    return Moment(record.at, 0, record.table, values)


def _for_one_person(models: Manifest, holdout: bool) -> Manifest:
    """The project with the settings that are about many taken out; the files stay as they are."""
    for node in models.nodes.values():
        if node.name.startswith("seg_"):
            node.config.meta["minimum_size"] = 0
        elif node.name.startswith("cmp_") and not holdout:
            node.config.meta["holdout_share"] = 0
    return models


def _past_models(known: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest with, of the models, those only whose past later days read."""
    read = {source["name"] for source in known["sources"].values() if source["source_name"] == "history"}
    return {**known, "nodes": {i: n for i, n in known["nodes"].items() if n["name"] in read}}


def _published(past: Mapping[str, Any]) -> list[str]:
    return [node["name"] for node in past["nodes"].values()]


def _lasting(known: Mapping[str, Any]) -> list[str]:
    """The views that are the same at any time: made once, they need not be made the next day."""
    views = [node for node in known["nodes"].values() if node["config"].get("materialized") == "view"]
    return sorted(view["name"] for view in views if "as_of" not in code_of(known, view))


def _exports(known: Mapping[str, Any]) -> list[str]:
    nodes = [node for node in known["nodes"].values() if node["resource_type"] == "model"]
    return sorted(node["name"] for node in nodes if node["name"].startswith("exp_"))
