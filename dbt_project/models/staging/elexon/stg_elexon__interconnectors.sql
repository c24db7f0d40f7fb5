-- Rendered from loaders/sources/elexon/datasets/interconnectors.yml; change that and run `task render`.
select
    interconnector_id,
    interconnector_name,
    bidding_zone_eic
from {{ source('elexon', 'interconnectors') }}
