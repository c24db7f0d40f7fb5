{{ label_dictionary([
    (ref('stg_openshift__storage_usage'), 'persistentvolume_labels'),
    (ref('stg_openshift__storage_usage'), 'persistentvolumeclaim_labels'),
    (ref('stg_openshift__node_labels'), 'node_labels'),
    (ref('stg_openshift__namespace_labels'), 'namespace_labels'),
]) }}
