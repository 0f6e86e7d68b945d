with campaigns as (
    select * from {{ ref('dim_campaigns') }}
),

sends as (
    select campaign, count(*) as send_count
    from {{ ref('fct_campaign_decisions') }}
    where decision = 'send'
    group by campaign
),

suppression_feed as (
    select max(last_extract_on) as last_extract_on
    from {{ ref('int_feeds__loaded') }}
    where source_name = 'esp' and table_name = 'events'
),

earlier_days as (
    select campaign, as_of_date, count(*) as send_count
    from {{ ref('int_sends__recorded') }}
    where {{ days_between('as_of_date', as_of_date()) }} <= 28
    group by campaign, as_of_date
),

-- Under a week of days there is no usual audience to compare with.
usual_audiences as (
    select campaign, median(send_count) as send_count
    from earlier_days
    group by campaign
    having count(*) >= 7
),

audiences as (
    select
        campaigns.campaign,
        coalesce(sends.send_count, 0) as send_count,
        campaigns.maximum_audience,
        usual_audiences.send_count as usual_count,
        campaigns.audience_factor
    from campaigns
    left join sends on campaigns.campaign = sends.campaign
    left join usual_audiences on campaigns.campaign = usual_audiences.campaign
),

gates as (
    select
        audiences.campaign,
        audiences.send_count,
        'suppression_feed_fresh' as gate,
        coalesce(
            {{ as_of() }} <= cast(suppression_feed.last_extract_on as timestamp) + interval {{ freshness_limit_hours('esp', 'events') }} hour,
            false
        ) as is_met,
        'esp.events last loaded for '
        || coalesce(cast(suppression_feed.last_extract_on as string), 'no day at all')
        || ', must be at most {{ freshness_limit_hours('esp', 'events') }} hours before the run' as detail
    from audiences
    cross join suppression_feed

    union all

    select
        campaign,
        send_count,
        'audience_in_range',
        send_count <= maximum_audience
        and coalesce(
            send_count <= usual_count * audience_factor and send_count * audience_factor >= usual_count, true
        ),
        cast(send_count as string) || ' messages; at most ' || cast(maximum_audience as string)
        || coalesce(
            ', and within ' || cast(cast(audience_factor as decimal(9, 1)) as string) || ' times of the usual '
            || cast(cast(usual_count as decimal(18, 1)) as string),
            '; too few earlier days to say what is usual'
        )
    from audiences
)

select
    {{ as_of_date() }} as as_of_date,
    campaign,
    gate,
    send_count = 0 or is_met as is_passed,
    case when send_count = 0 then 'nothing to send' else detail end as detail
from gates
