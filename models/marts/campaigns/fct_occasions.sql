select
    campaigns.campaign,
    occasions.trigger_name,
    cast(null as string) as journey,
    cast(null as string) as step,
    occasions.occasion_id,
    occasions.customer_id,
    occasions.subject_id,
    occasions.occurred_at,
    occasions.due_at,
    occasions.expires_at,
    occasions.fulfilled_at,
    occasions.evidence,
    occasions.status,
    triggers.is_on
from {{ ref('fct_trigger_occasions') }} as occasions
inner join {{ ref('dim_campaigns') }} as campaigns on occasions.trigger_name = campaigns.trigger_name
inner join {{ ref('dim_triggers') }} as triggers on occasions.trigger_name = triggers.trigger_name
