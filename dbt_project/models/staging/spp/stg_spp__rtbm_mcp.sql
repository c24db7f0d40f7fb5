-- Rendered from loaders/sources/spp/datasets/rtbm_mcp.yml; change that and run `task render`.
select
    market,
    run,
    region,
    interval_start_at,
    interval_end_at,
    interval_minutes,
    delivery_date,
    hour_label,
    reg_up_usd_per_mw,
    reg_down_usd_per_mw,
    reg_up_mileage_usd_per_mw,
    reg_down_mileage_usd_per_mw,
    spin_usd_per_mw,
    supplemental_usd_per_mw,
    ramp_up_usd_per_mw,
    ramp_down_usd_per_mw,
    uncertainty_up_usd_per_mw,
    source_file,
    source_sha256
from {{ source('spp', 'rtbm_mcp') }}
