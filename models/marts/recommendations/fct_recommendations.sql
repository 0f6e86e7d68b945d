with messages as (
    select message_id, campaign, customer_id
    from {{ ref('fct_campaign_messages') }}
),

candidates as (
    select
        candidates.*,
        lists.maximum_items,
        lists.maximum_per_category,
        lists.maximum_per_brand,
        slots.maximum_items as slot_maximum_items
    from {{ ref('fct_recommendation_candidates') }} as candidates
    inner join messages on candidates.message_id = messages.message_id
    inner join {{ ref('recommendation_lists') }} as lists
        on messages.campaign = lists.campaign and candidates.list_name = lists.list_name
    inner join {{ ref('recommendation_slots') }} as slots
        on messages.campaign = slots.campaign
        and candidates.list_name = slots.list_name
        and candidates.slot = slots.slot
),

-- First each slot's best, as mixed as the whole list is to be; then the list from those, so that what a slot has no room for takes
-- nobody's place in it.
{% set steps = [
    ('in_slot_categories', 'candidates', 'slot, category', 'category', 'maximum_per_category'),
    ('in_slot_brands', 'in_slot_categories', 'slot, brand', 'brand', 'maximum_per_brand'),
    ('in_slot', 'in_slot_brands', 'slot', none, 'slot_maximum_items'),
    ('in_list_once', 'in_slot', 'product_group_id', none, '1'),
    ('in_list_categories', 'in_list_once', 'category', 'category', 'maximum_per_category'),
    ('in_list_brands', 'in_list_categories', 'brand', 'brand', 'maximum_per_brand'),
    ('in_list', 'in_list_brands', none, none, 'maximum_items'),
] -%}
{% for step, source, part, limited, maximum in steps -%}
{{ step }} as (
    select *
    from {{ source }}
    qualify
        {{ limited ~ ' is null or ' ~ maximum ~ ' is null or ' if limited }}row_number() over (
            partition by message_id, list_name{{ ', ' ~ part if part }}
            order by slot nulls last, score desc nulls last, product_id asc nulls last
        ) <= {{ maximum }}
){{ ',' if not loop.last }}

{% endfor -%}

select
    {{ as_of_date() }} as as_of_date,
    messages.message_id,
    messages.campaign,
    in_list.list_name,
    messages.customer_id,
    cast(row_number() over (
        partition by in_list.message_id, in_list.list_name
        order by in_list.slot nulls last, in_list.score desc nulls last, in_list.product_id asc nulls last
    ) as int) as position,
    products.product_id,
    products.title,
    products.brand,
    products.category,
    products.product_url,
    products.image_url,
    products.price_amount,
    products.currency,
    slots.strategy,
    in_list.reason_title,
    in_list.score,
    cast(count(*) over (partition by in_list.message_id, in_list.list_name) as int) as item_count
from in_list
inner join messages on in_list.message_id = messages.message_id
inner join {{ ref('recommendation_slots') }} as slots
    on messages.campaign = slots.campaign
    and in_list.list_name = slots.list_name
    and in_list.slot = slots.slot
inner join {{ ref('dim_recommendable_products') }} as products on in_list.product_id = products.product_id
