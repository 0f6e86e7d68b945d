{#-
    One row per record out of all its delivered versions; in an incremental build only of the records in `affected`.
    The latest by updated_at wins, then the latest extract, then the last line: nothing that depends on the order in
    which extracts were loaded. Give `extract` where records have no updated_at and whatever is affected has a version in
    its new loads: what was extracted before these cannot win, and is not read.
-#}
{% macro latest_versions(versions, record_id, updated_at=none, affected='affected', extract=none) -%}
    select *
    from {{ versions }}
    {% if is_incremental() -%}
    semi join {{ affected }} using ({{ record_id }})
    {% if extract -%}
    {%- set dates = new_dates(extract) -%}
    where {{ "extract_date >= date '" ~ dates[0] ~ "'" if dates else 'false' }}
    {% endif -%}
    {% endif -%}
    qualify row_number() over (
        partition by {{ record_id }}
        order by
            {{ updated_at ~ ' desc nulls last,' if updated_at }}
            extract_date desc nulls last, source_file desc nulls last, source_line desc nulls last
    ) = 1
{%- endmacro %}
