{# Postgres: replace the batch's window, as DuckDB and BigQuery do. As shipped it merges on a key, so rows that vanished would stay. #}
{% macro postgres__get_incremental_microbatch_sql(arg_dict) %}
    {%- set column = config.get('event_time') -%}
    {%- set names = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    delete from {{ arg_dict['target_relation'] }}
    where {{ column }} >= '{{ model.batch.event_time_start }}' and {{ column }} < '{{ model.batch.event_time_end }}';

    insert into {{ arg_dict['target_relation'] }} ({{ names }})
    select {{ names }} from {{ arg_dict['temp_relation'] }};
{% endmacro %}


{# BigQuery replaces batches as partitions and demands them; DuckDB reads the same setting as a path layout and refuses it. #}
{% macro monthly_partition(column) %}
    {{ return({'field': column, 'data_type': 'date', 'granularity': 'month'} if target.type == 'bigquery' else none) }}
{% endmacro %}
