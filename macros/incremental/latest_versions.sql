{#-
    One row per record out of all its delivered versions; in an incremental build only of the records in `affected`.
    The latest by updated_at wins, then the latest extract, then the last line: nothing that depends on the order in
    which extracts were loaded.
-#}
{% macro latest_versions(versions, record_id, updated_at=none, affected='affected') -%}
    select *
    from {{ versions }}
    {% if is_incremental() -%}
    semi join {{ affected }} using ({{ record_id }})
    {% endif -%}
    qualify row_number() over (
        partition by {{ record_id }}
        order by
            {{ updated_at ~ ' desc nulls last,' if updated_at }}
            extract_date desc nulls last, source_file desc nulls last, source_line desc nulls last
    ) = 1
{%- endmacro %}
