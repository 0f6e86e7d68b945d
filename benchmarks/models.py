"""Orders, scores and segments by dbt, beside the same tables by one script (shop_by_hand.sql) and by pandas.

Orders and lines come in two extracts: of the earlier one in a hundred has changed since. Who is who, which all three
read, is made beforehand and not timed. dbt's own start is: whoever runs the models waits for it. The project is parsed
beforehand, and tests are left out, of which the others have none.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd

from benchmarks.harness import Bench, Measured, in_turns
from benchmarks.identity_at_scale import DAY, REPO, environment_of, make_views, run_dbt
from orchestration.dbt_project import LEAN

SEGMENTS = {
    "seg_champions": "champions",
    "seg_at_risk": "at_risk",
    "seg_loyal_customers": "loyal_customers",
    "seg_hibernating": "hibernating",
}
TABLES = ("fct_order_lines", "fct_orders", "fct_rfm_scores", *SEGMENTS, "seg_lapsed", "seg_new_customers")
MODELS = (
    "stg_shop__orders",
    "stg_shop__order_lines",
    "int_activity__order_versions",
    "int_activity__order_line_versions",
    *TABLES,
)
AS_OF = pd.Timestamp(DAY) + pd.Timedelta(days=1)
ORDERS_EACH = 5
DAY_BEFORE = "2026-02-28"
LANDED_BEFORE = f"timestamp '{DAY_BEFORE}'"
_BUILD = ["build", *LEAN, "--exclude-resource-type", "unit_test", "test", "--full-refresh", "--select"]


class Shop:
    """A home with people, five orders of each and one or two lines of each order, and with who is who made."""

    def __init__(self, home: Path, people: int) -> None:
        self.home, self.environment = home, environment_of(home)
        self._write(
            "crm/contacts",
            f"""
            select 'p' || i as id, 'p' || i || '@x.example' as email, timestamp '2024-01-01' as createdate,
                timestamp '2026-02-01' as lastmodifieddate
            from range({people}) as people (i)""",
        )
        orders = people * ORDERS_EACH
        ordered_at = "timestamp '2026-03-01' - to_minutes(cast(hash(i) % 1000000 as integer))"
        self._write(
            "shop/orders",
            f"""
            select 'o' || i as id, '#' || i as order_number,
                case when i % 10 > 0 then 'p' || (hash(i // 3) % {people}) end as customer_id,
                'p' || (hash(i // 3) % {people}) || '@x.example' as email, 't' || i as cart_token, 'EUR' as currency,
                'paid' as financial_status, 'DE' as shipping_country, i % 500 = 0 as test,
                {ordered_at} as created_at, case when i % 50 = 1 then timestamp '2026-03-01' end as cancelled_at,
                {LANDED_BEFORE} as updated_at, (10 + i % 200)::decimal(18, 2) as total_price
            from range({orders}) as orders (i)""",
            changes="'refunded' as financial_status",
        )
        self._write(
            "shop/order_lines",
            f"""
            select 'l' || i as id, 'o' || (i * 2 // 3) as order_id, 'k' || (i % 5000) as product_id,
                's' || (i % 5000) as sku, 'Product ' || (i % 5000) as title, 1 + i % 3 as quantity,
                case when i % 20 = 0 then 0 else 1 + i % 3 end as current_quantity,
                (5 + i % 90)::decimal(18, 2) as price, (i % 4)::decimal(18, 2) as total_discount,
                {LANDED_BEFORE} as updated_at
            from range({orders * 3 // 2}) as lines (i)""",
            changes="0::bigint as current_quantity",
        )
        make_views(self.environment)
        self._dbt("+dim_identities", "rfm_groups")

    def by_dbt(self) -> None:
        """Makes the tables by dbt, from its start to its end."""
        self._dbt(*MODELS)

    def by_hand(self) -> None:
        """Makes them by the script, in the same warehouse."""
        script = (REPO / "benchmarks/shop_by_hand.sql").read_text()
        with duckdb.connect(str(self.home / "warehouse.duckdb")) as connection:
            connection.execute("set threads = 2; create schema if not exists by_hand")
            for table in ("orders", "order_lines"):
                connection.execute(f"set variable {table} = {[str(part) for part in self._parts(f'shop/{table}')]}")
            connection.execute(script)

    def by_pandas(self) -> None:
        """Makes them by pandas, from the Parquet files to Parquet files."""
        with duckdb.connect(str(self.home / "warehouse.duckdb"), read_only=True) as connection:
            identities = connection.execute("select node_id, customer_id from marts.dim_identities").df()
            groups = connection.execute("from seeds.rfm_groups").df()
        self._pandas(identities, groups)

    def _dbt(self, *select: str) -> None:
        run_dbt(REPO, self.home, [*_BUILD, *select], self.environment)

    def _parts(self, extract: str) -> list[Path]:
        return sorted((self.home / "raw" / extract).glob("*/part.parquet"))

    def _write(self, extract: str, rows: str, *, changes: str | None = None) -> None:
        """Write an extract of the last day; with `changes` an earlier one, and of the last day one row in a hundred."""
        if changes is None:
            self._write_part(extract, DAY, rows)
        else:
            self._write_part(extract, DAY_BEFORE, rows)
            replaced = f"* replace ({changes}, timestamp '{DAY}' as updated_at)"
            self._write_part(extract, DAY, f"select {replaced} from ({rows}) where hash(id) % 100 = 0")

    def _write_part(self, extract: str, day: str, rows: str) -> None:
        part = self.home / "raw" / extract / f"extract_date={day}" / "part.parquet"
        part.parent.mkdir(parents=True)
        lineage = (
            "'x' as load_id, 'f' as source_file, row_number() over () as source_line, 0::bigint as quarantined_count"
        )
        with duckdb.connect() as connection:
            connection.execute(
                f"copy (select *, {lineage} from ({rows})) to '{part}' (format parquet, compression zstd)"
            )

    def _pandas(self, identities: pd.DataFrame, groups: pd.DataFrame) -> None:
        versions = ["updated_at", "source_file", "source_line"]
        latest = {
            table: pd.concat(map(pd.read_parquet, self._parts(f"shop/{table}")), ignore_index=True)
            .sort_values(versions)
            .drop_duplicates("id", keep="last")
            for table in ("orders", "order_lines")
        }
        orders = latest["orders"].query("not test").rename(columns={"id": "order_id", "created_at": "ordered_at"})
        orders["node_id"] = ("crm_id:" + orders["customer_id"]).fillna(
            "email:" + orders["email"].str.strip().str.lower()
        )
        orders["is_cancelled"] = orders["cancelled_at"].notna()
        orders = orders.drop(columns="customer_id").merge(identities, on="node_id", how="left")
        lines = latest["order_lines"].rename(columns={"id": "order_line_id", "price": "unit_price_amount"})
        lines["returned_quantity"] = lines["quantity"] - lines["current_quantity"].clip(0, lines["quantity"])
        lines["gross_amount"] = (lines["quantity"] * lines["unit_price_amount"].astype(float)).round(2)
        lines["discount_amount"] = lines["total_discount"].astype(float)
        paid = lines["gross_amount"] - lines["discount_amount"]
        lines["returned_amount"] = (lines["returned_quantity"] * paid / lines["quantity"]).round(2)
        lines["net_amount"] = paid - lines["returned_amount"]
        lines = lines.merge(orders[["order_id", "customer_id", "node_id", "ordered_at", "is_cancelled"]], on="order_id")
        amounts = ["quantity", "returned_quantity", "gross_amount", "discount_amount", "returned_amount", "net_amount"]
        totals = lines.groupby("order_id")[amounts].sum().join(lines.groupby("order_id").size().rename("line_count"))
        orders = orders.merge(totals, left_on="order_id", right_index=True, how="left")
        sold = orders[orders["customer_id"].notna() & ~orders["is_cancelled"]].groupby("customer_id")
        customers = sold.agg(
            last=("ordered_at", "max"), frequency=("order_id", "size"), monetary_amount=("net_amount", "sum")
        ).reset_index()
        customers["recency_days"] = (AS_OF - customers["last"].dt.normalize()).dt.days
        schemes = []
        for scheme, bands in (("quintile", 5), ("band", 3)):
            scored = customers.assign(scheme=scheme)
            for score, by, up in (
                ("recency_score", "recency_days", False),
                ("frequency_score", "frequency", True),
                ("monetary_score", "monetary_amount", True),
            ):
                reached = scored[by].rank(method="max", ascending=up).astype("int64")
                scored[score] = (bands * reached + len(scored) - 1) // len(scored)
            schemes.append(scored)
        scores = pd.concat(schemes).merge(groups, on=["scheme", "recency_score", "frequency_score"], how="left")
        quintile = scores[scores["scheme"] == "quintile"]
        first = sold["ordered_at"].min()
        tables = {
            "fct_order_lines": lines,
            "fct_orders": orders,
            "fct_rfm_scores": scores,
            **{name: quintile[quintile["rfm_group"] == group] for name, group in SEGMENTS.items()},
            "seg_lapsed": quintile[quintile["recency_days"] > 180],
            "seg_new_customers": first[first >= AS_OF - pd.Timedelta(days=30)].reset_index(),
        }
        folder = self.home / "by_pandas"
        folder.mkdir(exist_ok=True)
        for name, table in tables.items():
            table.to_parquet(folder / f"{name}.parquet", index=False)


def measure(bench: Bench) -> Measured:
    """The row of the table."""
    shop = Shop(bench.folder("shop"), bench.people)
    what = f"{len(MODELS)} models, {bench.people * ORDERS_EACH:,} orders of {bench.people:,} people"
    return in_turns(bench.rounds, shop.by_dbt, shop.by_hand, what)
