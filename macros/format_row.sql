{#-
    The cells of one row of a unit test's fixture as SQL, by column: dbt's own macro of this name, without the several macros that
    it calls for every cell. The personas' fixtures have thousands of cells each.
-#}
{% macro format_row(row, column_name_to_data_types) -%}
    {%- set formatted_row = {} -%}
    {%- for name, value in row.items() -%}
        {%- set column = name | lower -%}
        {%- if column not in column_name_to_data_types -%}
            {{ exceptions.raise_compiler_error("Invalid column name in a unit test of " ~ model.name ~ ": '" ~ name ~ "'; there are " ~ column_name_to_data_types.keys() | join(', ') ~ ".") }}
        {%- endif -%}
        {%- set literal = 'null' if value is none else ("'" ~ value | replace("'", "''") ~ "'" if value is string else value) -%}
        {%- do formatted_row.update({column: 'cast(' ~ literal ~ ' as ' ~ column_name_to_data_types[column] ~ ')'}) -%}
    {%- endfor -%}
    {{ return(formatted_row) }}
{%- endmacro %}
