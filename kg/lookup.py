"""Look a concept up by name in a store of any size: every query goes by an index, nothing is loaded."""

from graphtune.kg.names import normalize_name
from graphtune.kg.schema import Row
from graphtune.kg.store import GraphStore
from graphtune.records import ROLES, Concept

#: Characters of context on each side of a mention.
CONTEXT = 60
#: Names that share less than this (0 to 100, edit distance) with what was asked are not near.
MIN_SIMILARITY = 70
_STRENGTH = " ".join(f"WHEN '{role}' THEN {rank}" for rank, role in enumerate(ROLES))


def find_concepts(store: GraphStore, name: str) -> list[Concept]:
    """Return the concepts with this id, name or alias, by id; more than one where a name is shared."""
    form = normalize_name(name)
    rows = store.db.execute(
        "SELECT concept_id FROM names WHERE form = ? "
        "UNION SELECT id FROM concepts WHERE id IN (?, ?) ORDER BY 1",
        [form, form, name],
    ).fetchall()
    found = [read_concept(store, key) for (key,) in rows]
    return [concept for concept in found if concept]


def read_concept(store: GraphStore, concept_id: str) -> Concept | None:
    """Return a concept with its aliases, or None where there is none with this id."""
    aliases = store.db.execute(
        "SELECT alias FROM aliases WHERE concept_id = ? ORDER BY alias", [concept_id]
    )
    names = tuple(alias for (alias,) in aliases)
    rows = store.db.query("SELECT * FROM concepts WHERE id = ?", [concept_id])
    return next((Concept(**row, aliases=names) for row in rows), None)


def read_relations_of(store: GraphStore, concept_id: str, limit: int = 100) -> list[Row]:
    """Return the relations of a concept, both ways, those it is the source of first.

    Each row has the fields of `Relation`, the names of both ends (`source_name`, `target_name`), and,
    where there is evidence, its `quote`, the paper's `title` and the `page` the passage begins on.
    """
    order = "{0}source <> :id, {0}type, {0}target, {0}source, {0}chunk_id, {0}start"
    return list(
        store.db.query(
            "SELECT r.*, s.name AS source_name, t.name AS target_name, documents.title, "
            'substr(chunks.text, r.start + 1, r."end" - r.start) AS quote, page_start AS page '
            "FROM (SELECT * FROM (SELECT * FROM relations WHERE source = :id UNION ALL "
            "SELECT * FROM relations WHERE target = :id AND source <> :id) "
            f"ORDER BY {order.format('')} LIMIT :limit) AS r "
            "JOIN concepts s ON s.id = r.source JOIN concepts t ON t.id = r.target "
            "LEFT JOIN chunks ON chunks.id = r.chunk_id "
            "LEFT JOIN documents ON documents.id = chunks.document_id "
            f"ORDER BY {order.format('r.')}",
            {"id": concept_id, "limit": limit},
        )
    )


def read_mentions_of(store: GraphStore, concept_id: str, limit: int = 100) -> list[Row]:
    """Return the mentions of a concept, strongest roles first.

    Each row has the fields of `Mention`, `document_id`, the paper's `title`, the section path
    (`heading`), the `page` the passage begins on, and the mention with its `context`.
    """
    return list(
        store.db.query(
            "SELECT m.*, document_id, title, heading, page_start AS page, substr(chunks.text, "
            f'max(m.start - {CONTEXT}, 0) + 1, m."end" - max(m.start - {CONTEXT}, 0) + {CONTEXT}) '
            "AS context FROM (SELECT * FROM mentions WHERE concept_id = :id "
            f"ORDER BY CASE role {_STRENGTH} END, chunk_id, start LIMIT :limit) AS m "
            "JOIN chunks ON chunks.id = m.chunk_id "
            "JOIN documents ON documents.id = document_id "
            f"ORDER BY CASE role {_STRENGTH} END, path, position, m.start",
            {"id": concept_id, "limit": limit},
        )
    )


def count_mentions_of(store: GraphStore, concept_id: str) -> int:
    """Return how often a concept is named."""
    query = "SELECT count(*) FROM mentions WHERE concept_id = ?"
    return int(store.db.execute(query, [concept_id]).fetchone()[0])


def suggest_names(store: GraphStore, text: str, limit: int = 5) -> list[str]:
    """Return names of concepts that look like a text: those that begin or end with it, then the nearest.

    A name with one slip keeps its first or its last half, so only those that share a half are compared.
    """
    from rapidfuzz import fuzz, process

    form = normalize_name(text)
    half = (len(form) + 1) // 2
    if not half:
        return []
    longest = len(form) + len(form) // 3 + 1  # longer names cannot be similar enough
    owners = _list_forms(store, "form", form[:half], longest)
    owners |= _list_forms(store, "reversed", form[::-1][:half], longest)
    near = process.extract(
        form, sorted(owners), scorer=fuzz.ratio, limit=limit, score_cutoff=MIN_SIMILARITY
    )
    longer = _list_forms(store, "form", f"{form} ") | _list_forms(
        store, "reversed", f"{form[::-1]} "
    )
    holding = sorted(longer, key=lambda key: (len(key), key))[:limit]
    owners |= longer
    keys = dict.fromkeys(owners[key] for key in (*holding, *(key for key, _, _ in near)))
    concepts = [read_concept(store, key) for key in list(keys)[:limit]]
    return [concept.name for concept in concepts if concept]


def _list_forms(store: GraphStore, column: str, begin: str, longest: int = 80) -> dict[str, str]:
    """Return the forms that begin (in `column`) with a text, each with a concept."""
    rows = store.db.execute(
        f"SELECT form, min(concept_id) FROM names WHERE {column} >= ? AND {column} < ? "
        "AND length(form) <= ? GROUP BY form",
        [begin, begin + chr(0x10FFFF), longest],
    )
    return dict(rows.fetchall())
