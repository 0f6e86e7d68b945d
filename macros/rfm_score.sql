{#-
    Score 1..bands of a value by its place among all customers: ceil(bands * share of customers with this value or a worse one).
    Read from one row per scheme and DISTINCT value with its customer_count, so that equal values share a score and no window
    has to hold every customer. Whole numbers throughout: a share of exactly 2/5 must not round up.
    direction: 'desc' where a lower value is better (recency in days), 'asc' where a higher one is.
-#}
{% macro rfm_score(value, bands, direction) -%}
    {%- set reached = "cast(sum(customer_count) over (partition by scheme order by " ~ value ~ " " ~ direction ~ " nulls last) as bigint)" -%}
    {%- set everyone = "cast(sum(customer_count) over (partition by scheme) as bigint)" -%}
    {%- set rounded_up = bands ~ " * " ~ reached ~ " + " ~ everyone ~ " - 1" -%}
    cast(({{ rounded_up }} - mod({{ rounded_up }}, {{ everyone }})) / {{ everyone }} as int)
{%- endmacro %}
