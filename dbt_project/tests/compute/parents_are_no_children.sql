-- A key goes by its parent's name at once: what a parent is mapped to in its turn would not be followed.
select children.source_uuid, children.label_key, children.parent_key, parents.parent_key as its_parent
from {{ ref('int_enabled_label_key') }} as children
inner join {{ ref('int_enabled_label_key') }} as parents
    on parents.source_uuid = children.source_uuid
    and parents.label_key = children.parent_key
where parents.parent_key is not null
