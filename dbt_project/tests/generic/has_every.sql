{# Fails with what stands in `of` and not in the model: a range of batches that was too narrow must not lose days in silence. #}
{% test has_every(model, columns, of) %}
with expected as (select distinct {{ columns | join(', ') }} from {{ of }}),

present as (select distinct {{ columns | join(', ') }}, true as is_present from {{ model }})

select {% for column in columns %}expected.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
from expected
left join present
    on {% for column in columns %}present.{{ column }} = expected.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}
where present.is_present is null
{% endtest %}
