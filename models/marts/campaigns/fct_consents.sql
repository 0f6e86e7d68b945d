select
    customer_id,
    purpose,
    status,
    consent_id,
    source as consent_source,
    obtained_at as consent_obtained_at,
    expires_at as consent_expires_at,
    proof as consent_proof
from {{ ref('int_consent__resolved') }}
