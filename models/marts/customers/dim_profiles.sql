{%- set attributes = customer_attributes() | reject('in', ['email', 'email_opted_out']) | list -%}

-- An address that several read names none of them.
with addresses as (
    select email
    from {{ ref('dim_customers') }}
    where email is not null
    group by email
    having count(*) = 1
),

orders as (
    select customer_id, cast(max(ordered_at) as date) as last_ordered_on
    from {{ ref('fct_orders') }}
    where customer_id is not null and order_kind = 'sale' and not is_cancelled
    group by customer_id
),

favourites as (
    select
        customer_id,
        max(case when dimension = 'category' then value end) as favourite_category,
        max(case when dimension = 'brand' then value end) as favourite_brand
    from {{ ref('fct_affinities') }}
    where affinity_rank = 1
    group by customer_id
),

memberships as (
    select memberships.customer_id, {{ listagg_sorted('memberships.segment', ';') }} as segments
    from {{ ref('fct_segment_memberships') }} as memberships
    inner join {{ ref('dim_segments') }} as segments on memberships.segment = segments.segment
    where memberships.is_member and segments.is_targetable
    group by memberships.customer_id
)

select
    customers.customer_id,
    customers.email,
    profiling.customer_id is not null as has_profiling_consent,
    {%- for attribute in attributes %}
    customers.{{ attribute }},
    {%- endfor %}
    orders.last_ordered_on,
    scores.frequency as order_count,
    scores.monetary_amount as order_amount,
    scores.rfm_group,
    scores.recency_score as rfm_recency_score,
    scores.frequency_score as rfm_frequency_score,
    scores.monetary_score as rfm_monetary_score,
    engagement.engagement_level,
    coalesce(tiers.tier, 'none') as loyalty_tier,
    favourites.favourite_category,
    favourites.favourite_brand,
    coalesce(memberships.segments, '') as segments
from {{ ref('dim_customers') }} as customers
inner join addresses on customers.email = addresses.email
left join {{ ref('fct_consents') }} as profiling
    on customers.customer_id = profiling.customer_id
    and profiling.purpose = 'profiling'
    and profiling.status = 'granted'
left join orders on customers.customer_id = orders.customer_id
left join {{ ref('fct_rfm_scores') }} as scores
    on customers.customer_id = scores.customer_id and scores.scheme = 'quintile'
left join {{ ref('fct_engagement_scores') }} as engagement on customers.customer_id = engagement.customer_id
left join {{ ref('fct_loyalty_tiers') }} as tiers on customers.customer_id = tiers.customer_id
left join favourites on customers.customer_id = favourites.customer_id
left join memberships on customers.customer_id = memberships.customer_id
anti join {{ ref('int_consent__suppressed') }} as suppressions
    on customers.customer_id = suppressions.customer_id and suppressions.reason = 'erased'
