with quiet_hours as (
    select
        message_class,
        {{ minute_of_day('quiet_from') }} as quiet_from,
        {{ minute_of_day('quiet_until') }} as quiet_until
    from {{ ref('quiet_hours') }}
    where message_class = 'marketing'
),

zones as (
    select distinct time_zone
    from {{ ref('dim_customer_time_zones') }}
),

starts as (
    select
        campaigns.campaign,
        zones.time_zone,
        {{ minute_of_day('campaigns.send_at_local') }} as wanted_minute,
        quiet_hours.quiet_from,
        quiet_hours.quiet_until,
        {{ dbt.dateadd('minute', 'campaigns.send_delay_minutes', as_of()) }} as earliest_at
    from {{ ref('dim_campaigns') }} as campaigns
    cross join zones
    left join quiet_hours on campaigns.message_class = quiet_hours.message_class
),

wanted as (
    select
        starts.*,
        case
            when wanted_minute is null then earliest_at
            else {{ next_local_time('earliest_at', 'wanted_minute', 'time_zone') }}
        end as wanted_at
    from starts
),

clocks as (
    select wanted.*, {{ local_time('wanted_at', 'time_zone') }} as shown_at
    from wanted
),

minutes as (
    select
        clocks.*,
        cast(extract(hour from shown_at) as int) * 60 + cast(extract(minute from shown_at) as int) as shown_minute
    from clocks
),

-- Quiet hours run past midnight where they end before they begin.
waits as (
    select
        minutes.*,
        case
            when quiet_from < quiet_until then shown_minute >= quiet_from and shown_minute < quiet_until
            else shown_minute >= quiet_from or shown_minute < quiet_until
        end as is_quiet
    from minutes
)

select
    campaign,
    time_zone,
    case
        when is_quiet then {{ next_local_time('wanted_at', 'quiet_until', 'time_zone') }}
        else wanted_at
    end as send_at
from waits
