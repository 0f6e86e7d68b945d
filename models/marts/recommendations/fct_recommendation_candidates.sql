{{ config(materialized='view') }}

-- Without a consent to profiling, popular is all there is: it asks nothing about the person.
with requests as (
    select
        messages.message_id,
        messages.customer_id,
        lists.list_name,
        lists.bought_days,
        lists.shown_sends,
        slots.slot,
        slots.strategy
    from {{ ref('fct_campaign_messages') }} as messages
    inner join {{ ref('recommendation_lists') }} as lists on messages.campaign = lists.campaign
    inner join {{ ref('recommendation_slots') }} as slots
        on lists.campaign = slots.campaign and lists.list_name = slots.list_name
    where messages.has_profiling_consent or slots.strategy = 'popular'
),

products as (
    select * from {{ ref('dim_recommendable_products') }}
),

popular as (
    select * from products where popular_rank <= {{ recommendation_setting('maximum_popular') }}
),

popular_in_category as (
    select * from products where category_rank <= {{ recommendation_setting('maximum_popular') }}
),

-- A product goes by the closest of the bases, or by the latest of those as close; of its variants one is enough.
related as (
    select
        bases.customer_id,
        bases.strategy,
        products.product_id,
        bases.title as reason_title,
        pairs.score
    from {{ ref('fct_recommendation_bases') }} as bases
    inner join {{ ref('fct_product_pairs') }} as pairs
        on bases.product_id = pairs.product_id and bases.relation = pairs.relation
    inner join products on pairs.partner_product_id = products.product_id
    qualify row_number() over (
        partition by bases.customer_id, bases.strategy, products.product_group_id
        order by pairs.score desc nulls last, bases.position asc nulls last, products.product_id asc nulls last
    ) = 1
),

proposals as (
    select requests.*, related.product_id, related.reason_title, related.score
    from requests
    inner join related on requests.customer_id = related.customer_id and requests.strategy = related.strategy

    union all

    select requests.*, popular_in_category.product_id, null, popular_in_category.popularity
    from requests
    inner join {{ ref('fct_affinities') }} as affinities
        on requests.customer_id = affinities.customer_id
        and affinities.dimension = 'category'
        and affinities.affinity_rank = 1
    inner join popular_in_category on affinities.value = popular_in_category.category
    where requests.strategy = 'same_category'

    union all

    select requests.*, popular.product_id, null, popular.popularity
    from requests
    cross join popular
    where requests.strategy = 'popular'
)

select
    proposals.message_id,
    proposals.list_name,
    proposals.slot,
    proposals.product_id,
    products.product_group_id,
    products.category,
    products.brand,
    proposals.reason_title,
    proposals.score
from proposals
inner join products on proposals.product_id = products.product_id
left join {{ ref('fct_recommendation_exclusions') }} as exclusions
    on proposals.customer_id = exclusions.customer_id
    and products.product_group_id = exclusions.product_group_id
where
    not coalesce(exclusions.is_in_cart, false)
    and not coalesce(exclusions.sends_ago <= proposals.shown_sends, false)
    and not coalesce(exclusions.bought_at >= {{ dbt.dateadd('day', '-proposals.bought_days', as_of()) }}, false)
