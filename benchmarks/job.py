"""The daily job of a small shop as a whole: a day's events loaded, the models of a shop built, an outbox rendered.

Beside it the yardsticks of these three, and the same job as an analyst would write it with pandas and Jinja. Postroom
and pandas have a process each, in which all rounds run: what each needs of memory is then known.
"""

from __future__ import annotations

import csv
import datetime as dt
import hmac
import resource
import shutil
import sys
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import jinja2
import orjson
import pandas as pd

from benchmarks import ingest, rendering
from benchmarks.harness import Bench, Measured, Spent, timed
from benchmarks.models import MODELS, Shop
from exports import Campaign, load_personas, write_outbox
from exports.formats import filters
from exports.links import with_query
from ingest import Contract, read_contracts
from orchestration.dbt_project import manifest
from orchestration.export_tables import CAMPAIGNS, export_models, load
from orchestration.rehearsal import persona_row
from orchestration.settings import most_processes

CAMPAIGN = "winback"
# What each part may take of its yardstick, as the rows of the parts have it.
LOADING, BUILDING, RENDERING = 1.3, 1.5, 2.0
_TEXTS = {
    "id": "messageId",
    "type": "type",
    "event": "event",
    "anonymous_id": "anonymousId",
    "user_id": "userId",
    "context_page_path": "context.page.path",
    "context_campaign_name": "context.campaign.name",
    "context_campaign_source": "context.campaign.source",
    "cart_id": "properties.cart_id",
    "product_id": "properties.product_id",
    "currency": "properties.currency",
    "order_id": "properties.order_id",
    "query": "properties.query",
}
_NUMBERS = {"quantity": "properties.quantity", "price": "properties.price"}
_TIMES = {"timestamp": "timestamp", "received_at": "receivedAt"}
_TYPES = ("track", "page", "identify", "screen", "alias", "group")


@dataclass(frozen=True)
class Job:
    """What the job works on: a home with events landed and a shop's orders, and how many there are and are written to.

    Its methods run in processes of their own.
    """

    home: Path
    shop: Shop
    events: int
    recipients: int

    @property
    def landed(self) -> Path:
        """The day's events."""
        return self.home / "landing" / "web" / "events" / ingest.DAY.isoformat() / "events.jsonl"

    @property
    def outbox(self) -> Path:
        """What Postroom renders."""
        return self.home / "outbox"

    def by_postroom(self) -> None:
        """Loads, builds and renders as the daily job does; dbt's start is timed too."""
        report = ingest.load(_contract(), self.home)
        assert (report.rows, report.quarantined, report.problem) == (self.events, 0, None)
        self.shop.by_dbt()
        # An outbox that holds the same already would be left as it is.
        shutil.rmtree(self.outbox, ignore_errors=True)
        campaign, row = _campaign()
        rows = rendering.rows_like(row, self.recipients)
        write_outbox(campaign, rows, self.outbox, run=rendering.RUN, secret=rendering.KEY, processes=most_processes())

    def by_pandas(self) -> None:
        """Loads, builds and renders with pandas and Jinja: the same tables, the same HTML, and no more."""
        folder = self.home / "by_pandas"
        folder.mkdir(exist_ok=True)
        self._load_by_pandas(folder)
        self.shop.by_pandas()
        self._render_by_jinja(folder)

    def limit(self) -> Spent:
        """What the yardsticks of the three take together, each times what its part may take of it."""
        copied = timed(lambda: ingest.copy(self.landed, self.home / "copy.parquet"))
        built = timed(self.shop.by_hand)
        again = self.home / "again"
        shutil.rmtree(again, ignore_errors=True)
        written = rendering.write_again(self.outbox, again)
        parts = ((LOADING, copied), (BUILDING, built), (RENDERING, written))
        return Spent(sum(n * part.seconds for n, part in parts), sum(n * (part.cpu or 0) for n, part in parts))

    def _load_by_pandas(self, folder: Path) -> None:
        """Types the events, keeps those apart that do not fit, checks the others and writes both.

        By pandas' own reader of JSON: Arrow's, which is faster, refuses a file for one value of another type.
        """
        read = pd.read_json(self.landed, lines=True, dtype=False)
        events = pd.DataFrame({name: _found(read, path) for name, path in (_TEXTS | _NUMBERS | _TIMES).items()})
        given = events.copy()
        for name in _TEXTS:
            events[name] = events[name].astype("string").str.strip().mask(lambda text: text == "")
        for name in _NUMBERS:
            events[name] = pd.to_numeric(events[name], errors="coerce")
        for name in _TIMES:
            events[name] = pd.to_datetime(events[name], errors="coerce", utc=True, format="ISO8601")
        # Read as binary fractions, some are a little off.
        events["price"] = events["price"].round(2)
        latest = pd.Timestamp(ingest.DAY + dt.timedelta(days=3), tz="UTC")
        typed = [*_NUMBERS, *_TIMES]
        is_fit = (
            events[["id", "anonymous_id", "timestamp"]].notna().all(axis=1)
            & (events[typed].notna() | given[typed].isna()).all(axis=1)
            & (events["timestamp"] < latest)
            & (events["quantity"].isna() | (events["quantity"] % 1 == 0))
        )
        given[~is_fit].to_json(folder / "rejects.jsonl", orient="records", lines=True)
        events = events[is_fit].assign(source_line=events.index[is_fit] + 1)
        assert events["type"].isin(_TYPES).all() and events["id"].is_unique and len(events) == self.events
        events.astype({"quantity": "Int64"}).to_parquet(folder / "events.parquet", compression="zstd", index=False)

    def _render_by_jinja(self, folder: Path) -> None:
        campaign, row = _campaign()
        subject, preheader, html, text = _plain_templates()
        with (
            (folder / "payloads.jsonl").open("wb") as payloads,
            (folder / "recipients.csv").open("w", encoding="utf-8", newline="") as recipients,
        ):
            table = csv.writer(recipients)
            for each in rendering.rows_like(row, self.recipients):
                signature = hmac.digest(rendering.KEY, each["message_id"].encode(), "sha256").hex()
                url = f"{campaign.brand['unsubscribe_url']}/{each['message_id']}.{signature}"
                values = _values(campaign, each)
                values["subject"] = " ".join(subject.render(values).split())
                values["preheader"] = " ".join(preheader.render(values).split())
                values["unsubscribe_url"] = url
                message = {
                    "message_id": each["message_id"],
                    "campaign": campaign.name,
                    "variant": each["variant"],
                    "customer_id": each["customer_id"],
                    "to": {"email": each["to_email"], "name": each["to_name"]},
                    "from": {"email": campaign.brand["from_email"], "name": campaign.brand["from_name"]},
                    "subject": values["subject"],
                    "preheader": values["preheader"],
                    "html": html.render(values),
                    "text": text.render(values),
                    "headers": {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
                    "send_at": each["send_at"],
                }
                payloads.write(orjson.dumps(message) + b"\n")
                table.writerow([each["message_id"], each["customer_id"], each["to_email"], values["subject"], url])


def measure(bench: Bench) -> Measured:
    """The row of the table that has the yardsticks of the parts for its own."""
    return _measured(bench)[0]


def measure_pandas(bench: Bench) -> Measured:
    """The row of the table that has pandas for its yardstick."""
    return _measured(bench)[1]


@cache
def _measured(bench: Bench) -> tuple[Measured, Measured]:
    """Both rows of the same rounds. A first one is not counted: it imports, compiles and warms."""
    home = bench.folder("job")
    job = Job(home, Shop(bench.folder("shop_of_job"), bench.people), bench.people, bench.people // 20)
    landed = ingest.write_events(home / "landing", max(1, bench.people // 5), job.events)
    # Spawned, they begin with nothing of this process.
    spawn = get_context("spawn")
    with ProcessPoolExecutor(1, spawn) as postroom, ProcessPoolExecutor(1, spawn) as pandas:
        rounds = [
            (
                postroom.submit(timed, job.by_postroom).result(),
                job.limit(),
                pandas.submit(timed, job.by_pandas).result(),
            )
            for _ in range(bench.rounds + 1)
        ][1:]
        peak = postroom.submit(_peak_bytes).result()
    ours, limits, others = zip(*rounds, strict=True)
    what = (
        f"{job.events:,} events, {landed.stat().st_size / 1e6:,.0f} MB; {len(MODELS)} models; "
        f"{job.recipients:,} messages"
    )
    return Measured(ours, limits, what, peak), Measured(ours, others, what, peak)


def _peak_bytes() -> int:
    """The most that this process and the largest of its children have held, as if at the same time."""
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


@cache
def _contract() -> Contract:
    return next(c for c in read_contracts(manifest()) if c.name == "web.events")


@cache
def _campaign() -> tuple[Campaign, dict[str, Any]]:
    """The campaign, and a row that all others are like."""
    models = export_models(manifest(), CAMPAIGN)
    campaign = load(CAMPAIGNS / CAMPAIGN, models, manifest())
    return campaign, persona_row(load_personas()[0], campaign, models, rendering.RUN, "control")


@cache
def _plain_templates() -> tuple[jinja2.Template, ...]:
    """Subject, preheader, HTML and text of the campaign in the brand's language, filled by Jinja as it comes."""
    campaign, _ = _campaign()
    templates = campaign.sets[campaign.brand["locale"]]
    environments = {
        is_html: jinja2.Environment(autoescape=is_html, trim_blocks=True, lstrip_blocks=True)
        for is_html in (False, True)
    }
    for environment in environments.values():
        environment.filters |= filters(campaign.brand["locale"])
    recipes = (each.recipe[1] for each in (templates.subject, templates.preheader, templates.html, templates.text))
    return tuple(environments[is_html].from_string(text) for text, is_html, _ in recipes)


def _values(campaign: Campaign, row: Mapping[str, Any]) -> dict[str, Any]:
    """What the templates are filled with: the row, its gaps filled, its links tagged."""
    query = campaign.utm.query(row["variant"])
    days = row["days_since_order"] or 0
    return {
        **row,
        "first_name": row["first_name"] or "there",
        "days_since_order": days,
        "opening": "long_ago" if days >= 365 else "last_order" if days > 0 else "discover",
        "last_product_title": row["last_product_title"] or "something you liked",
        "offer_percent": row["offer_percent"] or 0,
        "offer_code": row["offer_code"] or "no code",
        "products": [{**item, "product_url": with_query(item["product_url"], query)} for item in row["products"]],
    }


def _found(read: pd.DataFrame, path: str) -> pd.Series[Any]:
    """The values at a path into the objects of a column."""
    column, *keys = path.split(".")
    values = read[column]
    for key in keys:
        values = pd.Series([v.get(key) if isinstance(v, dict) else None for v in values], dtype=object)
    return values
