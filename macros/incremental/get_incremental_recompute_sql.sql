{#-
    The incremental strategy `recompute`: the rows of every affected key (config unique_key) are deleted, and what was
    computed for it is inserted. dbt's delete+insert leaves a key alone that has no rows any more. All other rows stay as
    they are, but that somebody else may be behind them by now.
-#}
{% macro get_incremental_recompute_sql(arg_dict) -%}
    {%- set target, computed, key = arg_dict.target_relation, arg_dict.temp_relation, arg_dict.unique_key -%}
    {%- set columns = arg_dict.dest_columns | map(attribute='name') | list -%}
    {%- set restitched = none -%}
    {%- if 'node_id' in columns -%}
        {%- set restitched = create_scratch_table('restitched', restitched_rows(target, computed, key, columns)) -%}
    {%- endif -%}
    delete from {{ target }}
    where {{ key }} in (select affected_key from {{ computed }});

    {% if restitched -%}
    delete from {{ target }} as stored
    where exists (
        select 1
        from {{ restitched }} as restitched
        where
            restitched.node_id = stored.node_id
            and restitched.customer_id is distinct from stored.customer_id
    );

    insert into {{ target }} ({{ columns | join(', ') }})
    select {{ columns | join(', ') }} from {{ restitched }};

    drop table {{ restitched }};
    {%- endif %}

    insert into {{ target }} ({{ columns | join(', ') }})
    select {{ columns | join(', ') }}
    from {{ computed }}
    where {{ key }} is not null
{%- endmacro %}
