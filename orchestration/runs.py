"""How Dagster's runs are told apart by whoever looks at them: tags and statuses."""

import dagster as dg

# A run in a terminal's own process: it is dead when that process is, which Dagster's daemon cannot see.
TERMINAL_TAG = "postroom/terminal"
# Dagster's own: the partition of a run, and for one run over a range of them the first and the last.
PARTITION_TAG = "dagster/partition"
RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"
# A run that has begun and not ended; one that is queued has not begun.
UNDER_WAY = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
