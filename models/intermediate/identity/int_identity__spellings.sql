{{ config(materialized='view') }}

select 'email' as identifier_type, email as stated_value, coalesce(email_key, email) as identifier_value
from {{ ref('int_identity__emails') }}

union all

select 'phone', phone, coalesce(phone_key, phone)
from {{ ref('int_identity__phones') }}
