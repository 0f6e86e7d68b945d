with weights as (
    {% for campaign in var('campaigns') -%}
    {% set last_campaign = loop.last -%}
    {% for variant, weight in (policy('cmp_' ~ campaign, 'variants') or {}).items() -%}
    select
        cast('{{ campaign }}' as string) as campaign,
        cast('{{ variant }}' as string) as variant,
        {{ loop.index }} as position,
        cast({{ weight }} as int) as weight
    {{ 'union all' if not (loop.last and last_campaign) }}
    {% endfor -%}
    {% endfor %}
),

running as (
    select
        weights.*,
        sum(weight) over (partition by campaign order by position asc nulls last) as reached,
        sum(weight) over (partition by campaign) as total
    from weights
)

select
    campaign,
    variant,
    weight,
    cast(reached - weight as double) / cast(total as double) as share_from,
    cast(reached as double) / cast(total as double) as share_to
from running
