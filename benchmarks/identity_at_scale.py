"""How long, and in how much memory, identity takes for a million identifiers of the worst shapes.

    python benchmarks/identity_at_scale.py

A tenth of the identifiers are accounts that share one e-mail and one device (a hub), another tenth accounts that were
merged one into the next (a chain); the rest belong to people with an account, an e-mail, a phone, a device and a cart
each. They go through the identity models as the daily job runs them, and, as bare edges, through the materialization
`connected_components` alone.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

REPO = Path(__file__).resolve().parent.parent
MODELS = ["identity_*", "staging", "+dim_identities", "+fct_identity_violations"]
DAY = "2026-03-01"
AS_OF = "2026-03-02 00:00:00"


@dataclass(frozen=True)
class Shape:
    """How many identifiers in all, and in the hub and in the chain each."""

    identifiers: int = 1_000_000
    hub: int = 100_000
    chain: int = 100_000

    @property
    def people(self) -> int:
        """How many have an identifier of each type: what the hub (two a head) and the chain leave over."""
        return (self.identifiers - 2 * self.hub - self.chain) // 5

    @property
    def customers(self) -> int:
        """Everyone in the hub apart, its e-mail and its device, the chain as one, the people."""
        return self.hub + 2 + 1 + self.people


@dataclass(frozen=True)
class Cost:
    """Wall-clock seconds, peak resident memory in MiB, and the seconds of each model."""

    seconds: float
    peak_mib: float
    models: Mapping[str, float]


def write_raw(home: Path, shape: Shape) -> None:
    """A raw zone with the people of the shape, as the loader would leave it."""
    contacts = f"""
        select 'h' || i as id, 'h' || i || '@x.example' as email, 'hub@x.example' as hs_additional_emails, null as phone
        from range({shape.hub}) as hub (i)
        union all
        select 'p' || i, 'p' || i || '@x.example', null, '+49' || (30000000 + i)
        from range({shape.people}) as people (i)
    """
    merges = f"""
        select 'c' || lpad(i::varchar, 9, '0') as canonical_vid, 'c' || lpad((i + 1)::varchar, 9, '0') as vid_to_merge
        from range({shape.chain} - 1) as chain (i)
    """
    events = f"""
        select 'eh' || i as id, 'kiosk' as anonymous_id, 'h' || i as user_id, null as cart_id
        from range({shape.hub}) as hub (i)
        union all
        select 'ep' || i, 'v' || i, 'p' || i, 't' || i from range({shape.people}) as people (i)
    """
    at = "timestamp '2026-02-01'"
    extracts = {
        "crm/contacts": f"select *, {at} as createdate, {at} as lastmodifieddate from ({contacts})",
        "crm/merges": f"select *, {at} as timestamp from ({merges})",
        "web/events": f"select *, 'track' as type, {at} as timestamp, {at} as received_at from ({events})",
    }
    with duckdb.connect() as connection:
        for extract, rows in extracts.items():
            part = home / "raw" / extract / f"extract_date={DAY}" / "part.parquet"
            part.parent.mkdir(parents=True)
            lineage = "'x' as load_id, 'f' as source_file, row_number() over () as source_line"
            connection.execute(f"copy (select *, {lineage} from ({rows})) to '{part}' (format parquet)")


def resolve(home: Path) -> Cost:
    """Runs the identity models over the raw zone under `home`."""
    environment = environment_of(home)
    make_views(environment)
    return run_dbt(
        REPO, home, ["build", "--exclude-resource-type", "unit_test", "test", "--select", *MODELS], environment
    )


def connect(home: Path, shape: Shape) -> Cost:
    """Runs the materialization alone over as many identifiers: a star, a chain and pairs."""
    project = home / "bare"
    if not project.exists():
        (project / "models").mkdir(parents=True)
        shutil.copytree(REPO / "macros", project / "macros")
        (project / "dbt_project.yml").write_text("name: bare\nversion: '1.0'\nprofile: bare\n")
        (project / "profiles.yml").write_text(
            f"bare: {{target: t, outputs: {{t: {{type: duckdb, path: '{home}/bare.duckdb', threads: 2}}}}}}\n"
        )
        model = "{{ config(materialized='connected_components') }}" + edges_sql(shape)
        (project / "models/bare.sql").write_text(model)
    return run_dbt(project, home, ["run"], dict(os.environ))


def edges_sql(shape: Shape) -> str:
    """The edges of a shape, between texts: a star, a chain and pairs."""
    pairs = (shape.identifiers - shape.hub - shape.chain) // 2
    return f"""
        select 'hub:0' as node_a, 'hub:' || i as node_b from range({shape.hub}) as hub (i)
        union all
        select 'chain:' || i, 'chain:' || (i + 1) from range({shape.chain} - 1) as chain (i)
        union all
        select 'a:' || i, 'b:' || i from range({pairs}) as pairs (i)
    """


def environment_of(home: Path) -> dict[str, str]:
    """What processes need to work on a home and its warehouse, whatever this one works on."""
    return {**os.environ, "POSTROOM_HOME": str(home), "POSTROOM_WAREHOUSE": str(home / "warehouse.duckdb")}


def make_views(environment: dict[str, str]) -> None:
    """Makes the views over the zones of the environment's home, in its warehouse."""
    program = (
        "from orchestration.dbt_project import manifest; from orchestration.settings import settings;"
        "from orchestration.zones import create_views; import duckdb;"
        "create_views(duckdb.connect(str(settings().home / 'warehouse.duckdb')), manifest(), settings())"
    )
    subprocess.run([sys.executable, "-c", program], cwd=REPO, env=environment, check=True)


def run_dbt(project: Path, home: Path, arguments: list[str], environment: dict[str, str], as_of: str = AS_OF) -> Cost:
    """Runs dbt in a process of its own, whose peak memory is then known, and the seconds of each model if dbt says so.

    Raises:
        SystemExit: dbt failed; what it said is printed.
    """
    target = home / "target" / project.name
    command = [str(Path(sys.executable).parent / "dbt"), *arguments, "--profiles-dir", str(project)]
    command += ["--vars", f"{{as_of: '{as_of}'}}", "--target-path", str(target), "--log-path", str(home / "logs")]
    measure = (
        "import resource, subprocess, sys; code = subprocess.run(sys.argv[1:], stdout=sys.stderr).returncode;"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)"
    )
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", measure, *command],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    if done.returncode:
        raise SystemExit(done.stderr)
    said = target / "run_results.json"
    results = json.loads(said.read_text())["results"] if said.exists() else []
    models = {r["unique_id"].split(".")[2]: r["execution_time"] for r in results}
    # Linux counts in KiB, macOS in bytes.
    unit = 1024 if sys.platform == "darwin" else 1
    return Cost(seconds, int(done.stdout) / 1024 / unit, models)


def main() -> None:
    """Run both and print what they took."""
    shape = Shape()
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        write_raw(home, shape)
        for name, cost in (("identity models", resolve(home)), ("connected_components alone", connect(home, shape))):
            print(f"{name}: {cost.seconds:.1f} s, dbt's start included; {cost.peak_mib:,.0f} MiB at its peak")
            for model, seconds in sorted(cost.models.items(), key=lambda entry: -entry[1]):
                if seconds >= 0.5:
                    print(f"  {seconds:6.1f} s  {model}")
        with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
            found = connection.execute("select count(distinct customer_id) from marts.dim_identities").fetchone()
        print(f"customers: {found[0] if found else 0:,}, expected {shape.customers:,}")


if __name__ == "__main__":
    main()
