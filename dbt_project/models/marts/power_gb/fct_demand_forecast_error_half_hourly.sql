-- A view: the rows are stored once, by the model below, which the accuracy by month reads too.
{{ config(materialized='view') }}

select
    demand,
    settlement_date,
    settlement_period,
    horizon,
    period_start_at,
    forecast_published_at,
    forecast_mw,
    outturn_mw,
    error_mw
from {{ ref('int_demand_forecast_errors') }}
