-- Of several carts left behind, the one changed last says why.
select
    customer_id,
    {{ json_text({
        'segment': "'cart_abandoners'",
        'occasion_id': 'occasion_id',
        'abandoned_at': 'cast(occurred_at as string)',
    }) }} as evidence
from {{ ref('fct_trigger_occasions') }}
where
    trigger_name = 'cart_abandoned'
    and status in ('due', 'expired')
    and fulfilled_at is null
    and {{ in_last('occurred_at', '7 day') }}
qualify
    row_number() over (
        partition by customer_id
        order by occurred_at desc nulls last, occasion_id asc nulls last
    ) = 1
