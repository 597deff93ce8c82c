"""Rules propose, the model decides: what becomes of a proposal."""

from graphtune.kg.llm.hybrid import combine_findings
from graphtune.records import Extraction, FoundConcept, FoundRelation

DYCK = FoundConcept("Dyck path", "object", 2, 11, "A Dyck path stays above.", ("DP",), "defines")
AXIS = FoundConcept("axis", "object", 30, 34)
RELATION = FoundRelation("Dyck path", "is_instance_of", "lattice path", 0, 30)


def test_the_model_types_and_the_rules_keep_span_and_sentence():
    said = FoundConcept(
        "Dyck paths", "definition", 50, 60, "A retelling.", ("ballot path",), "uses"
    )
    (found,) = combine_findings([DYCK], Extraction((said,))).concepts
    assert (found.name, found.type, found.start, found.end) == ("Dyck path", "definition", 2, 11)
    assert (found.description, found.role) == ("A Dyck path stays above.", "defines")
    assert set(found.aliases) == {"DP", "ballot path"}


def test_a_type_that_the_name_says_stays():
    rule = FoundConcept("Pieri rule", "theorem", 2, 11)
    said = Extraction((FoundConcept("Pieri rule", "technique", 2, 11),))
    assert combine_findings([rule], said).concepts[0].type == "theorem"
    assert combine_findings([rule], said, (), "theorem").concepts[0].type == "technique"


def test_the_model_describes_what_the_rules_did_not():
    said = FoundConcept("axis", "object", 30, 34, "The line below.", (), "states")
    (found,) = combine_findings([AXIS], Extraction((said,))).concepts
    assert (found.description, found.role) == ("The line below.", "states")


def test_what_the_model_leaves_out_stays_and_what_it_adds_comes():
    extra = FoundConcept("lattice path", "object", 20, 32)
    found = combine_findings([DYCK, AXIS], Extraction((extra,), (RELATION,), (("x", 2),)))
    assert found.concepts == (DYCK, AXIS, extra)
    assert found.relations == (RELATION,)
    assert found.rejections == (("x", 2),)


def test_an_alias_of_a_proposal_is_no_concept_of_its_own():
    said = FoundConcept("DP", "object", 12, 14)
    assert combine_findings([DYCK], Extraction((said,))).concepts == (DYCK,)


def test_without_proposals_the_answer_stays():
    answer = Extraction((DYCK,), (RELATION,))
    assert combine_findings([], answer) == answer
