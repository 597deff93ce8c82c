"""Mentions of resolved concepts: their names in all passages, and the findings' own evidence."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from graphtune.kg.mentions import link_mentions
from graphtune.kg.names import normalize_name
from graphtune.kg.resolution.drafts import Drafts, Names
from graphtune.kg.resolution.groups import Finding
from graphtune.records import ROLES, Chunk, Mention, Span

#: Marks, among concept ids, a form that belongs to one concept in one paper and to another elsewhere.
_UNCLEAR = "\0"


def find_mentions(
    chunks: Sequence[Chunk], findings: Sequence[Finding], drafts: Drafts, names: Names
) -> list[Mention]:
    """Link every known name in every chunk, and add the findings' own evidence."""
    papers = {chunk.id: chunk.document_id for chunk in chunks}
    local = {form for _, form in names.in_paper}
    surfaces: dict[str, str] = {}
    for key in sorted(drafts.by_key):
        draft = drafts.by_key[key]
        for form, surface in {**draft.aliases, key: draft.name}.items():
            if names.everywhere.get(form) == key:
                surfaces[surface] = key
            elif form in local:
                surfaces[surface] = _UNCLEAR + form
    evidence = [
        (key, chunk_id, finding)
        for document_id, chunk_id, finding in findings
        if (key := names.find(finding.name, document_id))
    ]
    defined: defaultdict[tuple[str, str], list[Span]] = defaultdict(list)
    for key, chunk_id, finding in evidence:
        if finding.role == "defines":
            for mark in (key, _UNCLEAR + normalize_name(finding.name)):
                defined[chunk_id, mark].append(Span(finding.start, finding.end))
    found = list(_link(surfaces, chunks, defined, names, papers))
    places: defaultdict[tuple[str, str], list[Mention]] = defaultdict(list)
    for mention in found:
        places[mention.concept_id, mention.chunk_id].append(mention)
    for key, chunk_id, finding in evidence:
        others = places[key, chunk_id]
        if not any(m.start < finding.end and finding.start < m.end for m in others):
            others.append(Mention(key, chunk_id, finding.start, finding.end, finding.role))
            found.append(others[-1])
    return _keep_strongest(found)


def _link(
    surfaces: Mapping[str, str],
    chunks: Sequence[Chunk],
    defined: Mapping[tuple[str, str], Sequence[Span]],
    names: Names,
    papers: Mapping[str, str],
) -> Iterator[Mention]:
    for mention in link_mentions(surfaces, chunks, defined):
        key = mention.concept_id
        if key.startswith(_UNCLEAR):
            key = names.in_paper.get((papers[mention.chunk_id], key[1:]), "")
            mention = Mention(key, mention.chunk_id, mention.start, mention.end, mention.role)
        if key:
            yield mention


def _keep_strongest(found: Sequence[Mention]) -> list[Mention]:
    """Return one mention for each concept and place, in order, with its strongest role."""
    strongest: dict[tuple[str, str, int, int], Mention] = {}
    for mention in found:
        place = (mention.concept_id, mention.chunk_id, mention.start, mention.end)
        held = strongest.get(place)
        if held is None or ROLES.index(mention.role) < ROLES.index(held.role):
            strongest[place] = mention
    return [strongest[place] for place in sorted(strongest)]
