{#-
    The one form of a domain name (its ASCII labels, RFC 5891), null where it can be none. The function is Python's on DuckDB
    (engine/functions.py), registered under the same name on Spark; published views are read by connections that do not have it,
    so that only tables may call this.
-#}
{% macro idna_domain(domain) -%}
    {{ return(adapter.dispatch('idna_domain')(domain)) }}
{%- endmacro %}

{% macro default__idna_domain(domain) -%}
    idna_domain({{ domain }})
{%- endmacro %}
