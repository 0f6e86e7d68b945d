{#-
    The incremental strategy `recompute`: the rows of every affected key (config unique_key) are deleted, and what was
    computed for it is inserted. dbt's delete+insert leaves a key alone that has no rows any more.
-#}
{% macro get_incremental_recompute_sql(arg_dict) -%}
    {%- set columns = arg_dict.dest_columns | map(attribute='name') | join(', ') -%}
    delete from {{ arg_dict.target_relation }}
    where {{ arg_dict.unique_key }} in (select affected_key from {{ arg_dict.temp_relation }});

    insert into {{ arg_dict.target_relation }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict.temp_relation }}
    where {{ arg_dict.unique_key }} is not null
{%- endmacro %}
