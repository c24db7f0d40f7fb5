-- More than 200 enabled keys are refused by those who publish the reports' tools; rows multiply with every key.
select source_uuid, count(*) as label_keys
from {{ ref('int_enabled_label_key') }}
where label_key <> 'vm_kubevirt_io_name'
group by source_uuid
having count(*) > 200
