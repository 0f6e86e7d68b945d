"""What a day's run decided and wrote, as tables in the terminal."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from orchestration.settings import Settings
from orchestration.site import PulseSite, Site, site_for

# The first schema version of a manifest that counts messages by the reason for a fallback.
_COUNTED_BY_REASON = 2
# What the manifest counts, as it is told.
_WARNINGS = {"html_bytes": "messages with HTML close to the longest that may be sent (max_html_bytes in brand.yml)"}


def show(day: date, here: Settings, console: Console) -> None:
    """Print, per campaign: candidates, sent, each reason with its count, what fell back, and the files written."""
    site = site_for(day, here)
    if not site.published.exists():
        console.print("No warehouse has been published for this day: see the errors above.")
        return
    show_site(site, console)


def show_site(site: Site, console: Console) -> None:
    """The same for what a site has published, a pulse's too: of that, the campaigns that took part."""
    day = site.as_of if isinstance(site, PulseSite) else site.day
    with site.vault.connect(site.published, read_only=True) as connection:
        found = connection.execute(
            """
            select d.campaign, d.decision, d.reason, count(*)
            from marts.fct_campaign_decisions d left join seeds.decision_reasons r using (reason)
            where d.as_of_date = $day
            group by d.campaign, d.decision, d.reason, r.position
            order by d.campaign, r.position nulls first
            """,
            {"day": site.day},
        ).fetchall()
        campaigns = [
            name
            for (name,) in connection.execute("select campaign from marts.dim_campaigns order by campaign").fetchall()
        ]
    if isinstance(site, PulseSite):
        campaigns = [name for name in campaigns if any(name == each for each, *_ in found)]
    for campaign in campaigns:
        counts = [(decision, reason, count) for name, decision, reason, count in found if name == campaign]
        console.print(_table(campaign, day, counts))
        _show_files(site, campaign, console)


def _table(campaign: str, day: date | datetime, counts: list[tuple[str, str | None, int]]) -> Table:
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
    content = json.loads(manifest.read_text())
    _show_fallbacks(content, console)
    # A service may have thousands of parts: its folder stands for them.
    written: dict[str, list[dict[str, int]]] = {}
    for file in content["files"]:
        folder, slash, name = file["name"].rpartition("/")
        written.setdefault(folder + slash or name, []).append(file)
    for name, files in written.items():
        parts = f"{len(files):,} files, " if name.endswith("/") else ""
        rows, size = (sum(file[key] for file in files) for key in ("rows", "bytes"))
        console.print(
            f"  {site.outbox(campaign)}/{name}  {parts}{rows:,} rows, {size:,} bytes", soft_wrap=True, markup=False
        )
    console.print(f"  {manifest}", soft_wrap=True, markup=False)
    for warning, count in content.get("warnings", {}).items():
        console.print(f"  {count:,} {_WARNINGS[warning]}", soft_wrap=True, markup=False)
    console.print()


def _show_fallbacks(manifest: dict[str, Any], console: Console) -> None:
    """Print in how many messages something was not shown as it should be, and warn of what that happened to often."""
    if manifest.get("schema_version", 1) < _COUNTED_BY_REASON:
        return
    messages, shares = manifest["messages"], manifest["warn_fallback_share"]
    for name, reasons in sorted(manifest["fallbacks"].items()):
        count = sum(reasons.values())
        most = shares.get(name, shares["otherwise"])
        is_often = count > most * messages
        why = ", ".join(f"{reason} {times:,}" for reason, times in sorted(reasons.items()))
        warning = f"; warning: more than {most:.0%}" if is_often else ""
        console.print(
            f"  fallback of {name}: {count:,} of {messages:,} messages, {count / messages:.0%} ({why}){warning}",
            style="yellow" if is_often else None,
            soft_wrap=True,
            markup=False,
            highlight=False,
        )
