{# Counted while dbt compiles, without a query: from the first day of history to the end of next year. #}
{%- set first = modules.datetime.date.fromisoformat(var('history_begins')) -%}
{%- set last = modules.datetime.date(run_started_at.year + 1, 12, 31) -%}

with numbers as ({{ number_rows(0, (last - first).days) }})

select date '{{ first }}' + cast(n as integer) as settlement_date
from numbers
