"""What a day's run decided, as a table in the terminal."""

from __future__ import annotations

import json
from datetime import date

from rich.console import Console
from rich.table import Table

from orchestration.settings import Settings
from orchestration.site import Site, site_for

# What the manifest counts, as it is told.
_WARNINGS = {"html_bytes": "messages with HTML close to the longest that may be sent (max_html_bytes in brand.yml)"}


def show(day: date, here: Settings, console: Console) -> None:
    """Print, per campaign: candidates, sent, each reason with its count, and the files written."""
    site = site_for(day, here)
    if not site.published.exists():
        console.print("No warehouse has been published for this day: see the errors above.")
        return
    with site.vault.connect(site.published, read_only=True) as connection:
        found = connection.execute(
            """
            select d.campaign, d.decision, d.reason, count(*)
            from marts.fct_campaign_decisions d left join seeds.decision_reasons r using (reason)
            where d.as_of_date = $day
            group by d.campaign, d.decision, d.reason, r.position
            order by d.campaign, r.position nulls first
            """,
            {"day": day},
        ).fetchall()
        campaigns = [
            name
            for (name,) in connection.execute("select campaign from marts.dim_campaigns order by campaign").fetchall()
        ]
    for campaign in campaigns:
        counts = [(decision, reason, count) for name, decision, reason, count in found if name == campaign]
        console.print(_table(campaign, day, counts))
        _show_files(site, campaign, console)


def _table(campaign: str, day: date, counts: list[tuple[str, str | None, int]]) -> Table:
    table = Table(title=f"{campaign}, {day}", title_justify="left", min_width=48)
    table.add_column("")
    table.add_column("count", justify="right")
    table.add_row("candidates", f"{sum(count for _, _, count in counts):,}")
    table.add_row("sent", f"{sum(count for decision, _, count in counts if decision == 'send'):,}", end_section=True)
    for decision, reason, count in counts:
        if decision != "send":
            table.add_row(f"{decision}: {reason}", f"{count:,}")
    return table


def _show_files(site: Site, campaign: str, console: Console) -> None:
    manifest = site.outbox(campaign) / "manifest.json"
    if not manifest.exists():
        console.print("  no files written\n")
        return
    # A service may have thousands of parts: its folder stands for them.
    written: dict[str, list[dict[str, int]]] = {}
    record = json.loads(manifest.read_text())
    for file in record["files"]:
        folder, slash, name = file["name"].rpartition("/")
        written.setdefault(folder + slash or name, []).append(file)
    for name, files in written.items():
        parts = f"{len(files):,} files, " if name.endswith("/") else ""
        rows, size = (sum(file[key] for file in files) for key in ("rows", "bytes"))
        console.print(
            f"  {site.outbox(campaign)}/{name}  {parts}{rows:,} rows, {size:,} bytes", soft_wrap=True, markup=False
        )
    console.print(f"  {manifest}", soft_wrap=True, markup=False)
    for warning, count in record.get("warnings", {}).items():
        console.print(f"  {count:,} {_WARNINGS[warning]}", soft_wrap=True, markup=False)
    console.print()
