"""The tables of a snapshot.

A node is a ref, borne by an entity (then it has a kind, and the namespace and name as they are spelt) or only named by
one. Nodes are numbered in the order of the refs, documents in the order of the catalog: of those of one node the first
is the entity. A block holds a few documents, from the one on whose number it has. ``back`` says that the target of an
edge, and not its source, is the entity whose field says it. The home of a place is a repository, or ``''`` for the one
that the snapshot was made of, or ``file:`` for the machine. Annotations stand together by key, some thousands at once.
"""

from __future__ import annotations

PAGE = 16384
"""Bytes of a page: in smaller ones, blocks leave much room unused."""

TABLES = """
CREATE TABLE about (name TEXT PRIMARY KEY, said BLOB NOT NULL);
CREATE TABLE kind (id INTEGER PRIMARY KEY, name TEXT NOT NULL, entities INTEGER NOT NULL);
CREATE TABLE node (id INTEGER PRIMARY KEY, ref TEXT NOT NULL, kind INTEGER, namespace TEXT, name TEXT);
CREATE TABLE document (node INTEGER, id INTEGER, PRIMARY KEY (node, id)) WITHOUT ROWID;
CREATE TABLE block (document INTEGER PRIMARY KEY, said BLOB NOT NULL);
CREATE TABLE relation (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE edge (source INTEGER, relation INTEGER, target INTEGER, back INTEGER,
  PRIMARY KEY (source, relation, target, back)) WITHOUT ROWID;
CREATE TABLE home (id INTEGER PRIMARY KEY, repository TEXT NOT NULL UNIQUE);
CREATE TABLE place (home INTEGER, path TEXT, document INTEGER, branch TEXT,
  PRIMARY KEY (home, path, document)) WITHOUT ROWID;
CREATE TABLE annotation (id INTEGER PRIMARY KEY, key TEXT NOT NULL, said BLOB NOT NULL);
"""

INDEXES = """
CREATE UNIQUE INDEX node_ref ON node (ref);
CREATE INDEX node_kind ON node (kind) WHERE kind IS NOT NULL;
CREATE INDEX annotation_key ON annotation (key);
"""

OWN = ""
"""The home of the files of the checkout that a snapshot was made of."""
MACHINE = "file:"
"""The home of files by their absolute paths."""
