-- A view: the rows are stored once, by the model below, which the accuracy by year reads too.
{{ config(materialized='view') }}

select
    demand,
    first_date as settlement_date,
    lead_time as days_ahead,
    forecast_published_at,
    forecast_mw,
    outturn_mw,
    error_mw
from {{ ref('int_demand_peak_forecast_errors') }}
where span = 'day'
