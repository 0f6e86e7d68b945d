-- Inner joins on purpose: without a consent that holds, or an address, there is no message whatever the decision says; nor is
-- there one for whoever is suppressed. What leaves the warehouse tells only of whoever agreed to profiling what they did.
select
    decisions.message_id,
    decisions.campaign,
    decisions.variant,
    decisions.customer_id,
    decisions.occasion_id,
    decisions.as_of_date,
    customers.email as to_email,
    nullif(concat_ws(' ', customers.first_name, customers.last_name), '') as to_name,
    customers.first_name,
    customers.language,
    send_times.send_at,
    zones.time_zone,
    case
        when profiling.customer_id is not null then candidates.evidence
        else {{ json_text({'segment': 'candidates.segment', 'trigger': 'campaigns.trigger_name'}) }}
    end as evidence,
    consents.consent_id,
    consents.consent_source,
    consents.consent_obtained_at,
    profiling.customer_id is not null as has_profiling_consent
from {{ ref('fct_campaign_decisions') }} as decisions
inner join {{ ref('fct_campaign_candidates') }} as candidates
    on decisions.campaign = candidates.campaign
    and decisions.customer_id = candidates.customer_id
    and decisions.occasion_id = candidates.occasion_id
inner join {{ ref('dim_campaigns') }} as campaigns on decisions.campaign = campaigns.campaign
inner join {{ ref('fct_consents') }} as consents
    on decisions.customer_id = consents.customer_id
    and campaigns.purpose = consents.purpose
    and consents.status = 'granted'
inner join {{ ref('dim_customers') }} as customers
    on decisions.customer_id = customers.customer_id and customers.email is not null
left join {{ ref('dim_customer_time_zones') }} as zones on decisions.customer_id = zones.customer_id
left join {{ ref('fct_campaign_send_times') }} as send_times
    on decisions.campaign = send_times.campaign and zones.time_zone = send_times.time_zone
left join {{ ref('fct_consents') }} as profiling
    on decisions.customer_id = profiling.customer_id
    and profiling.purpose = 'profiling'
    and profiling.status = 'granted'
anti join {{ ref('int_consent__suppressed') }} as suppressions on decisions.customer_id = suppressions.customer_id
where decisions.decision = 'send' and (profiling.customer_id is not null or not campaigns.needs_profiling)
