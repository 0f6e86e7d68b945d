with uses as (
    select segment, 'campaign' as used_by_kind, campaign as used_by
    from {{ ref('dim_campaign_segments') }}
    {%- for node in (graph.nodes.values() if execute else []) if node.resource_type == 'model' and node.name.startswith('jrn_') %}
    {%- for segment in named_under(node.config.meta, 'in_segment') | unique | sort %}
    union all
    select '{{ segment }}', 'journey', '{{ node.name[4:] }}'
    {%- endfor %}
    {%- endfor %}
)

select
    cast(segment as string) as segment,
    cast(used_by_kind as string) as used_by_kind,
    cast(used_by as string) as used_by
from uses
