"""UCI Online Retail through the daily job: every line accounted for, RFM as an independent computation has it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.end_to_end.conftest import Home

# Eight minutes on two cores.
pytestmark = pytest.mark.heavy


@pytest.fixture(scope="session")
def stock_files(shared_data: Path) -> Path:
    folder = shared_data / "online_retail/by-day"
    if not folder.is_dir():
        pytest.skip("UCI Online Retail is not in ../shared/data")
    return folder


@pytest.fixture(scope="session")
def retail(stock_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("online_retail") / "data")
    home.run("make", "online-retail", f"FROM={stock_files}", POSTROOM_FIRST_DAY="2010-12-01")
    return home


@pytest.fixture(scope="session")
def stock(stock_files: Path) -> pd.DataFrame:
    return pd.concat(
        pd.read_csv(path, dtype={"InvoiceNo": str, "CustomerID": str, "UnitPrice": str}, parse_dates=["InvoiceDate"])
        for path in sorted(stock_files.glob("*.csv"))
    )


def test_every_line_is_loaded_or_in_quarantine(retail: Home) -> None:
    loaded = retail.query(
        "select table_name, count(*), sum(row_count), sum(quarantined_count) from loads.extracts group by 1 order by 1"
    )
    assert [(t, d, int(str(r)), int(str(q))) for t, d, r, q in loaded] == [
        ("order_lines", 305, 541_909, 0),
        ("orders", 305, 25_900, 0),
    ]


def test_the_known_sums_come_out(retail: Home) -> None:
    (sums,) = retail.query(
        """
        select
            round(sum(quantity * price), 2),
            count(*) filter (where order_id like 'C%'),
            count(*) filter (where customer_id is null)
        from raw_shop.order_lines lines
        join (select id as order_id, customer_id from raw_shop.orders) orders using (order_id)
        """
    )
    assert sums == (Decimal("9747747.93"), 9_288, 135_080)


def test_the_facts_hold_every_line_with_returns_netted(retail: Home) -> None:
    (facts,) = retail.query(
        """
        select count(*), count(*) filter (where line_kind = 'return' and order_id like 'C%'),
            count(*) filter (where customer_id is null), round(sum(net_amount), 1)
        from marts.fct_order_lines
        """
    )
    assert facts[:3] == (541_909, 9_288, 135_080)
    # A line's amount is kept to the cent, and four lines are priced below one.
    assert abs(Decimal(str(facts[3])) - Decimal("9747747.93")) < Decimal("0.1")


def _rfm(stock: pd.DataFrame, bands: int) -> pd.DataFrame:
    """RFM as of 2011-12-10, computed from the stock files alone."""
    lines = stock[stock.CustomerID.notna()].copy()
    lines["customer"] = lines.CustomerID.str.removesuffix(".0")
    lines["is_return"] = lines.groupby("InvoiceNo").Quantity.transform("max") < 0
    lines["cents"] = [
        int((Decimal(p) * q * 100).quantize(Decimal(1), "ROUND_HALF_UP"))
        for p, q in zip(lines.UnitPrice, lines.Quantity, strict=True)
    ]
    sales = lines[~lines.is_return]
    found = pd.DataFrame(
        {
            "recency_days": (
                pd.Timestamp("2011-12-10") - sales.groupby("customer").InvoiceDate.max().dt.normalize()
            ).dt.days,
            "frequency": sales.groupby("customer").InvoiceNo.nunique(),
            "monetary_cents": lines.groupby("customer").cents.sum(),
        }
    ).dropna(subset="recency_days")
    # The share of customers with this value or a worse one, in bands, rounded up.
    for score, values in (
        ("recency_score", -found.recency_days),
        ("frequency_score", found.frequency),
        ("monetary_score", found.monetary_cents),
    ):
        reached = values.rank(method="max").astype(int)
        found[score] = -(-bands * reached // len(found))
    return found.astype(np.int64)


@pytest.mark.parametrize(("scheme", "bands"), [("quintile", 5), ("band", 3)])
def test_rfm_equals_an_independent_computation(retail: Home, stock: pd.DataFrame, scheme: str, bands: int) -> None:
    columns = ["recency_days", "frequency", "monetary_cents", "recency_score", "frequency_score", "monetary_score"]
    rows = retail.query(
        f"""
        select replace(node_id, 'crm_id:', ''), recency_days, frequency, cast(monetary_amount * 100 as bigint),
            recency_score, frequency_score, monetary_score
        from marts.fct_rfm_scores join marts.dim_identities using (customer_id)
        where scheme = '{scheme}' and node_id like 'crm_id:%'
        """
    )
    scored = pd.DataFrame(rows, columns=["customer", *columns]).set_index("customer").astype(np.int64).sort_index()
    expected = _rfm(stock, bands)[columns].sort_index()
    assert len(expected) == 4_339
    pd.testing.assert_frame_equal(scored, expected, check_names=False)


def test_without_consent_nobody_is_sent_anything(retail: Home) -> None:
    decisions = retail.query("select decision, reason, count(*) from marts.fct_campaign_decisions group by all")
    assert [(decision, reason) for decision, reason, _ in decisions] == [("suppress", "no_consent")]
    assert int(str(decisions[0][2])) > 100
    assert list((retail.path / "outbox").rglob("payloads.jsonl")) != []
    assert all(path.stat().st_size == 0 for path in (retail.path / "outbox").rglob("payloads.jsonl"))
