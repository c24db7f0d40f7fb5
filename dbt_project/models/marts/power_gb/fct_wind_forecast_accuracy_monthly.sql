select
    {{ month_of('settlement_date') }} as settlement_month,
    horizon,
    {{ forecast_accuracy('error_mw', 'outturn_mw') }}
from {{ ref('int_wind_forecast_errors') }}
where error_mw is not null
group by {{ month_of('settlement_date') }}, horizon
