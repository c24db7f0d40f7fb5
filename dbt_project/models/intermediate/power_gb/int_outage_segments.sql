-- Of a message the highest revision stands, and of that what was not withdrawn: an inactive one is about an outage that is over.
with ranked as (
    select
        mrid,
        affected_unit,
        asset_id,
        event_type,
        unavailability_type,
        fuel_type,
        normal_capacity_mw,
        available_capacity_mw,
        unavailable_capacity_mw,
        event_status,
        event_start_at,
        event_end_at,
        outage_profile,
        row_number() over (partition by mrid order by revision_number desc, published_at desc) as place
    from {{ ref('stg_elexon__remit') }}
    where event_type like '%unavailability'
),

standing as (select * from ranked where place = 1 and coalesce(event_status, 'Active') <> 'Dismissed'),

profiled as (
    {{ json_record_rows('standing', ['mrid', 'available_capacity_mw + unavailable_capacity_mw as whole_mw'], 'outage_profile', {
        'startTime': ('from_at', type_instant()),
        'endTime': ('to_at', type_instant()),
        'capacity': ('left_mw', type_double()),
    }) }}
),

-- A message without a profile loses the same capacity from its start to its end.
segments as (
    select mrid, from_at, to_at, greatest(whole_mw - left_mw, 0) as unavailable_mw from profiled
    union all
    select mrid, event_start_at, event_end_at, unavailable_capacity_mw
    from standing
    where mrid not in (select mrid from profiled)
)

-- Participants name a unit as the system operator does, or as Elexon does: one name for both.
select
    segments.mrid,
    coalesce(by_operator.national_grid_bm_unit, by_elexon.national_grid_bm_unit, standing.affected_unit) as affected_unit,
    standing.event_type,
    standing.unavailability_type,
    coalesce(by_operator.fuel_type, by_elexon.fuel_type) as fuel_type,
    standing.fuel_type as fuel_name,
    standing.normal_capacity_mw,
    segments.from_at,
    segments.to_at,
    segments.unavailable_mw
from segments
inner join standing on standing.mrid = segments.mrid
left join {{ ref('int_bm_units_registered') }} as by_operator on by_operator.national_grid_bm_unit = standing.affected_unit
left join {{ ref('int_bm_units_registered') }} as by_elexon on by_elexon.elexon_bm_unit = standing.affected_unit
where segments.from_at < segments.to_at and segments.unavailable_mw > 0
