# The length of texts. count() is not it: of the characters that Unicode has numbered above FFFF, such as 🙂, one engine
# counts each as two.
package bylaw.lib.texts

import rego.v1

# How many characters a text has.
length(text) := count(regex.replace(text, `[\x{10000}-\x{10FFFF}]`, "?"))

# Whether a text has fewer.
is_shorter(text, characters) if {
	count(text) < 2 * characters # quickly false for most
	length(text) < characters
}

# The texts of a mapping that have more: {name: length}. Anything but a mapping has none.
longer_texts(mapping, characters) := {name: size |
	is_object(mapping)
	some name, text in mapping
	is_string(text)
	count(text) > characters # quickly false for most
	size := length(text)
	size > characters
}

# The names of a mapping that have more, likewise.
longer_names(mapping, characters) := {name: size |
	is_object(mapping)
	some name, _ in mapping
	count(name) > characters
	size := length(name)
	size > characters
}
