select distinct
    a.customer_id as customer_id_a,
    b.customer_id as customer_id_b
from {{ ref('int_identity__overrides') }} as overrides
inner join {{ ref('int_identity__resolved') }} as a on overrides.node_a = a.node_id
inner join {{ ref('int_identity__resolved') }} as b on overrides.node_b = b.node_id
where a.customer_id <> b.customer_id
