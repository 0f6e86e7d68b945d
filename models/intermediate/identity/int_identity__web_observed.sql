with events as (

    select * from {{ ref('stg_web__events') }}

),

observed as (

    select
        visitor_id,
        user_id,
        email,
        phone,
        cart_id,
        min(occurred_at) as first_observed_at,
        max(occurred_at) as last_observed_at
    from events
    group by visitor_id, user_id, email, phone, cart_id

)

select * from observed
