{# Fails with every publication that arrived short: the rows of a group of columns, or of a day in UTC, and how many there should be. #}
{% test publication_size(model, rows, columns=none, day_of=none) %}
{%- set group = columns | join(', ') if columns else utc_date(day_of) %}
select {{ group }}{{ ' as utc_date' if day_of }}, count(*) as rows_found, {{ rows }} as rows_expected
from {{ model }}
group by {{ group }}
having count(*) < {{ rows }}
{% endtest %}
