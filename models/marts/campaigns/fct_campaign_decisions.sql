{% set reasons = decision_checks() + ['lost_to_higher_priority'] -%}

with checks as (
    select * from {{ ref('fct_campaign_checks') }}
),

reasons as (
    select * from {{ ref('decision_reasons') }}
),

-- A reason the seed lacks comes before all others and has no name: its candidates are stopped, and a test says so.
positions as (
    select
        {% for reason in reasons -%}
        coalesce(min(position) filter (where reason = '{{ reason }}'), -1) as {{ reason }}{{ ',' if not loop.last }}
        {% endfor %}
    from reasons
),

first_reasons as (
    select
        checks.*,
        least(
            {% for reason in reasons -%}
            case when checks.is_{{ reason }} then positions.{{ reason }} end{{ ',' if not loop.last }}
            {% endfor %}
        ) as position
    from checks
    cross join positions
),

decided as (
    select
        first_reasons.*,
        reasons.reason,
        case when first_reasons.position is null then 'send' else coalesce(reasons.decision, 'suppress') end as decision
    from first_reasons
    left join reasons on first_reasons.position = reasons.position
),

-- Who is not measured has no variant, and no hash is worked out for them.
drawn as (
    select
        decided.*,
        case
            when decision <> 'suppress'
                then {{ hash_share("'variant|' || campaign || '|' || customer_id") }}
        end as variant_share
    from decided
)

select
    drawn.as_of_date,
    drawn.campaign,
    drawn.customer_id,
    drawn.occasion_id,
    drawn.decision,
    drawn.reason,
    variants.variant,
    case when drawn.decision = 'send' then drawn.message_id end as message_id,
    case when drawn.reason = 'lost_to_higher_priority' then drawn.winning_campaign end as winning_campaign
from drawn
left join {{ ref('dim_campaign_variants') }} as variants
    on drawn.campaign = variants.campaign
    and drawn.variant_share >= variants.share_from
    and drawn.variant_share < variants.share_to
