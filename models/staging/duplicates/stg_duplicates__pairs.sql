select
    as_of_date,
    contact_id_a,
    contact_id_b,
    match_probability,
    match_weight,
    reasons
from {{ published_before('duplicates', 'duplicate_pairs') }}
