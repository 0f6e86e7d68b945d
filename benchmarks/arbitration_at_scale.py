"""How long, and in how much memory, one run decides on ten campaigns over a million people.

    python -m benchmarks.arbitration_at_scale [--people 1000000]

Everybody is a candidate of every campaign: nine of marketing, three of them from a trigger's occasions, and one that is
transactional. Behind them lie four months of sends. The tables that arbitration reads are made by SQL; then its models
run as the daily job runs them.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import duckdb

from benchmarks.identity_at_scale import REPO, run_dbt

MODELS = [
    "dim_customer_time_zones",
    "fct_campaign_send_times",
    "fct_campaign_send_counts",
    "fct_campaign_checks",
    "fct_campaign_decisions",
    "fct_campaign_messages",
]
SEEDS = ["arbitration_policy", "decision_reasons", "frequency_caps", "quiet_hours", "time_zones", "country_time_zones"]
CAMPAIGNS = 10
FROM_TRIGGERS = 3
SEND_DAYS = 120
# A number from 0 to 99 that looks drawn at random, another one for each of a person's attributes.
DRAW = "cast(hash(i, '{attribute}') % 100 as int)"


def make_world(warehouse: Path, people: int) -> None:
    """Writes all that arbitration reads."""
    person, households = "'p' || i", people // 50

    def draw(attribute: str) -> str:
        return DRAW.format(attribute=attribute)

    tables = {
        "marts.dim_campaigns": f"""
            select
                'c' || n as campaign, cast(n // 2 as int) as priority,
                case when n = {CAMPAIGNS - 1} then 'transactional' else 'marketing' end as message_class,
                'marketing_email' as purpose, n % 3 = 0 as needs_profiling, cast(1 + n % 7 as int) as cap_days,
                n > 0 as delays_others,
                0.05::double as holdout_share, 16 as minimum_age_years, null::varchar as trigger_name,
                0 as send_delay_minutes, case when n % 2 = 0 then '09:00' end as send_at_local,
                n < {CAMPAIGNS - 1} as is_capped, true as is_on
            from range({CAMPAIGNS}) as campaigns (n)
        """,
        "marts.dim_campaign_variants": """
            select campaign, variant, share_from::double as share_from, (share_from + 0.5)::double as share_to
            from marts.dim_campaigns cross join (values ('a', 0), ('b', 0.5)) as variants (variant, share_from)
        """,
        "marts.dim_customers": f"""
            select
                {person} as customer_id,
                case
                    when {draw("email")} < 2 then null
                    when {draw("email")} < 6 then 'house' || i % {households} || '@example.com'
                    else 'someone.number' || i || '@example.com'
                end as email,
                date '1950-01-01' + cast(hash(i, 'birth') % 23000 as int) as birth_on,
                case {draw("zone")} % 5
                    when 0 then 'Europe/Berlin' when 1 then 'America/New_York' when 2 then 'Asia/Tokyo'
                end as timezone,
                case when {draw("country")} < 80 then 'GB' end as country_code,
                'Ann' as first_name, 'Lee' as last_name, 'en' as language
            from range({people}) as people (i)
        """,
        "marts.fct_consents": f"""
            select
                {person} as customer_id, purpose,
                case when cast(hash(i, purpose) % 100 as int) < 80 then 'granted' else 'withdrawn' end as status,
                'k' || i as consent_id, 'checkout' as consent_source, timestamp '2025-01-01' as consent_obtained_at
            from range({people}) as people (i)
            cross join (values ('marketing_email'), ('profiling')) as purposes (purpose)
        """,
        "intermediate.int_consent__suppressed": f"""
            select {person} as customer_id, case when i % 2 = 0 then 'unsubscribed' else 'hard_bounced' end as reason
            from range({people}) as people (i) where {draw("suppressed")} < 5
        """,
        "marts.fct_campaign_candidates": f"""
            select
                'c' || n as campaign, {person} as customer_id,
                case when n < {FROM_TRIGGERS} then 'cart:' || i else 'lapsed:2026-02-20' end as occasion_id,
                case when n >= {FROM_TRIGGERS} then 'lapsed' end as segment,
                '{{"segment":"lapsed","recency_days":200}}' as evidence,
                {draw("content")} < 95 as has_content,
                case when {draw("value")} < 50 then cast({draw("value")} as decimal(18, 2)) end as expected_value_amount
            from range({people}) as people (i) cross join range({CAMPAIGNS}) as campaigns (n)
        """,
        "marts.fct_occasions": f"""
            select
                'c' || n as campaign, 'cart:' || i as occasion_id,
                case when {draw("status")} < 10 then 'cancelled' else 'due' end as status,
                timestamp '2026-03-02' + interval 1 hour * cast(hash(i, 'expires') % 48 as int) as expires_at,
                case when {draw("status")} < 15 then timestamp '2026-03-01' end as fulfilled_at, true as is_on
            from range({people}) as people (i) cross join range({FROM_TRIGGERS}) as campaigns (n)
        """,
        "marts.dim_segments": "select 'lapsed' as segment, true as is_targetable",
        "intermediate.int_sends__recorded": f"""
            select
                date '2026-02-28' - cast(hash(i, s) % {SEND_DAYS} as int) as as_of_date,
                'c' || hash(i, s, 'c') % {CAMPAIGNS + 1} as campaign, {person} as customer_id,
                case when s = 0 then 'lapsed:2026-02-20' else 'lapsed:earlier' || s end as occasion_id
            from range({people}) as people (i) cross join range(5) as sends (s)
        """,
    }
    with duckdb.connect(str(warehouse)) as connection:
        for schema in ("marts", "intermediate", "seeds"):
            connection.execute(f"create schema {schema}")
        for table, rows in tables.items():
            connection.execute(f"create table {table} as {rows}")


def main() -> None:
    """Make the world, decide, and print what it took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=1_000_000)
    people = parser.parse_args().people
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        warehouse = home / "warehouse.duckdb"
        make_world(warehouse, people)
        environment = {**os.environ, "POSTROOM_HOME": str(home), "POSTROOM_WAREHOUSE": str(warehouse)}
        run_dbt(REPO, home, ["seed", "--select", *SEEDS], environment)
        cost = run_dbt(REPO, home, ["run", "--select", *MODELS], environment)
        load = os.getloadavg()[0]
        print(
            f"{people * CAMPAIGNS:,} candidates: {cost.seconds:.1f} s, dbt's start included; {cost.peak_mib:,.0f} MiB"
        )
        print(f"at its peak; load of the machine {load:.1f} on {os.cpu_count()} cores")
        for model, seconds in sorted(cost.models.items(), key=lambda entry: -entry[1]):
            print(f"  {seconds:6.1f} s  {model}")
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            for row in connection.execute(
                "select decision, reason, count(*) from marts.fct_campaign_decisions group by all order by 3 desc"
            ).fetchall():
                print("  {:>10,}  {} {}".format(row[2], row[0], row[1] or ""))


if __name__ == "__main__":
    main()
