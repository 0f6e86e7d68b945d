with sources as (
    select
        cast(null as string) as campaign,
        cast(null as string) as segment,
        cast(null as int) as position
    where false
    {% for campaign in var('campaigns') -%}
    {% for segment in policy('cmp_' ~ campaign, 'segments', []) or [] -%}
    union all
    select '{{ campaign }}', '{{ segment }}', {{ loop.index }}
    {% endfor -%}
    {% endfor %}
)

select * from sources
