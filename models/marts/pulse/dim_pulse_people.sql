{{ config(tags=['pulse']) }}

with seen as (
    select identities.customer_id
    from {{ ref('int_identity__resolved') }} as identities
    inner join {{ ref('int_pulse__identifiers') }} as identifiers on identities.node_id = identifiers.node_id
),

waiting as (
    select customer_id
    from {{ ref('fct_trigger_occasions') }}
    where trigger_name in ('{{ of_this_run('triggers') | join("', '") }}') and expires_at > {{ as_of() }} - interval 1 day
    union
    select customer_id
    from {{ ref('int_journeys__recorded') }}
    where status = 'running'
),

concerned as (
    select customer_id from seen
    union
    select customer_id from waiting where customer_id is not null
),

-- What somebody else at the same address was sent counts towards their cap.
addresses as (
    select customers.email
    from {{ ref('dim_customers') }} as customers
    semi join concerned on customers.customer_id = concerned.customer_id
    where customers.email is not null
)

select customer_id from concerned
union
select customers.customer_id
from {{ ref('dim_customers') }} as customers
semi join addresses on customers.email = addresses.email
