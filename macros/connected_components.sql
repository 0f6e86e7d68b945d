{#-
    A materialization: the connected components of a graph.

    The model selects edges as `node_a`, `node_b` (text; direction and repeats do not matter; an edge from a node to
    itself names a node that may have no other). The table built has one row per node: `node_id`, and `component_id`,
    the smallest node_id of its component.

    It runs in the database by randomised contraction (Bögeholz, Brand and Todor, In-database connected component
    analysis, ICDE 2020): in each round every vertex goes over to the lowest-ranked vertex of its closed neighbourhood,
    and on to where that one goes; the edges between those that were reached are the next, smaller graph. The ranks are
    drawn anew each round by a mixing hash: linear ones follow the order of the ids, and a long chain of ordered ids
    then hardly shrinks.
    The rounds needed grow with the logarithm of the number of nodes; `config: meta: max_rounds` (100) is far above it,
    so that reaching it means something is wrong and raises.
-#}
{% materialization connected_components, default %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set intermediate_relation = make_intermediate_relation(target_relation) -%}
    {%- set max_rounds = config.get('meta', {}).get('max_rounds', 100) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% do drop_relation_if_exists(load_cached_relation(intermediate_relation)) %}

    {%- set given = create_scratch_table('given', compiled_code) -%}
    {%- set vertices = create_scratch_table('vertices', number_vertices(given)) -%}
    {%- set edges = create_scratch_table('edges_0', number_edges(given, vertices)) -%}
    {%- set graph = namespace(edges=edges, edge_count=count_rows(edges)) -%}
    {%- set moves = [] -%}

    {%- for round in range(max_rounds) -%}
        {%- if graph.edge_count > 0 -%}
            {%- do moves.append(create_scratch_table('moves_' ~ round, choose_neighbours(graph.edges, round))) -%}
            {%- set contracted = contract_edges(graph.edges, moves[-1]) -%}
            {%- set smaller = create_scratch_table('edges_' ~ (round + 1), contracted) -%}
            {%- do drop_scratch_table(graph.edges) -%}
            {%- set graph.edges = smaller -%}
            {%- set graph.edge_count = count_rows(smaller) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if graph.edge_count > 0 -%}
        {%- do exceptions.raise_compiler_error(
            this ~ ": the connected components did not converge; " ~ graph.edge_count ~ " edges are left after "
            ~ max_rounds ~ " rounds. Raise max_rounds in the model's config: meta:.") -%}
    {%- endif -%}

    {% call statement('main') -%}
        {{ create_table_as(False, intermediate_relation, label_components(vertices, moves)) }}
    {%- endcall %}

    {%- do drop_scratch_table(given) -%}
    {%- do drop_scratch_table(vertices) -%}
    {%- do drop_scratch_table(graph.edges) -%}
    {%- for moved in moves -%}{%- do drop_scratch_table(moved) -%}{%- endfor -%}

    {% do drop_relation_if_exists(existing_relation) %}
    {% do adapter.rename_relation(intermediate_relation, target_relation) %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do persist_docs(target_relation, model) %}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{#- A vertex is the position of its node in order, so that the smallest number is the smallest node. -#}
{% macro number_vertices(given) -%}
    select node_id, row_number() over (order by node_id nulls last) as vertex
    from (select node_a as node_id from {{ given }} union select node_b from {{ given }}) as nodes
    where node_id is not null
{%- endmacro %}


{#- The edges between different vertices, once in each direction. -#}
{% macro number_edges(given, vertices) -%}
    with numbered as (
        select a.vertex as v, b.vertex as w
        from {{ given }} as given
        inner join {{ vertices }} as a on given.node_a = a.node_id
        inner join {{ vertices }} as b on given.node_b = b.node_id
        where given.node_a <> given.node_b
    )
    select v, w from numbered
    union
    select w, v from numbered
{%- endmacro %}


{#-
    Where each vertex that has a neighbour goes: to the lowest-ranked among itself and its neighbours, and on to where
    that one goes.
-#}
{% macro choose_neighbours(edges, round) -%}
    {%- set salt = ' + ' ~ round ~ ' * cast(1000000007 as bigint)' -%}
    with chosen as (
        select
            v,
            case
                when min({{ mixing_hash('w' ~ salt) }}) < {{ mixing_hash('v' ~ salt) }}
                    then min_by(w, {{ mixing_hash('w' ~ salt) }})
                else v
            end as w
        from {{ edges }}
        group by v
    )
    select chosen.v, onward.w as chosen
    from chosen
    inner join chosen as onward on chosen.w = onward.v
{%- endmacro %}


{#-
    The edges between the vertices chosen. In two steps: given both joins at once, DuckDB may start with the pairs of
    vertices that differ, which are nearly all pairs.
-#}
{% macro contract_edges(edges, moves) -%}
    with contracted as (
        select distinct moves.chosen as v, edges.w
        from {{ edges }} as edges
        inner join {{ moves }} as moves on edges.v = moves.v
    )
    select distinct contracted.v, moves.chosen as w
    from contracted
    inner join {{ moves }} as moves on contracted.w = moves.v
    where contracted.v <> moves.chosen
{%- endmacro %}


{#-
    Each node with the smallest of its component, by the moves of each round. Those of the last rounds, which are few,
    are followed first. A vertex that had no neighbour left stayed where the round before had taken it.
-#}
{% macro label_components(vertices, moves) -%}
    {%- if not moves -%}
    select node_id, node_id as component_id from {{ vertices }}
    {%- else -%}
    with
    {%- for i in range(moves | length - 1, -1, -1) %}
    followed_{{ i }} as (
        {%- if loop.first %}
        select v, chosen from {{ moves[i] }}
        {%- else %}
        select moves.v, coalesce(later.chosen, moves.chosen) as chosen
        from {{ moves[i] }} as moves
        left join followed_{{ i + 1 }} as later on moves.chosen = later.v
        {%- endif %}
    ),
    {%- endfor %}
    labelled as (
        select
            vertices.node_id,
            min(vertices.vertex) over (partition by coalesce(moves.chosen, vertices.vertex)) as smallest_vertex
        from {{ vertices }} as vertices
        left join followed_0 as moves on vertices.vertex = moves.v
    )
    select labelled.node_id, smallest.node_id as component_id
    from labelled
    inner join {{ vertices }} as smallest on labelled.smallest_vertex = smallest.vertex
    {%- endif -%}
{%- endmacro %}
