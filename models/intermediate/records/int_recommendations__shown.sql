with suggested as (
    select *
    from {{ ref('stg_history__recommendations') }}
    where {{ days_between('as_of_date', as_of_date()) }} <= {{ recommendation_setting('shown_days') }}
),

-- What was not handed over was not shown; and what a day published again, it showed as it is published now.
shown as (
    select sends.customer_id, sends.as_of_date, sends.send_at, sends.message_id, suggested.product_id
    from {{ ref('int_sends__recorded') }} as sends
    inner join suggested on sends.message_id = suggested.message_id and sends.as_of_date = suggested.as_of_date
),

counted as (
    select
        customer_id,
        product_id,
        dense_rank() over (
            partition by customer_id
            order by as_of_date desc nulls last, send_at desc nulls last, message_id asc nulls last
        ) as sends_ago
    from shown
)

select
    customer_id,
    product_id,
    cast(min(sends_ago) as int) as sends_ago
from counted
group by customer_id, product_id
