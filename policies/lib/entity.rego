# The entity that is judged.
package bylaw.lib.entity

import rego.v1

# Its canonical reference: component:default/orders.
ref := lower(concat("", [input.kind, ":", object.get(input.metadata, "namespace", "default"), "/", input.metadata.name]))

# Its relations by type, there and back.
relations := object.get(
	data.catalog.relations,
	lower(concat("", [input.kind, ":", object.get(input.metadata, "namespace", "default"), "/", input.metadata.name])),
	{},
)
