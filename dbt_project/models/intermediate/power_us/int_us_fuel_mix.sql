{%- set columns = {
    'area': 'string', 'fuel': 'string', 'interval_start_at': 'timestamp', 'interval_end_at': 'timestamp', 'interval_minutes': 'integer',
    'delivery_date': 'date', 'mw': 'double', 'is_renewable': 'boolean'
} -%}
{%- set models = [
    ('pjm', 'stg_pjm__gen_by_fuel'), ('pjm', 'stg_pjm__wind_gen'), ('pjm', 'stg_pjm__solar_gen'), ('caiso', 'stg_caiso__outlook_fuel_mix'),
    ('nyiso', 'stg_nyiso__rtfuelmix'), ('isone', 'stg_isone__gen_fuel_mix'), ('spp', 'stg_spp__gen_mix')
] -%}
{{ union_in_columns(models, columns) }}
