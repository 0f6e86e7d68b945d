{#-
    A phone number as it was stated, without what does not matter: its digits after a plus where it was written with one, else its
    digits, a space and the country that was stated with it (lower case) where there is one, so that the text alone says which
    number is meant. An extension is no part of it. Null where it has no digit, or has letters: a word is no number, whatever
    digits stand beside it.
-#}
{% macro normalise_phone(phone, country='cast(null as string)') -%}
    {%- set text -%}
    translate(cast({{ phone }} as string), '＋０１２３４５６７８９٠١٢٣٤٥٦٧٨٩', '+01234567890123456789')
    {%- endset -%}
    {%- set number -%}
    regexp_replace({{ text }}, '^ *[Tt][Ee][Ll]:', '')
    {%- endset -%}
    {%- set number = "substring(" ~ number ~ ", 1, length(" ~ number ~ ") - length(coalesce(" ~ phone_extension(number) ~ ", '')))" -%}
    {%- set digits = regexp_replace_all(number, "[^0-9]", "") -%}
    case
        when lower({{ number }}) <> upper({{ number }}) then null
        when regexp_extract({{ number }}, '^[^0-9]*[+]', 0) <> '' then nullif('+' || {{ digits }}, '+')
        else nullif({{ digits }}, '') || coalesce(' ' || nullif(lower(trim({{ country }})), ''), '')
    end
{%- endmacro %}
