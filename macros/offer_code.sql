{#-
    Ten characters out of an md5 in hexadecimal, each of Crockford's base 32 (https://www.crockford.com/base32.html), which has no I, L,
    O or U: fifty bits, of each of the first ten bytes the lower five. The same on every engine.
-#}
{% macro offer_code(digest) -%}
    {%- for byte in range(10) -%}
        {%- set high = "position(substr(" ~ digest ~ ", " ~ (2 * byte + 1) ~ ", 1) in '0123456789abcdef')" -%}
        {%- set low = "position(substr(" ~ digest ~ ", " ~ (2 * byte + 2) ~ ", 1) in '0123456789abcdef')" -%}
        substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', cast(16 * (({{ high }} - 1) % 2) + {{ low }} as int), 1){{ ' || ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
