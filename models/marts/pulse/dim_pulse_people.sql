{{ config(tags=['pulse']) }}

with seen as (
    select identities.customer_id
    from {{ ref('int_identity__resolved') }} as identities
    inner join {{ ref('int_pulse__identifiers') }} as identifiers on identities.node_id = identifiers.node_id
),

-- By the last daily run, as is all that follows.
decided as (
    select
        decisions.campaign,
        decisions.customer_id,
        decisions.occasion_id,
        coalesce(reasons.is_lasting, false) as is_lasting
    from {{ ref('fct_campaign_decisions') }} as decisions
    left join {{ ref('decision_reasons') }} as reasons on decisions.reason = reasons.reason
),

-- Whoever is not written to at a step stays in it until it is over.
settled as (
    select steps.journey, steps.enrolment_id
    from {{ ref('fct_journey_steps') }} as steps
    inner join decided
        on steps.campaign = decided.campaign
        and steps.customer_id = decided.customer_id
        and steps.occasion_id = decided.occasion_id
    where decided.is_lasting and steps.left_at is null and steps.expires_at > {{ as_of() }}
),

waiting as (
    select customer_id
    from decided
    where campaign in ('{{ of_this_run('campaigns') | join("', '") }}') and not is_lasting
    union
    select enrolments.customer_id
    from {{ ref('fct_journey_enrolments') }} as enrolments
    inner join {{ ref('dim_journeys') }} as journeys on enrolments.journey = journeys.journey
    anti join settled on enrolments.journey = settled.journey and enrolments.enrolment_id = settled.enrolment_id
    where enrolments.status = 'running' and journeys.trigger_name in ('{{ of_this_run('triggers') | join("', '") }}')
),

concerned as (
    select customer_id from seen
    union
    select customer_id from waiting where customer_id is not null
),

-- What somebody else at the same address was sent counts towards their cap.
addresses as (
    select customers.email
    from {{ ref('dim_customers') }} as customers
    semi join concerned on customers.customer_id = concerned.customer_id
    where customers.email is not null
)

select customer_id from concerned
union
select customers.customer_id
from {{ ref('dim_customers') }} as customers
semi join addresses on customers.email = addresses.email
