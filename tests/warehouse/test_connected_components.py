"""The materialization `connected_components` against scipy's, on graphs of every shape, through dbt itself."""

import shutil
from pathlib import Path

import duckdb
import numpy as np
import pytest
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

MACROS = Path(__file__).parents[2] / "macros"
SCRATCH_MACROS = [
    "connected_components.sql",
    "create_scratch_table.sql",
    "drop_scratch_table.sql",
    "count_rows.sql",
    "mixing_hash.sql",
]

Edges = list[tuple[int, int]]


def _chain(length: int) -> Edges:
    return [(i, i + 1) for i in range(length - 1)]


def _random(nodes: int, edges: int, seed: int) -> Edges:
    pairs = np.random.default_rng(seed).integers(0, nodes, size=(edges, 2))
    return [(int(a), int(b)) for a, b in pairs]


def _shuffled(edges: Edges, seed: int) -> Edges:
    """The same shape with its nodes renamed at random."""
    names = np.random.default_rng(seed).permutation(1 + max(max(e) for e in edges))
    return [(int(names[a]), int(names[b])) for a, b in edges]


GRAPHS: dict[str, Edges] = {
    "empty": [],
    "isolated_nodes": [(i, i) for i in range(20)],
    "self_loops_and_repeats": [(1, 1), (1, 2), (2, 1), (1, 2), (3, 3)],
    "one_edge": [(0, 1)],
    "chain_of_ordered_ids": _chain(1_500),
    "chain_backwards": [(b, a) for a, b in _chain(1_500)],
    "chain_shuffled": _shuffled(_chain(1_500), seed=1),
    "cycle": [*_chain(400), (399, 0)],
    "star": [(0, i) for i in range(1, 500)],
    "star_with_the_largest_in_the_middle": [(500, i) for i in range(500)],
    "clique": [(i, j) for i in range(40) for j in range(i)],
    "cliques_on_a_chain": [(10 * c + i, 10 * c + j) for c in range(30) for i in range(11) for j in range(i)],
    "binary_tree": [(i, (i - 1) // 2) for i in range(1, 1_023)],
    "grid": [(30 * r + c, 30 * r + c + 1) for r in range(30) for c in range(29)]
    + [(30 * r + c, 30 * r + c + 30) for r in range(29) for c in range(30)],
    **{f"random_sparse_{seed}": _random(600, 300, seed) for seed in range(4)},
    **{f"random_near_threshold_{seed}": _random(600, 620, seed) for seed in range(4)},
    "random_dense": _random(100, 2_000, seed=9),
}


def _name(node: int) -> str:
    """A node's id: as long for every node, so that text order is number order."""
    return f"node:{node:06d}"


def _expected(edges: Edges) -> dict[str, str]:
    """Each node's component by scipy, named after its smallest node."""
    nodes = sorted({node for edge in edges for node in edge})
    if not nodes:
        return {}
    position = {node: i for i, node in enumerate(nodes)}
    rows, columns = zip(*((position[a], position[b]) for a, b in edges), strict=True)
    graph = coo_matrix((np.ones(len(edges)), (rows, columns)), shape=(len(nodes), len(nodes)))
    labels = connected_components(graph, directed=False)[1]
    smallest: dict[int, int] = {}
    for node, label in zip(nodes, labels, strict=True):
        smallest.setdefault(int(label), node)
    return {_name(node): _name(smallest[int(label)]) for node, label in zip(nodes, labels, strict=True)}


class Project:
    """A dbt project in `folder` that holds nothing but the materialization and the models given to `run`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warehouse = folder / "graphs.duckdb"
        for room in ("macros", "models"):
            (folder / room).mkdir()
        for macro in SCRATCH_MACROS:
            shutil.copy(MACROS / macro, folder / "macros")
        (folder / "dbt_project.yml").write_text("name: graphs\nversion: '1.0'\nprofile: graphs\n")
        (folder / "profiles.yml").write_text(
            f"graphs: {{target: t, outputs: {{t: {{type: duckdb, path: '{self.warehouse}', threads: 1}}}}}}\n"
        )

    def add(self, model: str, edges: Edges, **meta: int) -> None:
        """Writes the edges to the warehouse and a model of their components."""
        with duckdb.connect(str(self.warehouse)) as connection:
            connection.execute(f"create table {model}_edges (node_a varchar, node_b varchar)")
            if edges:
                values = ", ".join(f"('{_name(a)}', '{_name(b)}')" for a, b in edges)
                connection.execute(f"insert into {model}_edges values {values}")
        config = f"{{{{ config(materialized='connected_components', meta={meta}) }}}}"
        (self.folder / "models" / f"{model}.sql").write_text(f"{config}\nselect node_a, node_b from {model}_edges\n")

    def run(self) -> dict[str, tuple[str, str]]:
        """Runs dbt; each model's status and message."""
        where = ["--project-dir", str(self.folder), "--profiles-dir", str(self.folder), "--quiet"]
        outcome = dbtRunner().invoke(["run", "--log-path", str(self.folder / "logs"), *where])
        if outcome.exception:
            raise outcome.exception
        assert isinstance(outcome.result, RunExecutionResult)
        return {result.node.name: (str(result.status), str(result.message)) for result in outcome.result}

    def tables(self) -> set[str]:
        with duckdb.connect(str(self.warehouse)) as connection:
            return {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}

    def components(self, model: str) -> list[tuple[str, str]]:
        with duckdb.connect(str(self.warehouse)) as connection:
            return connection.execute(f"select node_id, component_id from {model}").fetchall()


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("graphs"))
    for name, edges in GRAPHS.items():
        project.add(name, edges)
    assert {status for status, _ in project.run().values()} == {"success"}
    return project


@pytest.mark.parametrize("graph", GRAPHS)
def test_components_are_scipys(solved: Project, graph: str) -> None:
    rows = solved.components(graph)
    assert dict(rows) == _expected(GRAPHS[graph])
    assert len(rows) == len(dict(rows)), "a node has more than one row"


NODES = st.integers(min_value=0, max_value=40)
SEVERAL_GRAPHS = st.lists(st.lists(st.tuples(NODES, NODES), max_size=60), min_size=20, max_size=40)


# One run of dbt an example, so few of them, of many graphs each; and none to make a failing one smaller.
@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example, HealthCheck.data_too_large],
)
@given(graphs=SEVERAL_GRAPHS)
def test_components_of_any_graph_are_scipys(graphs: list[Edges], tmp_path_factory: pytest.TempPathFactory) -> None:
    apart = [(1_000 * number + a, 1_000 * number + b) for number, edges in enumerate(graphs) for a, b in edges]
    project = Project(tmp_path_factory.mktemp("any"))
    project.add("any_graph", apart)
    assert project.run()["any_graph"][0] == "success"
    assert dict(project.components("any_graph")) == _expected(apart)


def test_nothing_but_the_components_is_left_behind(solved: Project) -> None:
    assert solved.tables() == {name for graph in GRAPHS for name in (graph, f"{graph}_edges")}


def test_it_raises_when_the_rounds_run_out_and_keeps_the_last_good_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path)
    project.add("chain", _chain(200))
    assert project.run()["chain"][0] == "success"
    good = project.components("chain")
    model = tmp_path / "models" / "chain.sql"
    model.write_text(model.read_text().replace("meta={}", "meta={'max_rounds': 2}"))

    status, message = project.run()["chain"]

    assert status == "error"
    assert "did not converge" in message and "after 2 rounds" in message
    assert project.components("chain") == good
