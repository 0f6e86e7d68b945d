"""How long, and in how much memory, one run recommends products to two hundred thousand people.

    python -m benchmarks.recommendations_at_scale [--people 200000]

Everybody gets the weekly picks, four in five of them by what they did. Behind them lie a year of orders, four a
person, and two months of visits, three a person. The tables that recommendations read are made by SQL; then their
models run as the daily job runs them.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import duckdb

from benchmarks.identity_at_scale import REPO, run_dbt

MODELS = [
    "dim_recommendable_products",
    "fct_product_baskets",
    "fct_product_basket_counts",
    "fct_product_pairs",
    "fct_recommendation_bases",
    "fct_recommendation_exclusions",
    "fct_recommendation_candidates",
    "fct_recommendations",
]
SEEDS = ["recommendation_policy", "recommendation_lists", "recommendation_slots"]
PRODUCTS = 20_000
AS_OF = "timestamp '2026-03-02'"
# A few of the products sell most; four in five times it is one from the tenth of the shelves that the person likes.
PRODUCT = f"""
    'P' || cast(floor(
        (
            power(hash({{key}}) % 1000003 / 1000003.0, 2)
            + case when hash({{key}}, 'likes') % 5 > 0 then i % 10 else hash({{key}}, 's') % 10 end
        ) / 10 * {PRODUCTS}
    ) as int)
"""


def make_world(warehouse: Path, people: int) -> None:
    """Writes all that recommendations read."""
    person, persons = "'p' || i", f"range({people}) as people (i)"
    tables = {
        "marts.dim_products": f"""
            select
                'P' || n as product_id, 'title:product ' || n as product_group_id, 'Product ' || n as title,
                'https://shop.example/P' || n as product_url, 'https://cdn.example/P' || n || '.jpg' as image_url,
                19.90::decimal(18, 2) as price_amount, null::decimal(18, 2) as sale_price_amount, 'EUR' as currency,
                n % 20 > 0 as is_in_stock, 'Category ' || n // 200 as category, 'Brand ' || n % 97 as brand
            from range({PRODUCTS}) as products (n)
        """,
        "marts.fct_campaign_messages": f"""
            select
                md5('weekly_picks|' || i) as message_id, 'weekly_picks' as campaign, {person} as customer_id,
                i % 5 > 0 as has_profiling_consent
            from {persons}
        """,
        "marts.fct_order_lines": f"""
            select
                'o' || i || '-' || o as order_id, {person} as customer_id,
                {PRODUCT.format(key="i, o, l")} as product_id,
                'Product' as title, 'sale' as line_kind, false as is_cancelled,
                {AS_OF} - interval 1 minute * cast(1 + hash(i, o, 'at') % 525000 as int) as ordered_at
            from {persons} cross join range(4) as orders (o) cross join range(5) as lines (l)
            where l <= hash(i, o, 'size') % 5
        """,
        "marts.fct_sessions": f"""
            select
                'v' || i as visitor_id,
                {AS_OF} - interval 1 minute * cast(60 + hash(i, s, 'at') % 86000 as int) as started_at
            from {persons} cross join range(3) as sessions (s)
        """,
        "marts.fct_web_events": f"""
            select
                'v' || i as visitor_id, {person} as customer_id, 'Product Viewed' as event_name,
                {PRODUCT.format(key="i, s, e, 'view'")} as product_id,
                {AS_OF} - interval 1 minute * (cast(60 + hash(i, s, 'at') % 86000 as int) - e) as occurred_at
            from {persons} cross join range(3) as sessions (s) cross join range(8) as events (e)
            where e <= hash(i, s, 'size') % 8
        """,
        "marts.fct_carts": f"""
            select 'k' || i as cart_id, {person} as customer_id, i % 3 = 0 as is_bought,
                {AS_OF} - interval 1 day * cast(1 + i % 40 as int) as last_changed_at
            from {persons} where i % 4 = 0
        """,
        "marts.fct_cart_items": f"""
            select 'k' || i as cart_id, {PRODUCT.format(key="i, l, 'cart'")} as product_id,
                {AS_OF} - interval 1 day * cast(1 + i % 40 as int) as last_changed_at
            from {persons} cross join range(2) as lines (l) where i % 4 = 0
        """,
        "marts.fct_affinities": f"""
            select {person} as customer_id, 'category' as dimension, 'Category ' || hash(i, 'category') % 100 as value,
                1 as affinity_rank
            from {persons}
        """,
        "intermediate.int_recommendations__shown": f"""
            select distinct {person} as customer_id, {PRODUCT.format(key="i, p, 'shown'")} as product_id,
                cast(1 + p // 6 as int) as sends_ago
            from {persons} cross join range(12) as places (p)
        """,
    }
    with duckdb.connect(str(warehouse)) as connection:
        for schema in ("marts", "intermediate", "seeds"):
            connection.execute(f"create schema {schema}")
        for table, rows in tables.items():
            connection.execute(f"create table {table} as {rows}")


def main() -> None:
    """Make the world, recommend, and print what it took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=200_000)
    people = parser.parse_args().people
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        warehouse = home / "warehouse.duckdb"
        make_world(warehouse, people)
        environment = {**os.environ, "POSTROOM_HOME": str(home), "POSTROOM_WAREHOUSE": str(warehouse)}
        run_dbt(REPO, home, ["seed", "--select", *SEEDS], environment)
        cost = run_dbt(REPO, home, ["run", "--select", *MODELS], environment)
        load = os.getloadavg()[0]
        print(f"{people:,} messages: {cost.seconds:.1f} s, dbt's start included; {cost.peak_mib:,.0f} MiB at its peak;")
        print(f"load of the machine {load:.1f} on {os.cpu_count()} cores")
        for model, seconds in sorted(cost.models.items(), key=lambda entry: -entry[1]):
            print(f"  {seconds:6.1f} s  {model}")
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            for table in ("fct_product_baskets", "fct_product_pairs", "fct_recommendation_bases"):
                (count,) = connection.execute(f"select count(*) from marts.{table}").fetchone() or (0,)
                print(f"  {count:>12,}  rows in {table}")
            for strategy, count in connection.execute(
                "select strategy, count(*) from marts.fct_recommendations group by 1 order by 2 desc"
            ).fetchall():
                print(f"  {count:>12,}  {strategy}")


if __name__ == "__main__":
    main()
