{#- What brings refusals. Without the ESP's word nothing goes out; without a CRM there is nothing to be late with. -#}
{%- set feeds = [
    {'gate': 'suppression_feed_fresh', 'source': 'esp', 'table': 'events', 'brings': 'unsubscribes, complaints and bounces',
     'limit': freshness_limit_hours('esp', 'events')},
    {'gate': 'consent_feed_fresh', 'source': 'crm', 'table': 'consents', 'brings': 'consents and their withdrawals',
     'limit': freshness_limit_hours('crm', 'consents', none)},
    {'gate': 'opt_out_feed_fresh', 'source': 'crm', 'table': 'contacts', 'brings': 'opt-outs', 'may_be_missing': true,
     'limit': freshness_limit_hours('crm', 'contacts', none)},
] | rejectattr('limit', 'none') | list -%}

with campaigns as (
    select * from {{ ref('dim_campaigns') }}
),

sends as (
    select campaign, count(*) as send_count
    from {{ ref('fct_campaign_decisions') }}
    where decision = 'send'
    group by campaign
),

-- What pulses have sent is the day's audience too.
sent_today as (
    select campaign, count(*) as send_count
    from {{ ref('int_sends__recorded') }}
    where as_of_date = {{ as_of_date() }}
    group by campaign
),

-- One row per feed, loaded or not.
feeds as (
    {% for feed in feeds -%}
    select
        '{{ feed.gate }}' as gate,
        '{{ feed.source }}.{{ feed.table }}' as feed,
        '{{ feed.brings }}' as brings,
        {{ feed.limit }} as limit_hours,
        max(last_extract_on) as last_extract_on,
        coalesce(
            {{ as_of() }} <= cast(max(last_extract_on) as timestamp) + interval {{ feed.limit }} hour,
            {{ feed.may_be_missing | default(false) | lower }}
        ) as is_met,
        'landing/{{ feed.source }}/{{ feed.table }}/' as landing
    from {{ ref('int_feeds__loaded') }}
    where source_name = '{{ feed.source }}' and table_name = '{{ feed.table }}'
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

earlier_days as (
    select campaign, as_of_date, count(*) as send_count
    from {{ ref('int_sends__recorded') }}
    where {{ days_between('as_of_date', as_of_date()) }} between 1 and 28
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
        coalesce(sends.send_count, 0) + coalesce(sent_today.send_count, 0) as day_count,
        campaigns.maximum_audience,
        usual_audiences.send_count as usual_count,
        campaigns.audience_factor
    from campaigns
    left join sends on campaigns.campaign = sends.campaign
    left join sent_today on campaigns.campaign = sent_today.campaign
    left join usual_audiences on campaigns.campaign = usual_audiences.campaign
),

gates as (
    select
        audiences.campaign,
        audiences.send_count,
        feeds.gate,
        feeds.feed,
        feeds.is_met,
        feeds.feed || ' (' || feeds.brings || ') '
        || coalesce('was last loaded for ' || cast(feeds.last_extract_on as string), 'has never been loaded')
        || case
            when feeds.is_met then ''
            else
                ', and may be ' || cast(feeds.limit_hours as string)
                || ' hours old at most: who has said no since would be written to. Put its extract of '
                || cast({{ as_of_date() }} as string) || ' into ' || feeds.landing || cast({{ as_of_date() }} as string)
                || '/ (a file without rows, if there was nothing) and run this day again'
        end as detail
    from audiences
    cross join feeds

    union all

    select
        campaign,
        send_count,
        'audience_in_range',
        cast(null as string),
        day_count <= maximum_audience
        and coalesce(day_count <= usual_count * audience_factor, true)
        -- Only the whole day's audience can be too small.
        and {{ 'true' if is_pulse() else 'coalesce(day_count * audience_factor >= usual_count, true)' }},
        cast(day_count as string) || ' messages; at most ' || cast(maximum_audience as string)
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
    feed,
    send_count = 0 or is_met as is_passed,
    case when send_count = 0 then 'nothing to send' else detail end as detail
from gates
