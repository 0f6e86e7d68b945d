{#-
    Whether a text can be an e-mail address: the syntax browsers accept (WHATWG HTML, "valid e-mail address") less the characters
    the exporter refuses in a header, with at least one dot in the domain, no dot at either end of the local part, and the
    lengths of RFC 5321. Null for null.
-#}
{% macro is_email(text) -%}
    {%- set atom = "[A-Za-z0-9!#$%&*+/=?^_~-]+" -%}
    {%- set label = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?" -%}
    (
        regexp_extract({{ text }}, '^{{ atom }}([.]{{ atom }})*@({{ label }}[.])+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])$', 0) = {{ text }}
        and {{ text }} <> ''
        and length({{ text }}) <= 254
        and length(split_part({{ text }}, '@', 1)) <= 64
    )
{%- endmacro %}
