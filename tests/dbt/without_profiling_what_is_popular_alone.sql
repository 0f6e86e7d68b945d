{{ config(meta={'dagster': {'ref': {'name': 'fct_recommendations'}}}) }}
-- Whoever has not consented to profiling is shown what everybody is: the most popular, in one order for all of a list.
select recommendations.message_id
from {{ ref('fct_recommendations') }} as recommendations
anti join (
    select customer_id from {{ ref('fct_consents') }} where purpose = 'profiling' and status = 'granted'
) as profiled on recommendations.customer_id = profiled.customer_id
where recommendations.strategy <> 'popular'

union all

select max(recommendations.message_id)
from {{ ref('fct_recommendations') }} as recommendations
anti join (
    select customer_id from {{ ref('fct_consents') }} where purpose = 'profiling' and status = 'granted'
) as profiled on recommendations.customer_id = profiled.customer_id
group by recommendations.campaign, recommendations.list_name, recommendations.position
having count(distinct recommendations.product_id) > 1
