{#-
    The last select of a trigger model: the occasions of a CTE, timed by the policy in the trigger's YAML. The CTE has
    occasion_id, customer_id, subject_id, occurred_at, fulfilled_at and evidence; where the trigger has a threshold, also
    `measure`, and what is below the threshold of the customer's arm is no occasion. An occasion is kept for 30 days after
    it is over, so that reports can tell what became of it.
-#}
{% macro occasions(trigger_name, found, has_threshold=false) -%}
select
    found.occasion_id,
    found.customer_id,
    found.subject_id,
    found.occurred_at,
    {{ dbt.dateadd('minute', 'arms.delay_minutes', 'found.occurred_at') }} as due_at,
    {{ dbt.dateadd('minute', 'arms.window_minutes', 'found.occurred_at') }} as expires_at,
    found.fulfilled_at,
    arms.arm as experiment_arm,
    found.evidence
from {{ found }} as found
inner join {{ ref('dim_trigger_arms') }} as arms
    on {{ hash_share("arms.experiment || '|' || found.customer_id") }} >= arms.share_from
    and {{ hash_share("arms.experiment || '|' || found.customer_id") }} < arms.share_to
where
    arms.trigger_name = '{{ trigger_name }}'
    and found.occurred_at <= {{ as_of() }}
    and {{ dbt.dateadd('minute', 'arms.window_minutes', 'found.occurred_at') }} > {{ as_of() }} - interval 30 day
    {%- if has_threshold %}
    and found.measure >= arms.threshold
    {%- endif %}
{%- endmacro %}
