{%- set kept = ['market', 'run', 'location_id', 'location_type', 'interval_start_at', 'interval_end_at', 'interval_minutes',
    'delivery_date', 'hour_label', 'source_file'] -%}
{%- for name in ['prc_lmp', 'prc_hasp_lmp', 'prc_rtpd_lmp', 'prc_intvl_lmp'] %}
{{ components_in_columns(ref('stg_caiso__' ~ name), kept) }}
{{ 'union all' if not loop.last }}
{%- endfor %}
