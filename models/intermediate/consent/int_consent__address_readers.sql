-- Besides those the identity graph ties to an address, whoever a message would go to at it: a cut in the graph frees no one.
select email, customer_id from {{ ref('int_identity__email_holders') }}
union
select email, customer_id from {{ ref('int_customers__profiles_resolved') }} where email is not null
