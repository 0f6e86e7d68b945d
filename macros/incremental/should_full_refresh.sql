{#-
    Overrides dbt's own macro, which is_incremental() and the incremental materialization both ask. A model that lists
    the extracts it is built from in config.meta.extracts is built in full whenever additions cannot bring it up to
    date: a load it was built from was replaced or removed (or lies after the clock now), or its code has changed.
    A change in a macro is not seen here: the daily job passes --full-refresh after one, and so should you by hand.
    A pulse never builds in full: it adds to what the last daily run built, and what that would build anew waits for it.
-#}
{% macro should_full_refresh() -%}
    {%- if dbt.should_full_refresh() -%}
        {{ return(true) }}
    {%- elif is_pulse() or not execute or not model.config.meta.get('extracts') -%}
        {{ return(false) }}
    {%- elif load_relation(built_loads(this)) is none -%}
        {{ return(true) }}
    {%- endif -%}
    {%- set loads = run_query(
        "select count(*), count(available.load_id) from " ~ built_loads(this) ~ " as built"
        ~ " left join (" ~ available_loads() ~ ") as available"
        ~ " using (source_name, table_name, extract_date, load_id, code_hash)"
    ).rows[0] -%}
    {{ return(loads[0] == 0 or loads[1] < loads[0]) }}
{%- endmacro %}
