-- A view: the rows are stored once, by the model below, which the accuracy by month reads too.
{{ config(materialized='view') }}

select
    hour_start_at,
    horizon,
    settlement_date,
    forecast_published_at,
    forecast_mw,
    outturn_mw,
    error_mw
from {{ ref('int_wind_forecast_errors') }}
