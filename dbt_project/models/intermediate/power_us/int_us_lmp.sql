{%- set columns = {
    'market': 'string', 'run': 'string', 'location_id': 'string', 'location_name': 'string', 'location_type': 'string', 'zone': 'string',
    'voltage': 'string', 'equipment': 'string', 'interval_start_at': 'timestamp', 'interval_end_at': 'timestamp',
    'interval_minutes': 'integer', 'delivery_date': 'date', 'hour_label': 'string', 'lmp_usd_per_mwh': 'double',
    'energy_usd_per_mwh': 'double', 'congestion_usd_per_mwh': 'double', 'loss_usd_per_mwh': 'double', 'ghg_usd_per_mwh': 'double',
    'version_nbr': 'integer', 'is_current': 'boolean', 'source_file': 'string'
} -%}
{%- set models = [
    ('pjm', 'stg_pjm__da_hrl_lmps'), ('pjm', 'stg_pjm__rt_hrl_lmps'), ('pjm', 'stg_pjm__rt_fivemin_hrl_lmps'),
    ('pjm', 'stg_pjm__rt_unverified_fivemin_lmps'), ('caiso', 'int_caiso_lmp'), ('nyiso', 'stg_nyiso__damlbmp'),
    ('nyiso', 'stg_nyiso__rtlbmp'), ('nyiso', 'stg_nyiso__realtime'), ('ercot', 'stg_ercot__dam_spp'), ('ercot', 'stg_ercot__rt_spp'),
    ('ercot', 'stg_ercot__sced_lmp'), ('miso', 'int_miso_lmp'), ('miso', 'stg_miso__lmp_5min'), ('isone', 'stg_isone__da_lmp'),
    ('isone', 'stg_isone__rt_lmp'), ('isone', 'stg_isone__rt_5min_lmp'), ('spp', 'stg_spp__da_lmp'), ('spp', 'stg_spp__rtbm_lmp')
] -%}
-- depends_on: {{ ref('int_caiso_lmp') }}
{{ union_in_columns(models, columns) }}
