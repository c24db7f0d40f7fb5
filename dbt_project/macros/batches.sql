{# Days of a batch, for models that must look beyond it: dbt's own filter would cut off what reaches in from the day before, and cut
   instants at midnight UTC instead of London's. Read such a parent as `ref('x').render()`, which dbt leaves unfiltered. #}

{# True for the calendar days of the batch, and some around it. True for all where nothing is built in batches. #}
{% macro in_batch(day, days_before=0, days_after=0) -%}
    {%- if model.batch -%}
    ({{ day }} >= date '{{ (model.batch.event_time_start - modules.datetime.timedelta(days=days_before)).date() }}'
    and {{ day }} < date '{{ (model.batch.event_time_end + modules.datetime.timedelta(days=days_after)).date() }}')
    {%- else -%}
    true
    {%- endif -%}
{%- endmacro %}

{# The same for instants: days are those of UTC. #}
{% macro instant_in_batch(instant, days_before=0, days_after=0) -%}
    {%- if model.batch -%}
    ({{ instant }} >= cast('{{ (model.batch.event_time_start - modules.datetime.timedelta(days=days_before)).date() }} 00:00:00+00:00' as {{ type_instant() }})
    and {{ instant }} < cast('{{ (model.batch.event_time_end + modules.datetime.timedelta(days=days_after)).date() }} 00:00:00+00:00' as {{ type_instant() }}))
    {%- else -%}
    true
    {%- endif -%}
{%- endmacro %}
