{%- set kept = ['market', 'run', 'location_id', 'location_type', 'interval_start_at', 'interval_end_at', 'interval_minutes',
    'delivery_date', 'hour_label', 'source_file'] -%}
{%- for name in ['da_expost_lmp', 'da_exante_lmp', 'rt_lmp_final', 'rt_lmp_prelim'] %}
{{ components_in_columns(ref('stg_miso__' ~ name), kept) }}
{{ 'union all' if not loop.last }}
{%- endfor %}
