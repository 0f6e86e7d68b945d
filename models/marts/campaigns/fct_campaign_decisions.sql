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
        case when first_reasons.position is null then 'send' else coalesce(reasons.decision, 'suppress') end as decision,
        {{ hash_share("'variant|' || first_reasons.campaign || '|' || first_reasons.customer_id") }} as variant_share
    from first_reasons
    left join reasons on first_reasons.position = reasons.position
)

select
    decided.as_of_date,
    decided.campaign,
    decided.customer_id,
    decided.occasion_id,
    decided.decision,
    decided.reason,
    variants.variant,
    case when decided.decision = 'send' then decided.message_id end as message_id,
    case when decided.reason = 'lost_to_higher_priority' then decided.winning_campaign end as winning_campaign
from decided
left join {{ ref('dim_campaign_variants') }} as variants
    on decided.campaign = variants.campaign
    and decided.decision in ('send', 'hold_out')
    and decided.variant_share >= variants.share_from
    and decided.variant_share < variants.share_to
