"""The probabilistic model (Fellegi and Sunter, "A Theory for Record Linkage", 1969), as Splink computes it."""

from __future__ import annotations

from typing import Any

import duckdb
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.comparison_library import CustomComparison

from duplicates.comparisons import COMPARISONS, Comparison

# Two contacts are compared if they agree on one of these.
BLOCKS = {
    "names": "least(first_name, last_name) || ' ' || greatest(first_name, last_name)",
    "birth": "birth_on",
    "email": "email",
    "mailbox": "mailbox",
    "phone": "phone",
    "address": "address",
    "first_postal_code": "first_name || ' ' || postal_code",
    "last_postal_code": "last_name || ' ' || postal_code",
    "first_city": "first_name || ' ' || city",
    "last_city": "last_name || ' ' || city",
    "first_year": "first_name || birth_year",
    "last_year": "last_name || birth_year",
    "first_day": "first_name || birth_day",
    "last_day": "last_name || birth_day",
    "first_initial_month": "substring(first_name, 1, 1) || birth_month",
    "last_initial_month": "substring(last_name, 1, 1) || birth_month",
    "first_year_city": "first_name || birth_year || city",
    "last_initial_year": "last_name || substring(first_name, 1, 1) || birth_year",
    "first_initial_city": "last_name || substring(first_name, 1, 1) || city",
    "last_initial_city": "first_name || substring(last_name, 1, 1) || city",
}
# What more contacts share than this is a placeholder or a crowd, and compares nobody. It bounds the pairs to contacts
# times blocks times half of it, whatever the data.
MOST_IN_A_BLOCK = 100
# Agreeing on all of these is taken for certain, and to find this share of all duplicates: from which follows how likely
# any two contacts are one person.
CERTAIN = (("block_email",), ("block_names", "birth_on"), ("block_names", "postal_code"))
CERTAIN_SHARE = 0.6
# Each run of learning takes one of these as given, and learns what the other attributes are worth.
GIVEN = (("block_birth", "birth_on"), ("block_names", "first_name", "last_name"))
RANDOM_PAIRS = 2e6
SEED = 20260101
# How much of what was expected stays in what was learned: what the contacts never showed can still happen.
PRIOR_SHARE = 0.05


def trained(connection: duckdb.DuckDBPyConnection, records: str) -> Linker:
    """A model that has learned from the contacts in the table `records`, two at least, and is ready to score them."""
    connection.execute(f"create table compared as {_compared(records)}")
    linker = _linker(connection, _settings(_prior(connection)))
    linker.training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS, seed=SEED)
    for given in GIVEN:
        if _count_pairs(connection, given):
            linker.training.estimate_parameters_using_expectation_maximisation(
                block_on(*given), estimate_without_term_frequencies=True
            )
    return _linker(connection, _tempered(linker.misc.save_model_to_json()))


def _linker(connection: duckdb.DuckDBPyConnection, settings: SettingsCreator | dict[str, Any]) -> Linker:
    return Linker("compared", settings, DuckDBAPI(connection), set_up_basic_logging=False)


def _compared(records: str) -> str:
    """The contacts with what is derived for comparing them, and the blocks that are small enough."""
    blocks = ",\n".join(
        f"case when count(*) over (partition by {key}) <= {MOST_IN_A_BLOCK} then {key} end as block_{name}"
        for name, key in BLOCKS.items()
    )
    return f"""
        with derived as (
            select
                * replace (cast(birth_on as varchar) as birth_on),
                nullif(split_part(email, '@', 1), '') as mailbox,
                string_split(address, ' ') as address_words,
                postal_code || ' ' || city as place,
                strftime(birth_on, '%Y') as birth_year,
                strftime(birth_on, '%Y-%m') as birth_month,
                strftime(birth_on, '%m-%d') as birth_day
            from {records}
        )
        select *, {blocks} from derived order by contact_id
    """


def _prior(connection: duckdb.DuckDBPyConnection) -> float:
    """How likely any two contacts are one person; more than nothing, as not every duplicate is a certain one."""
    contacts = _count(connection, "compared")
    pairs = contacts * (contacts - 1) / 2
    return min((_count_pairs(connection, *CERTAIN) + 1) / CERTAIN_SHARE / pairs, 0.5)


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = connection.execute(f"select count(*) from {relation}").fetchone()
    return int(row[0]) if row else 0


def _count_pairs(connection: duckdb.DuckDBPyConnection, *rules: tuple[str, ...]) -> int:
    """How many pairs agree on all columns of at least one rule."""
    pairs = " union ".join(
        f"select l.contact_id, r.contact_id from compared l join compared r using ({', '.join(rule)})"
        " where l.contact_id < r.contact_id"
        for rule in rules
    )
    return _count(connection, f"({pairs})")


def _settings(prior: float) -> SettingsCreator:
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="contact_id",
        probability_two_random_records_match=prior,
        comparisons=[_comparison(comparison) for comparison in COMPARISONS],
        blocking_rules_to_generate_predictions=[block_on(f"block_{name}") for name in BLOCKS],
        retain_intermediate_calculation_columns=True,
        retain_matching_columns=True,
    )


def _comparison(comparison: Comparison) -> CustomComparison:
    levels: list[Any] = [
        {"sql_condition": comparison.says_nothing, "label_for_charts": "says nothing", "is_null_level": True},
        *(
            {
                "sql_condition": level.condition,
                "label_for_charts": level.words,
                "m_probability": level.expected,
                **({"tf_adjustment_column": level.rare} if level.rare else {}),
            }
            for level in comparison.levels
        ),
        {"sql_condition": "else", "label_for_charts": "differs", "m_probability": comparison.expected_to_differ},
    ]
    return CustomComparison(output_column_name=comparison.name, comparison_levels=levels)


def _tempered(model: dict[str, Any]) -> dict[str, Any]:
    """The model, with what it learned of duplicates (Splink's m) mixed with what was expected, and within bounds."""
    for comparison, learned in zip(COMPARISONS, model["comparisons"], strict=True):
        levels = learned["comparison_levels"][1:]
        expected = [*(level.expected for level in comparison.levels), comparison.expected_to_differ]
        shares = [
            (1 - PRIOR_SHARE) * level.get("m_probability", share) + PRIOR_SHARE * share
            for level, share in zip(levels, expected, strict=True)
        ]
        differ = min(shares[-1] / sum(shares), comparison.most_that_differ)
        agree = sum(shares[:-1])
        for level, share in zip(levels, shares, strict=True):
            level["m_probability"] = share / agree * (1 - differ)
        levels[-1]["m_probability"] = differ
    return model
