{%- set columns = {
    'series': 'string', 'area': 'string', 'area_id': 'string', 'zone': 'string', 'published_at': 'timestamp', 'published_date': 'date',
    'interval_start_at': 'timestamp', 'interval_end_at': 'timestamp', 'interval_minutes': 'integer', 'delivery_date': 'date', 'mw': 'double',
    'is_verified': 'boolean'
} -%}
{%- set models = [
    ('pjm', 'stg_pjm__hrl_load_metered'), ('pjm', 'stg_pjm__inst_load'), ('pjm', 'stg_pjm__load_frcstd_7_day'),
    ('caiso', 'stg_caiso__sld_fcst'), ('caiso', 'stg_caiso__outlook_demand'), ('nyiso', 'stg_nyiso__pal'),
    ('nyiso', 'stg_nyiso__pal_integrated'), ('nyiso', 'stg_nyiso__isolf'), ('ercot', 'stg_ercot__load_by_weather_zone'),
    ('isone', 'stg_isone__hourly_load'), ('isone', 'stg_isone__hourly_load_forecast'), ('spp', 'stg_spp__hourly_load')
] -%}
{{ union_in_columns(models, columns) }}
