# The entity that is judged.
package bylaw.lib.entity

import rego.v1

# Its canonical reference: component:default/orders.
ref := lower(concat("", [input.kind, ":", object.get(input.metadata, "namespace", "default"), "/", input.metadata.name]))

# Its relations by type, there and back. Import it by its own name (data.bylaw.lib.entity.relations): that is quicker.
relations := object.get(
	data.catalog.relations,
	lower(concat("", [input.kind, ":", object.get(input.metadata, "namespace", "default"), "/", input.metadata.name])),
	{},
)
