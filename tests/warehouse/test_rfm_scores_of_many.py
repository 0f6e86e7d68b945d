"""The scores of many customers take no more room than the customers do."""

from collections.abc import Callable

from .small_warehouse import PROJECT, SmallWarehouse

CUSTOMERS = 20_000


def test_scores_meet_by_customer_and_not_each_with_each(new_warehouse: Callable[[str], SmallWarehouse]) -> None:
    """Joined to each other first, the scores of as many amounts on 300 days would be millions of rows."""
    warehouse = new_warehouse("many")
    for schema in ("marts", "seeds"):
        warehouse.execute(f"create schema if not exists {schema}")
    warehouse.execute(f"create table seeds.rfm_groups as from read_csv('{PROJECT / 'seeds/rfm_groups.csv'}')")
    warehouse.execute(
        "create table marts.fct_orders as select 'c' || i as customer_id, 'sale' as order_kind, false as is_cancelled,"
        " timestamp '2026-01-01' - to_days(cast(i % 300 as int)) as ordered_at, cast(i as decimal(18, 2)) as net_amount"
        f" from range({CUSTOMERS}) as orders (i)"
    )
    warehouse.build(["fct_rfm_scores"], "2026-01-02 00:00:00")

    assert warehouse.largest_join("fct_rfm_scores") <= 2 * CUSTOMERS
