with codes as (
    select
        codes.offer,
        count(*) as code_count,
        count(spent.code) as spent_count,
        count(*) filter (where spent.code is null and codes.expires_at <= {{ as_of() }}) as expired_count
    from {{ ref('int_offers__codes_listed') }} as codes
    left join {{ ref('int_offers__codes_spent') }} as spent on codes.code = spent.code
    group by codes.offer
),

messages as (
    select
        offer,
        count_if(assigned_by = 'pool') as given_count,
        count_if(assigned_by = 'none') as unserved_count
    from {{ ref('fct_offer_codes') }}
    group by offer
)

select
    {{ as_of_date() }} as as_of_date,
    offers.offer,
    offers.campaign,
    coalesce(codes.code_count, 0) as code_count,
    coalesce(codes.spent_count, 0) as spent_count,
    coalesce(codes.expired_count, 0) as expired_count,
    coalesce(messages.given_count, 0) as given_count,
    coalesce(codes.code_count - codes.spent_count - codes.expired_count, 0) - coalesce(messages.given_count, 0) as free_count,
    coalesce(messages.unserved_count, 0) as unserved_count
from {{ ref('offers') }} as offers
left join codes on offers.offer = codes.offer
left join messages on offers.offer = messages.offer
where offers.kind = 'pool'
