{#-
    A number in E.164 (ITU-T): plus, calling code, national number. `digits` are what is dialled within the country, with or without
    its national prefix; `country` is a row of phone_countries. The first reading whose length the country has counts:
    without the longest national prefix, without a shorter one, as it stands. Null where none is possible.
-#}
{% macro e164(digits, country) -%}
    '+' || {{ country }}.calling_code || coalesce(
        {%- for place in [1, 2, 3] %}
        {%- set prefix = "nullif(split_part(" ~ country ~ ".national_prefixes, ' ', " ~ place ~ "), '')" %}
        case
            when {{ digits }} like {{ prefix }} || '%'
                then {{ possible_number("substring(" ~ digits ~ ", length(" ~ prefix ~ ") + 1)", country) }}
        end,
        {%- endfor %}
        {{ possible_number(digits, country) }}
    )
{%- endmacro %}

{#- The digits where a number of that country may have so many, else null. -#}
{% macro possible_number(digits, country) -%}
    case
        when contains(' ' || {{ country }}.possible_lengths || ' ', ' ' || cast(length({{ digits }}) as string) || ' ')
            then {{ digits }}
    end
{%- endmacro %}
