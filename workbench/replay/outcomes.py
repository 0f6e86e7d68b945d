"""What a replayed day decided about whom, and what these people are known to have done since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from orchestration.settings import Settings
from orchestration.site import Site, published_as_of

# Within how many days after the decision an order is counted.
WINDOWS = (7, 30)

# Who it was is found by identifiers: a customer's id then need not be the id now.
_DECIDED = """
with candidates as (
    select campaign, decision, coalesce(reason, '') as reason, occasion_id, customer_id
    from replayed.marts.fct_campaign_decisions
    where campaign in (select unnest($campaigns))
),

identities as (
    select distinct past.customer_id, present.customer_id as customer_id_now
    from replayed.marts.dim_identities as past
    inner join present.marts.dim_identities as present on past.node_id = present.node_id
    where past.customer_id in (select customer_id from candidates)
),

orders as (
    select
        identities.customer_id,
        min(orders.ordered_at) as first_ordered_at
    from identities
    inner join present.marts.fct_orders as orders on identities.customer_id_now = orders.customer_id
    where
        orders.order_kind = 'sale'
        and not orders.is_cancelled
        and orders.ordered_at >= $as_of
    group by identities.customer_id
)

select
    candidates.campaign,
    candidates.decision,
    candidates.reason,
    count(*) as decisions,
    count(distinct candidates.customer_id) as people,
    count(distinct candidates.customer_id) filter (orders.first_ordered_at < $as_of + interval 7 day) as ordered_in_7,
    count(distinct candidates.customer_id) filter (orders.first_ordered_at < $as_of + interval 30 day) as ordered_in_30
from candidates
left join orders on candidates.customer_id = orders.customer_id
group by candidates.campaign, candidates.decision, candidates.reason
order by candidates.campaign, candidates.decision, candidates.reason
"""


def decided(site: Site, campaigns: Sequence[str], here: Settings) -> tuple[dict[str, list[dict[str, Any]]], str | None]:
    """By campaign, a row for each decision and reason with its counts; and until when orders are known.

    Keys of a row: decision, reason, decisions, people, and `ordered_in_<days>` (people), null while that window has not
    passed in the warehouse published last.
    """
    live = Site(site.day, True, here.home, here.vault)
    published_until = published_as_of(live)
    known_until = published_until or site.as_of
    with here.vault.connect() as connection:
        here.vault.attach(connection, site.published, "replayed", read_only=True)
        if published_until:
            here.vault.attach(connection, live.published, "present", read_only=True)
        sql = _DECIDED if published_until else _DECIDED.replace("present.marts", "replayed.marts")
        found = connection.execute(sql, {"campaigns": list(campaigns), "as_of": site.as_of})
        names = [name for name, *_ in found.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    for days in WINDOWS:
        if known_until < site.as_of + timedelta(days=days):
            for row in rows:
                row[f"ordered_in_{days}"] = None
    by_campaign: dict[str, list[dict[str, Any]]] = {name: [] for name in campaigns}
    for row in rows:
        by_campaign[row.pop("campaign")].append(row)
    return by_campaign, known_until.date().isoformat()
