-- Rendered from loaders/sources/elexon/datasets/fuel_types.yml; change that and run `task render`.
select
    fuel_type_code
from {{ source('elexon', 'fuel_types') }}
