{{ config(meta={'dagster': {'ref': {'name': 'fct_campaign_decisions'}}}) }}
-- Among capped campaigns, an address gets one message a run, none within the campaign's cap of the last one sent, and with this
-- run's no more than its class allows in any window.
with capped_sends as (
    select
        decisions.campaign,
        decisions.customer_id,
        coalesce(customers.email, decisions.customer_id) as address,
        campaigns.message_class,
        campaigns.cap_days
    from {{ ref('fct_campaign_decisions') }} as decisions
    inner join {{ ref('dim_campaigns') }} as campaigns on decisions.campaign = campaigns.campaign
    left join {{ ref('dim_customers') }} as customers on decisions.customer_id = customers.customer_id
    where decisions.decision = 'send' and campaigns.message_class = 'marketing' and campaigns.cap_days is not null
),

earlier_sends as (
    select
        coalesce(customers.email, sends.customer_id) as address,
        campaigns.message_class,
        campaigns.delays_others,
        {{ days_between('sends.as_of_date', as_of_date()) }} as days_ago
    from {{ ref('int_sends__recorded') }} as sends
    inner join {{ ref('dim_campaigns') }} as campaigns on sends.campaign = campaigns.campaign
    left join {{ ref('dim_customers') }} as customers on sends.customer_id = customers.customer_id
    where campaigns.message_class = 'marketing' and campaigns.cap_days is not null
),

twice_in_this_run as (
    select min(customer_id) as customer_id
    from capped_sends
    group by address
    having count(*) > 1
),

too_soon as (
    select capped_sends.customer_id
    from capped_sends
    inner join earlier_sends on capped_sends.address = earlier_sends.address
    where earlier_sends.delays_others and earlier_sends.days_ago < capped_sends.cap_days
),

too_many as (
    select capped_sends.customer_id
    from capped_sends
    inner join {{ ref('frequency_caps') }} as caps on capped_sends.message_class = caps.message_class
    inner join earlier_sends
        on capped_sends.address = earlier_sends.address
        and capped_sends.message_class = earlier_sends.message_class
        and earlier_sends.days_ago < caps.window_days
    group by capped_sends.customer_id, caps.window_days, caps.maximum_count
    having count(*) >= caps.maximum_count
)

select customer_id from twice_in_this_run
union all
select customer_id from too_soon
union all
select customer_id from too_many
