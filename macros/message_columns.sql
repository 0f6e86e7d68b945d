{#- The columns every exp_<campaign> begins with, from fct_campaign_messages as `messages`, typed as their contract says. -#}
{% macro message_columns() -%}
    cast(messages.message_id as string) as message_id,
    cast(messages.campaign as string) as campaign,
    cast(messages.variant as string) as variant,
    cast(messages.customer_id as string) as customer_id,
    cast(messages.occasion_id as string) as occasion_id,
    cast(messages.as_of_date as date) as as_of_date,
    cast(messages.to_email as string) as to_email,
    cast(messages.to_name as string) as to_name,
    cast(messages.first_name as string) as first_name,
    cast(messages.language as string) as language,
    cast(messages.send_at as timestamp) as send_at,
    cast(messages.evidence as string) as evidence,
    cast(messages.consent_id as string) as consent_id,
    cast(messages.consent_source as string) as consent_source,
    cast(messages.consent_obtained_at as timestamp) as consent_obtained_at
{%- endmacro %}
