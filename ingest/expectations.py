"""The Great Expectations suite of a contract, run on the batch about to be put in place.

Great Expectations' SQL path does not work on DuckDB, so the batch is handed over as a data frame: one partition, and of
it the columns that an expectation names.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from ingest.contract import Contract
from ingest.errors import ExtractError

if TYPE_CHECKING:
    from great_expectations.core.batch_definition import BatchDefinition


@dataclass(frozen=True)
class Expected:
    """One expectation's outcome on one partition. `detail` counts; it never quotes a value."""

    type: str
    column: str
    severity: str
    is_met: bool
    detail: str


def check(contract: Contract, connection: duckdb.DuckDBPyConnection, written: str) -> list[Expected]:
    """Run the contract's expectations on what was written; `written` is the SQL that reads it.

    Raises:
        ExtractError: the contract declares an expectation that Great Expectations does not know or cannot run.
    """
    if not contract.expectations:
        return []
    columns = sorted({c for e in contract.expectations for c in _columns(e)})
    # Where no expectation names a column, the rows are counted all the same.
    names = ", ".join(f'"{name}"' for name in columns) or "null as _"
    table = connection.execute(f"select {names} from {written}").to_arrow_table()
    result = _batches().get_batch({"dataframe": _frame(table, columns)}).validate(_suite(contract))
    for outcome in result.results:
        if outcome.exception_info and outcome.exception_info.get("exception_message"):
            raise ExtractError(
                f"{contract.declared_in}: {contract.name}: {outcome.expectation_config.type} cannot be run: "
                f"{outcome.exception_info['exception_message']}"
            )
    # Results come in an order of their own; each carries its place in the contract.
    by_place = {outcome.expectation_config.meta["place"]: outcome for outcome in result.results}
    return [_outcome(spec, by_place[place]) for place, spec in enumerate(contract.expectations)]


def _frame(table: pa.Table, columns: Sequence[str]) -> Any:
    """The columns for Great Expectations: of texts each one once, still in Arrow's memory, and a number for every row,
    which takes far less to make and to compare.
    """
    # Here, and not with the module: every command would wait for it.
    import pandas as pd

    def series(column: pa.ChunkedArray) -> Any:
        if not pa.types.is_string(column.type):
            return column.to_pandas()
        encoded = column.combine_chunks().dictionary_encode()
        numbers = encoded.indices.fill_null(-1).to_numpy()
        return pd.Series(pd.Categorical.from_codes(numbers, categories=pd.Index(encoded.dictionary.to_pandas())))

    return pd.DataFrame({name: series(table[name]) for name in columns}, index=range(table.num_rows))


def _columns(expectation: Mapping[str, Any]) -> list[str]:
    names = [expectation["column"]] if "column" in expectation else []
    return names + list(expectation.get("column_list", ()))


def _outcome(spec: Mapping[str, Any], result: Any) -> Expected:
    found = result.result or {}
    parts = [
        f"{key.replace('_', ' ')} {found[key]}"
        for key in ("element_count", "unexpected_count", "missing_count", "observed_value")
        if isinstance(found.get(key), int | float)
    ]
    return Expected(
        type=spec["type"],
        column=", ".join(_columns(spec)),
        severity=spec.get("severity", "critical"),
        is_met=bool(result.success),
        detail="; ".join(parts),
    )


@cache
def _batches() -> BatchDefinition[Any]:
    """One in-memory context for the process: making one a partition would cost more than the checks."""
    import great_expectations as gx

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    asset = context.data_sources.add_pandas("extracts").add_dataframe_asset("partition")
    return asset.add_batch_definition_whole_dataframe("whole")


@cache
def _suite(contract: Contract) -> Any:
    import great_expectations as gx

    suite = gx.ExpectationSuite(name=contract.name)
    for place, spec in enumerate(contract.expectations):
        suite.add_expectation(_expectation(contract, spec, place))
    return suite


def _expectation(contract: Contract, spec: Mapping[str, Any], place: int) -> Any:
    from great_expectations import expectations

    arguments = {key: value for key, value in spec.items() if key != "type"}
    name = "".join(word.capitalize() for word in spec["type"].split("_"))
    kind = getattr(expectations, name, None)
    if kind is None:
        raise ExtractError(f"{contract.declared_in}: {contract.name}: Great Expectations has no {spec['type']}")
    try:
        return kind(**arguments, meta={"place": place})
    except ValueError as error:
        raise ExtractError(f"{contract.declared_in}: {contract.name}: {spec['type']}: {error}") from error
