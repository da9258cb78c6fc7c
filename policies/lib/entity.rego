# Entities. Functions, because what they give costs a rule of another package four times as much as a value.
package bylaw.lib.entity

import rego.v1

# The canonical reference of an entity: component:default/orders.
ref(entity) := lower(concat("", [entity.kind, ":", object.get(entity.metadata, "namespace", "default"), "/", entity.metadata.name]))

# Its relations by type, there and back.
relations(entity) := object.get(data.catalog.relations, ref(entity), {})
