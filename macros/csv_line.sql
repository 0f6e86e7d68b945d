{#- A line of a CSV file (RFC 4180): a field is quoted where it holds a comma, a quote or a line break. -#}
{% macro csv_line(fields) -%}
    concat_ws(
        ','
        {%- for field in fields %},
        case
            when regexp_extract({{ field }}, '[",[:cntrl:]]', 0) <> '' then '"' || replace({{ field }}, '"', '""') || '"'
            else {{ field }}
        end
        {%- endfor %}
    )
{%- endmacro %}
