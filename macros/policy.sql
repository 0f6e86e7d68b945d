{#-
    A setting from the `config.meta` of a model's YAML: `policy('cmp_winback', 'priority')`. Without a default the setting must be
    there. dbt fills `graph` only when it executes: models that need policy read it from dim_campaigns, dim_segments or
    dim_triggers, which a unit test can mock.
-#}
{% macro policy(model_name, key, default) -%}
    {%- if not execute -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set node = graph.nodes.get('model.' ~ project_name ~ '.' ~ model_name) -%}
    {%- if node is none -%}
        {{ exceptions.raise_compiler_error("No model is named " ~ model_name ~ ": check the lists under `vars` in dbt_project.yml.") }}
    {%- endif -%}
    {%- set meta = node.config.meta -%}
    {%- if key not in meta and default is undefined -%}
        {{ exceptions.raise_compiler_error(model_name ~ ": set config.meta." ~ key ~ " in " ~ node.original_file_path | replace('.sql', '.yml') ~ ".") }}
    {%- endif -%}
    {{ return(meta[key] if key in meta else default) }}
{%- endmacro %}
