-- HubSpot exports its own spelling, europe_slash_berlin.
with customers as (
    select
        customer_id,
        country_code,
        lower(replace(timezone, '_slash_', '/')) as stated_time_zone
    from {{ ref('dim_customers') }}
),

shop as (
    select max(time_zone) as time_zone
    from {{ ref('country_time_zones') }}
    where country_code = 'ZZ'
)

select
    customers.customer_id,
    coalesce(own.time_zone, countries.time_zone, shop.time_zone) as time_zone,
    case
        when own.time_zone is not null then 'customer'
        when countries.time_zone is not null then 'country'
        else 'shop'
    end as taken_from
from customers
cross join shop
left join {{ ref('time_zones') }} as own on customers.stated_time_zone = lower(own.time_zone)
left join {{ ref('country_time_zones') }} as countries on customers.country_code = countries.country_code
