-- Of a product category, a customer is in one stage segment: what comes out is who is in several.
select customer_id, subject
from {{ ref('fct_segment_memberships') }}
where is_member and segment in ('stage_viewed', 'stage_in_cart', 'stage_bought')
group by customer_id, subject
having count(*) > 1
