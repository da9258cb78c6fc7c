# What the library `catalog` of a ConstraintTemplate is here. In Gatekeeper it reads the objects of kind Catalog that are
# synced; bylaw has the catalog itself, in data.catalog, and puts this in place of any library of that package.
package lib.catalog

known if data.catalog.entities

complete if data.catalog.complete == true

entity(ref) := data.catalog.entities[ref]

related(ref, type) := {other | some other in data.catalog.relations[ref][type]}

ancestors(ref) := {group | some group in data.catalog.groups[ref].ancestors}

with_id(id) := {ref | some ref in data.catalog.kubernetes_ids[id]}
