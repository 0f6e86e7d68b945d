{#-
    The last select of a trigger model: the occasions of a CTE, timed by the policy in the trigger's YAML. The CTE has
    occasion_id, customer_id, subject_id, occurred_at, fulfilled_at and evidence. An occasion is kept for 30 days after it is
    over, so that reports can tell what became of it.

    `at_least`: SQL over the customer's arm, as `arms.threshold`; what has a `measure` below it is no occasion.

    `names_customer`: the occasion's id has the customer's in it. When two customers turn out to be one person after it was due,
    what one of them was told already gets a new id under the other: it counts as fulfilled from the run on that saw the merge.
-#}
{% macro occasions(trigger_name, found, at_least=none, names_customer=false) -%}
select
    found.occasion_id,
    found.customer_id,
    found.subject_id,
    found.occurred_at,
    {{ dbt.dateadd('minute', 'arms.delay_minutes', 'found.occurred_at') }} as due_at,
    {{ dbt.dateadd('minute', 'arms.window_minutes', 'found.occurred_at') }} as expires_at,
    {% if names_customer -%}
    least(
        found.fulfilled_at,
        case
            when merges.merged_at > {{ dbt.dateadd('minute', 'arms.delay_minutes', 'found.occurred_at') }}
                then merges.merged_at
        end
    ) as fulfilled_at,
    {%- else -%}
    found.fulfilled_at,
    {%- endif %}
    arms.arm as experiment_arm,
    found.evidence
from {{ found }} as found
inner join {{ ref('dim_trigger_arms') }} as arms
    on {{ hash_share("arms.experiment || '|' || found.customer_id") }} >= arms.share_from
    and {{ hash_share("arms.experiment || '|' || found.customer_id") }} < arms.share_to
{% if names_customer -%}
left join (
    select customer_id, max(cast(retired_on as timestamp) + interval 1 day) as merged_at
    from {{ ref('int_customers__succeeded') }}
    group by customer_id
) as merges on found.customer_id = merges.customer_id
{% endif -%}
where
    arms.trigger_name = '{{ trigger_name }}'
    and found.occurred_at <= {{ as_of() }}
    and {{ dbt.dateadd('minute', 'arms.window_minutes', 'found.occurred_at') }} > {{ as_of() }} - interval 30 day
    {%- if at_least %}
    and found.measure >= {{ at_least }}
    {%- endif %}
{%- endmacro %}
