{#- Fails for every combination of `columns` that one of the two relations has and the other has not. -#}
{% test has_same_keys_as(model, to, columns) %}
(
    select {{ columns | join(', ') }} from {{ model }}
    except
    select {{ columns | join(', ') }} from {{ to }}
)
union all
(
    select {{ columns | join(', ') }} from {{ to }}
    except
    select {{ columns | join(', ') }} from {{ model }}
)
{% endtest %}
