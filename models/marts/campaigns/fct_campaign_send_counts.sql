with campaigns as (
    select * from {{ ref('dim_campaigns') }}
),

caps as (
    select * from {{ ref('frequency_caps') }}
),

-- Nothing asks what was sent before.
reaches as (
    select max(days) as days
    from (select cap_days as days from campaigns where is_capped union all select window_days from caps) as asked
),

-- A send of a campaign that is no longer listed counts: nobody knows that it was not capped.
customer_days as (
    select
        sends.customer_id,
        coalesce(campaigns.message_class, 'marketing') as message_class,
        sends.as_of_date as sent_on,
        count(*) as send_count,
        bool_or(coalesce(campaigns.delays_others, true)) as delays_others
    from {{ ref('int_sends__recorded') }} as sends
    cross join reaches
    left join campaigns on sends.campaign = campaigns.campaign
    where
        coalesce(campaigns.is_capped, true)
        and {{ is_concerned('sends.customer_id') }}
        and {{ days_between('sends.as_of_date', as_of_date()) }} < reaches.days
    group by all
),

address_days as (
    select
        coalesce(customers.email, customer_days.customer_id) as address,
        customer_days.message_class,
        customer_days.sent_on,
        sum(customer_days.send_count) as send_count,
        bool_or(customer_days.delays_others) as delays_others
    from customer_days
    left join {{ ref('dim_customers') }} as customers on customer_days.customer_id = customers.customer_id
    group by all
),

full_windows as (
    select
        address_days.address,
        address_days.message_class,
        caps.window_days
    from address_days
    inner join caps on address_days.message_class = caps.message_class
    where {{ days_between('address_days.sent_on', as_of_date()) }} < caps.window_days
    group by all
    having sum(address_days.send_count) >= max(caps.maximum_count)
),

fullest as (
    select address, message_class, min(window_days) as full_window_days
    from full_windows
    group by address, message_class
),

last_sends as (
    select address, message_class, max(case when delays_others then sent_on end) as last_sent_on, sum(send_count) as send_count
    from address_days
    group by address, message_class
)

select
    last_sends.address,
    last_sends.message_class,
    last_sends.last_sent_on,
    cast(last_sends.send_count as bigint) as send_count,
    fullest.full_window_days
from last_sends
left join fullest
    on last_sends.address = fullest.address and last_sends.message_class = fullest.message_class
