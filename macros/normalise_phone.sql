{#-
    A phone number as it is compared and joined: its digits, after a plus where it was written internationally
    (+ or 00); null where it has no digit.
-#}
{% macro normalise_phone(phone) -%}
    {%- set digits = regexp_replace_all("cast(" ~ phone ~ " as string)", "[^0-9]", "") -%}
    case
        when trim({{ phone }}) like '00%' then nullif('+' || substring({{ digits }}, 3), '+')
        when trim({{ phone }}) like '+%' then nullif('+' || {{ digits }}, '+')
        else nullif({{ digits }}, '')
    end
{%- endmacro %}
