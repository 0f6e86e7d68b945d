{#-
    The loads this model can be built from now: what the clock knows of the extracts it lists, less what an incremental
    model that it reads has not taken in yet. Without the latter a model built alone would count loads as seen whose
    rows have not reached it.
-#}
{% macro available_loads() -%}
    {%- for extract in model.config.meta.extracts -%}
        {%- set source_name, table_name = extract.split('.') -%}
        select source_name, table_name, extract_date, load_id, '{{ code_hash() }}' as code_hash
        from {{ source('loads', 'extracts') }}
        where
            source_name = '{{ source_name }}'
            and table_name = '{{ table_name }}'
            and extract_date <= {{ as_of_date() }}
            {%- for parent in incremental_parents(extract) %}
            and load_id in (
                select built.load_id
                from {{ built_loads(parent) }} as built
                where
                    built.source_name = extracts.source_name
                    and built.table_name = extracts.table_name
                    and built.extract_date = extracts.extract_date
            )
            {%- endfor %}
        {{ 'union all' if not loop.last }}
    {% endfor -%}
{%- endmacro %}
