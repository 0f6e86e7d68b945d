with events as (

    select * from {{ ref('stg_web__events') }} where extract_date >= {{ as_of_date() }}

),

identities as (

    select * from {{ ref('int_identity__resolved') }}

),

-- Who names themselves in the new events, and on which device or with which cart.
named as (

    {% for identifier_type, column in {'user_id': 'user_id', 'email': 'email', 'phone': 'phone'}.items() -%}
    select events.visitor_id, events.cart_id, identities.customer_id, identities.customer_created_on
    from events
    inner join identities on {{ node_id(identifier_type, 'events.' ~ column) }} = identities.node_id
    where not {{ is_blocked(identifier_type, 'events.' ~ column) }}
    {{ 'union' if not loop.last }}
    {% endfor %}

),

-- A device that was nobody's so far may become somebody's; one that was a person's stays theirs.
persons as (

    select distinct customer_id
    from identities
    where split_part(node_id, ':', 1) not in ('anonymous_id', 'cart_token')

),

devices as (

    select visitor_id, customer_id, customer_created_on from named where visitor_id is not null
    union
    select events.visitor_id, identities.customer_id, identities.customer_created_on
    from events
    inner join identities on {{ node_id('anonymous_id', 'events.visitor_id') }} = identities.node_id
    semi join persons on identities.customer_id = persons.customer_id

),

carts as (

    select distinct cart_id, visitor_id from events where cart_id is not null

),

led_to as (

    select {{ node_id('anonymous_id', 'visitor_id') }} as node_id, customer_id, customer_created_on
    from devices
    where not {{ is_blocked('anonymous_id', 'visitor_id') }}

    union

    select {{ node_id('cart_token', 'cart_id') }}, customer_id, customer_created_on
    from named
    where cart_id is not null and not {{ is_blocked('cart_token', 'cart_id') }}

    union

    select {{ node_id('cart_token', 'carts.cart_id') }}, devices.customer_id, devices.customer_created_on
    from carts
    inner join devices on carts.visitor_id = devices.visitor_id
    where not {{ is_blocked('cart_token', 'carts.cart_id') }} and not {{ is_blocked('anonymous_id', 'carts.visitor_id') }}

)

-- What leads to several people is nobody's until the graph has been made anew.
select
    node_id,
    min(customer_id) as customer_id,
    min(customer_created_on) as customer_created_on
from led_to
anti join identities on led_to.node_id = identities.node_id
group by node_id
having count(distinct customer_id) = 1
