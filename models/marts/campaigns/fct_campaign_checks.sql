with candidates as (
    select
        *,
        {{ message_id('campaign', 'customer_id', 'occasion_id') }} as message_id
    from {{ ref('fct_campaign_candidates') }}
),

campaigns as (
    select * from {{ ref('dim_campaigns') }}
),

-- What is one for all campaigns is worked out once a customer.
customers as (
    select
        customer_id,
        email,
        {{ is_email('email') }} as is_email,
        {{ age_years('birth_on', 'cast(' ~ as_of() ~ ' as date)') }} as age_years,
        {{ hash_share("'global_holdout|' || customer_id") }} as holdout_share
    from {{ ref('dim_customers') }}
),

suppressions as (
    select
        customer_id,
        bool_or(reason = 'unsubscribed') as is_unsubscribed,
        bool_or(reason = 'hard_bounced') as is_hard_bounced,
        bool_or(reason = 'complained') as is_complained,
        bool_or(reason = 'role_address') as is_role_address,
        bool_or(reason = 'disposable_address') as is_disposable_address,
        bool_or(reason = 'erased') as is_erased
    from {{ ref('int_consent__suppressed') }}
    group by customer_id
),

sent_occasions as (
    select distinct campaign, customer_id, occasion_id
    from {{ ref('int_sends__recorded') }}
),

global_holdout as (
    select max(value) as holdout_share
    from {{ ref('arbitration_policy') }}
    where name = 'global_holdout_share'
),

checked as (
    select
        candidates.campaign,
        candidates.customer_id,
        candidates.occasion_id,
        candidates.message_id,
        campaigns.priority,
        campaigns.is_capped,
        candidates.expected_value_amount,
        coalesce(customers.email, candidates.customer_id) as address,
        coalesce(suppressions.is_erased, false) as is_erased,
        coalesce(consents.status not in ('granted', 'withdrawn', 'denied', 'expired'), true) as is_no_consent,
        coalesce(consents.status = 'withdrawn', false) as is_consent_withdrawn,
        coalesce(consents.status = 'denied', false) as is_consent_denied,
        coalesce(consents.status = 'expired', false) as is_consent_expired,
        customers.email is null as is_no_email_address,
        customers.email is not null and not customers.is_email as is_invalid_email_address,
        coalesce(suppressions.is_role_address, false) as is_role_address,
        coalesce(suppressions.is_disposable_address, false) as is_disposable_address,
        coalesce(suppressions.is_unsubscribed, false) as is_unsubscribed,
        coalesce(suppressions.is_hard_bounced, false) as is_hard_bounced,
        coalesce(suppressions.is_complained, false) as is_complained,
        campaigns.needs_profiling and not coalesce(profiling.status = 'granted', false) as is_no_profiling_consent,
        coalesce(customers.age_years < campaigns.minimum_age_years, false) as is_under_minimum_age,
        not (campaigns.is_on and coalesce(occasions.is_on, true)) as is_switched_off,
        sent_occasions.occasion_id is not null as is_already_sent,
        candidates.segment is not null and not coalesce(segments.is_targetable, false) as is_segment_too_small,
        coalesce(occasions.status = 'cancelled', false) as is_occasion_cancelled,
        coalesce(occasions.status <> 'cancelled' and occasions.fulfilled_at is not null, false) as is_occasion_fulfilled,
        coalesce(occasions.status = 'pending', false) as is_occasion_pending,
        coalesce(occasions.status = 'expired', false) as is_occasion_expired,
        not coalesce(candidates.has_content, false) as is_nothing_to_show,
        coalesce(send_times.send_at >= occasions.expires_at, false) as is_quiet_hours,
        campaigns.message_class = 'marketing'
        and coalesce(customers.holdout_share < global_holdout.holdout_share, false)
        as is_global_holdout,
        campaigns.message_class = 'marketing'
        and {{ hash_share("'holdout|' || candidates.campaign || '|' || candidates.customer_id") }} < campaigns.holdout_share
        as is_campaign_holdout,
        campaigns.is_capped
        and coalesce({{ days_between('counts.last_sent_on', as_of_date()) }} < campaigns.cap_days, false)
        as is_frequency_capped,
        campaigns.is_capped and counts.full_window_days is not null as is_over_class_cap
    from candidates
    inner join campaigns on candidates.campaign = campaigns.campaign
    cross join global_holdout
    left join customers on candidates.customer_id = customers.customer_id
    left join {{ ref('fct_consents') }} as consents
        on candidates.customer_id = consents.customer_id and campaigns.purpose = consents.purpose
    left join {{ ref('fct_consents') }} as profiling
        on candidates.customer_id = profiling.customer_id and profiling.purpose = 'profiling'
    left join suppressions on candidates.customer_id = suppressions.customer_id
    left join sent_occasions
        on candidates.campaign = sent_occasions.campaign
        and candidates.customer_id = sent_occasions.customer_id
        and candidates.occasion_id = sent_occasions.occasion_id
    left join {{ ref('dim_segments') }} as segments on candidates.segment = segments.segment
    left join {{ ref('fct_occasions') }} as occasions
        on candidates.campaign = occasions.campaign and candidates.occasion_id = occasions.occasion_id
    left join {{ ref('dim_customer_time_zones') }} as zones on candidates.customer_id = zones.customer_id
    left join {{ ref('fct_campaign_send_times') }} as send_times
        on candidates.campaign = send_times.campaign and zones.time_zone = send_times.time_zone
    left join {{ ref('fct_campaign_send_counts') }} as counts
        on coalesce(customers.email, candidates.customer_id) = counts.address
        and campaigns.message_class = counts.message_class
),

contenders as (
    select
        checked.*,
        is_capped and not (is_{{ decision_checks() | join(' or is_') }}) as is_contending
    from checked
),

-- Customers who share an address contend for it: whoever reads it gets one message a run.
-- Of one priority, the message worth more wins; the message id breaks what ties are left: it is a hash, so no campaign or
-- occasion wins them by its name.
contests as (
    select
        message_id,
        row_number() over contest as place,
        first_value(campaign) over contest as first_campaign
    from contenders
    where is_contending
    window contest as (
        partition by address
        order by priority asc nulls last, expected_value_amount desc nulls last, message_id asc nulls last
    )
)

select
    {{ as_of_date() }} as as_of_date,
    contenders.campaign,
    contenders.customer_id,
    contenders.occasion_id,
    contenders.message_id,
    {% for reason in decision_checks() -%}
    contenders.is_{{ reason }},
    {% endfor -%}
    coalesce(contests.place > 1, false) as is_lost_to_higher_priority,
    case when contests.place > 1 then contests.first_campaign end as winning_campaign
from contenders
left join contests on contenders.message_id = contests.message_id
