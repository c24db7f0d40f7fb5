{# Fails with every grain that occurs more than once and how often. Grouping holds nulls equal, so a nullable column may be part of it. #}
{% test unique_grain(model, columns, where=none) %}
select {{ columns | join(', ') }}, count(*) as occurrences
from {{ model }}
{% if where %}where {{ where }}{% endif %}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
