{{ config(meta={'dagster': {'ref': {'name': 'fct_campaign_decisions'}}}) }}
-- Among capped campaigns, an address gets one message a run, and a customer none within the campaign's cap of the last one sent.
with capped_sends as (
    select
        decisions.campaign,
        decisions.customer_id,
        coalesce(customers.email, decisions.customer_id) as address,
        campaigns.cap_days
    from {{ ref('fct_campaign_decisions') }} as decisions
    inner join {{ ref('dim_campaigns') }} as campaigns on decisions.campaign = campaigns.campaign
    left join {{ ref('dim_customers') }} as customers on decisions.customer_id = customers.customer_id
    where decisions.decision = 'send' and campaigns.message_class = 'marketing' and campaigns.cap_days is not null
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
    inner join {{ ref('int_sends__recorded') }} as earlier on capped_sends.customer_id = earlier.customer_id
    inner join {{ ref('dim_campaigns') }} as campaigns on earlier.campaign = campaigns.campaign
    where
        campaigns.message_class = 'marketing'
        and campaigns.cap_days is not null
        and {{ days_between('earlier.as_of_date', as_of_date()) }} < capped_sends.cap_days
)

select customer_id from twice_in_this_run
union all
select customer_id from too_soon
