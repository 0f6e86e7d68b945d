{#-
    The last select of an incremental model. In full: its rows. Incrementally: the rows of every affected key, and for
    a key that has none any more a row that is null but for affected_key, so that its old rows are deleted too
    (see get_incremental_recompute_sql).
-#}
{% macro recomputed(rows, key) -%}
{% if is_incremental() -%}
select
    affected.{{ key }} as affected_key,
    {{ rows }}.*
from (select distinct {{ key }} from affected) as affected
left join {{ rows }} on affected.{{ key }} = {{ rows }}.{{ key }}
{%- else -%}
select * from {{ rows }}
{%- endif %}
{%- endmacro %}
