select
    components.node_id,
    assigned.customer_id,
    assigned.customer_created_on
from {{ ref('int_identity__components') }} as components
inner join {{ ref('int_identity__assigned') }} as assigned on components.component_id = assigned.component_id
