with campaigns as (
    {% for campaign in var('campaigns') -%}
    {% set model = 'cmp_' ~ campaign -%}
    select
        cast('{{ campaign }}' as string) as campaign,
        {{ policy_value(model, 'owner', 'string') }} as owner,
        {{ policy_value(model, 'priority', 'int') }} as priority,
        {{ policy_value(model, 'message_class', 'string') }} as message_class,
        {{ policy_value(model, 'purpose', 'string') }} as purpose,
        {{ policy_value(model, 'needs_profiling', 'boolean') }} as needs_profiling,
        {{ policy_value(model, 'cap_days', 'int') }} as cap_days,
        {{ policy_value(model, 'delays_others', 'boolean', true) }} as delays_others,
        {{ policy_value(model, 'holdout_share', 'double', 0) }} as holdout_share,
        {{ policy_value(model, 'minimum_age_years', 'int', none) }} as minimum_age_years,
        {{ policy_value(model, 'trigger', 'string', none) }} as trigger_name,
        {{ policy_value(model, 'send_delay_minutes', 'int', 0) }} as send_delay_minutes,
        {{ policy_value(model, 'send_at_local', 'string', none) }} as send_at_local,
        {{ policy_value(model, 'send_on_weekday', 'string', none) }} as send_on_weekday,
        {{ policy_value(model, 'maximum_audience', 'int') }} as maximum_audience,
        {{ policy_value(model, 'audience_factor', 'double') }} as audience_factor
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    campaigns.*,
    message_class = 'marketing' and cap_days is not null as is_capped,
    coalesce(switches.is_on, true) as is_on
from campaigns
left join {{ ref('int_switches__standing') }} as switches
    on campaigns.campaign = switches.name and switches.kind = 'campaign'
