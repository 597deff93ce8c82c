"""Rules propose, the model types, describes, adds and relates: both findings of a passage as one."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from graphtune.kg.names import is_useful_alias, normalize_name
from graphtune.records import ROLES, ConceptType, Extraction, FoundConcept


def combine_findings(
    proposals: Sequence[FoundConcept],
    answer: Extraction,
    wrong: Collection[str] = (),
    fallback_type: ConceptType = "object",
) -> Extraction:
    """Return the rules' concepts as the model sees them, and what it adds.

    The model decides the type where the rules knew none and took the fallback; a type that the name
    itself says ("Pieri's rule") stays. Spans and defining sentences stay those of the rules, which copy
    them from the text; the stronger role counts, aliases are joined. What the model does not mention
    stays as it was. What it calls wrong stays too and is counted: on the sample, a small model called
    wrong what it listed itself, what nobody had proposed, and one right concept, but nothing wrong.

    >>> rules = [FoundConcept("Dyck path", "object", 2, 11, "A Dyck path stays above.", (), "defines"),
    ...          FoundConcept("axis", "object", 40, 44)]
    >>> said = Extraction((FoundConcept("Dyck paths", "definition", 2, 11, "A path.", ("DP",)),))
    >>> found = combine_findings(rules, said, wrong=["axis"])
    >>> [(c.name, c.type, c.description, c.aliases) for c in found.concepts]
    [('Dyck path', 'definition', 'A Dyck path stays above.', ('DP',)), ('axis', 'object', '', ())]
    >>> found.rejections
    (('proposal kept that the model calls wrong', 1),)
    """
    said = {normalize_name(concept.name): concept for concept in reversed(answer.concepts)}
    refused = {normalize_name(name) for name in wrong} - said.keys()
    doubted = sum(normalize_name(item.name) in refused for item in proposals)
    concepts = [_join(c, said.get(normalize_name(c.name)), fallback_type) for c in proposals]
    known = {normalize_name(name) for item in concepts for name in (item.name, *item.aliases)}
    concepts += [c for c in answer.concepts if normalize_name(c.name) not in known]
    reasons = (("proposal kept that the model calls wrong", doubted),) if doubted else ()
    return replace(
        answer, concepts=tuple(concepts), rejections=tuple(sorted((*answer.rejections, *reasons)))
    )


def _join(
    proposal: FoundConcept, said: FoundConcept | None, fallback_type: ConceptType
) -> FoundConcept:
    if said is None:
        return proposal
    aliases = {
        normalize_name(alias): alias
        for alias in (*said.aliases, *proposal.aliases)
        if is_useful_alias(alias, proposal.name)
    }
    return replace(
        proposal,
        type=said.type if proposal.type == fallback_type else proposal.type,
        description=proposal.description or said.description,
        aliases=tuple(aliases.values()),
        role=min(proposal.role, said.role, key=ROLES.index),
    )
