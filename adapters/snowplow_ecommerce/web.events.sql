-- Snowplow's events as its e-commerce plugin tracks them: a row per action, what it is about as JSON in columns of their own. To one
-- row per call, and per product of a call that is about several.
with actions as (
    select
        *,
        try_cast(unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1_0_0 as json) ->> '$.type' as action,
        try_cast(contexts_com_snowplowanalytics_snowplow_ecommerce_product_1_0_0 as json) as products,
        try_cast(contexts_com_snowplowanalytics_snowplow_ecommerce_cart_1_0_0 as json) -> '$[0]' as cart,
        try_cast(contexts_com_snowplowanalytics_snowplow_ecommerce_checkout_step_1_0_0 as json) -> '$[0]' as checkout_step,
        try_cast(contexts_com_snowplowanalytics_snowplow_ecommerce_transaction_1_0_0 as json) -> '$[0]' as purchase,
        try_cast(contexts_com_snowplowanalytics_snowplow_ecommerce_user_1_0_0 as json) -> '$[0]' as visitor,
        -- The trackers of apps have no browser's ids.
        try_cast(contexts_com_snowplowanalytics_snowplow_client_session_1_0_1 as json) -> '$[0]' as app_session
    from stock
),

named as (
    select
        *,
        coalesce(nullif(domain_sessionid, ''), app_session ->> '$.sessionId') as session,
        case
            -- An action of no stated kind is known by what only one kind carries. A cart or a product does not tell: put in,
            -- taken out and looked at have both, and so such a call stays without a name.
            when action = 'transaction' or (action is null and purchase is not null) then 'Order Completed'
            when action = 'checkout_step' or (action is null and checkout_step is not null)
                then case checkout_step ->> '$.step' when '1' then 'Checkout Started' else 'Checkout Step Viewed' end
            when action = 'product_view' then 'Product Viewed'
            when action = 'list_view' then 'Product List Viewed'
            when action = 'list_click' then 'Product Clicked'
            when action = 'add_to_cart' then 'Product Added'
            when action = 'remove_from_cart' then 'Product Removed'
            when action = 'refund' then 'Order Refunded'
            when action = 'promo_view' then 'Promotion Viewed'
            when action = 'promo_click' then 'Promotion Clicked'
            when action is not null or event_name <> 'snowplow_ecommerce_action' then coalesce(action, event_name)
        end as name
    from actions
),

about as (
    select
        * exclude (products),
        case
            when name in ('Product Viewed', 'Product Clicked', 'Product Added', 'Product Removed') then products
        end as products
    from named
),

single as (
    select *, unnest(range(greatest(1, coalesce(json_array_length(products), 0))::bigint)) as position
    from about
)

select
    -- The same order reported twice is one call delivered twice, whatever ids its reports have.
    case
        when name = 'Order Completed' then coalesce('transaction-' || (purchase ->> '$.transaction_id'), event_id)
        when position > 0 then event_id || '-' || (position + 1)
        else event_id
    end as id,
    case event when 'page_view' then 'page' else 'track' end as type,
    case when event <> 'page_view' then name end as event,
    coalesce(nullif(domain_userid, ''), app_session ->> '$.userId', nullif(network_userid, '')) as anonymous_id,
    -- A guest's id is no account.
    coalesce(
        nullif(user_id, ''), case when coalesce(visitor ->> '$.is_guest', 'false') <> 'true' then visitor ->> '$.id' end
    ) as user_id,
    derived_tstamp as timestamp,
    collector_tstamp as received_at,
    visitor ->> '$.email' as traits_email,
    page_urlpath as context_page_path,
    mkt_campaign as context_campaign_name,
    mkt_source as context_campaign_source,
    -- What changes a cart has an id of it at best, and what buys it has none: the session ties the two.
    case
        when cart is not null or checkout_step is not null or name in ('Product Added', 'Product Removed', 'Order Completed')
            then 'session-' || session
    end as cart_id,
    (products -> position) ->> '$.id' as product_id,
    (products -> position) ->> '$.quantity' as quantity,
    (products -> position) ->> '$.price' as price,
    coalesce((products -> position) ->> '$.currency', cart ->> '$.currency', purchase ->> '$.currency') as currency,
    case when name = 'Order Completed' then purchase ->> '$.transaction_id' end as order_id,
    source_line
from single
