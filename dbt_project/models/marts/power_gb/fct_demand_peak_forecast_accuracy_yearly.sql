select
    demand,
    span,
    {{ year_of('first_date') }} as settlement_year,
    lead_time,
    {{ forecast_accuracy('error_mw', 'outturn_mw') }}
from {{ ref('int_demand_peak_forecast_errors') }}
where error_mw is not null
group by demand, span, {{ year_of('first_date') }}, lead_time
