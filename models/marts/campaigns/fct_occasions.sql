with trigger_occasions as (
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
),

-- A journey asks for nothing any more once it is left.
send_steps as (
    select
        steps.campaign,
        journeys.trigger_name,
        steps.journey,
        steps.step,
        steps.occasion_id,
        steps.customer_id,
        enrolments.subject_id,
        enrolments.entered_at as occurred_at,
        steps.reached_at as due_at,
        steps.expires_at,
        least(enrolments.fulfilled_at, case when enrolments.status = 'exited' then enrolments.ended_at end) as fulfilled_at,
        enrolments.evidence,
        coalesce(triggers.is_on, true) and journeys.is_on as is_on
    from {{ ref('fct_journey_steps') }} as steps
    inner join {{ ref('fct_journey_enrolments') }} as enrolments
        on steps.journey = enrolments.journey and steps.enrolment_id = enrolments.enrolment_id
    inner join {{ ref('dim_journeys') }} as journeys on steps.journey = journeys.journey
    left join {{ ref('dim_triggers') }} as triggers on journeys.trigger_name = triggers.trigger_name
    where steps.kind = 'send'
)

select * from trigger_occasions
union all
select
    campaign,
    trigger_name,
    journey,
    step,
    occasion_id,
    customer_id,
    subject_id,
    occurred_at,
    due_at,
    expires_at,
    fulfilled_at,
    evidence,
    {{ occasion_status() }} as status,
    is_on
from send_steps
