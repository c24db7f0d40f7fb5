{# Postgres: replace the batch's window, as DuckDB and BigQuery do. As shipped it merges on a key, so rows that vanished would stay. #}
{% macro postgres__get_incremental_microbatch_sql(arg_dict) %}
    {%- set column = config.get('event_time') -%}
    {%- set names = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    delete from {{ arg_dict['target_relation'] }}
    where {{ column }} >= '{{ model.batch.event_time_start }}' and {{ column }} < '{{ model.batch.event_time_end }}';

    insert into {{ arg_dict['target_relation'] }} ({{ names }})
    select {{ names }} from {{ arg_dict['temp_relation'] }};
{% endmacro %}


{# Settings of a model that is built a month at a time: config(**monthly_batches('settlement_date')). #}
{% macro monthly_batches(event_time, cluster_by=none, data_type='date') %}
    {{ return({
        'materialized': 'incremental',
        'incremental_strategy': 'microbatch',
        'event_time': event_time,
        'begin': var('history_begins'),
        'batch_size': 'month',
        'lookback': 1,
        'concurrent_batches': false,
        'on_schema_change': 'fail',
        'partition_by': monthly_partition(event_time, data_type),
        'cluster_by': cluster_by if target.type == 'bigquery' else none,
    }) }}
{% endmacro %}

{# BigQuery replaces batches as partitions and demands them; DuckDB reads the same setting as a path layout and refuses it. #}
{% macro monthly_partition(column, data_type='date') %}
    {{ return({'field': column, 'data_type': data_type, 'granularity': 'month'} if target.type == 'bigquery' else none) }}
{% endmacro %}
