"""Groups, votes, homographs and relations: what becomes of findings."""

from collections import Counter

import pytest

from graphtune.kg.ontology import load_ontology
from graphtune.kg.resolution.drafts import Drafts, index_names, make_draft
from graphtune.kg.resolution.groups import Finding, Group, find_homographs, group_findings
from graphtune.kg.resolution.merging import merge_groups
from graphtune.kg.resolution.relations import check_relations, demote_contradictions
from graphtune.records import Concept, ConceptType, FoundConcept, Relation


def find(
    name: str,
    *aliases: str,
    kind: ConceptType = "object",
    description: str = "",
    paper: str = "d",
) -> Finding:
    role = "defines" if description else "mentions"
    found = FoundConcept(name, kind, 0, len(name), description, aliases, role)  # type: ignore[arg-type]
    return paper, f"{paper}-0001", found


def group(*findings: Finding) -> dict[str, Group]:
    return group_findings(findings, load_ontology(), Counter())


def resolve(*findings: Finding) -> Drafts:
    clusters, _ = merge_groups(group(*findings))
    return Drafts(make_draft(cluster, "rules") for cluster in clusters.values())


def test_an_alias_that_is_a_concept_of_its_own_is_merged() -> None:
    drafts = resolve(find("RSK correspondence", "RSK"), find("RSK correspondence"), find("RSK"))
    assert list(drafts.by_key) == ["rsk correspondence"]
    assert index_names(drafts).everywhere["rsk"] == "rsk correspondence"


def test_an_acronym_goes_into_its_long_name_however_often_it_is_found() -> None:
    drafts = resolve(find("principal ideal domain", "PID"), *[find("PID")] * 9)
    assert list(drafts.by_key) == ["principal ideal domain"]


def test_chains_of_aliases_do_not_grow() -> None:
    drafts = resolve(
        find("Xy ring", "Yz ring"), find("Xy ring"), find("Yz ring", "Zu ring"), find("Zu ring")
    )
    assert sorted(drafts.by_key) == ["xy ring", "zu ring"]


def test_an_alias_claimed_by_two_belongs_to_each_only_where_a_paper_speaks_of_one() -> None:
    names = index_names(
        resolve(
            find("normal subgroup", "normal", paper="groups"),
            find("normal operator", "normal", paper="operators"),
            find("normal subgroup", "normal", paper="both"),
            find("normal operator", "normal", paper="both"),
        )
    )
    assert "normal" not in names.everywhere
    assert names.find("normal", "groups") == "normal subgroup"
    assert names.find("normal", "operators") == "normal operator"
    assert names.find("normal", "both") == ""


def test_a_bare_adjective_that_is_found_too_belongs_to_none_everywhere() -> None:
    names = index_names(
        resolve(
            find("normal subgroup", "normal", paper="groups"),
            find("normal operator", "normal", paper="operators"),
            find("normal", paper="elsewhere"),
        )
    )
    assert names.find("normal", "operators") == "normal operator"
    assert names.find("normal", "elsewhere") == "normal"
    assert names.find("normal", "unknown") == ""


def test_a_bare_adjective_is_an_alias_only_where_a_paper_states_it() -> None:
    drafts = resolve(
        find("normal subgroup", "normal", paper="groups"), find("normal", paper="groups")
    )
    assert list(drafts.by_key) == ["normal subgroup"]
    names = index_names(drafts)
    assert names.find("normal", "groups") == "normal subgroup"
    assert names.find("normal", "operators") == ""


def test_types_are_voted_and_definitions_count_more() -> None:
    drafts = resolve(
        find("Pieri rule", kind="formula"),
        find("pieri rules", kind="formula"),
        find("Pieri rule", kind="theorem", description="The Pieri rule says this."),
    )
    assert drafts.by_key["pieri rule"].type == "theorem"
    assert drafts.by_key["pieri rule"].description == "The Pieri rule says this."


def test_types_outside_the_ontology_fall_back_and_are_counted() -> None:
    left_out: Counter[str] = Counter()
    findings = [find("banana split", kind="fruit"), find("Bailey lemma", kind="Lemma")]
    groups = group_findings(findings, load_ontology(), left_out)
    assert (groups["banana split"].kind, groups["bailey lemma"].kind) == ("object", "theorem")
    assert left_out["types outside the ontology"] == 1


def test_a_statement_that_is_only_a_number_is_no_concept() -> None:
    left_out: Counter[str] = Counter()
    names = ("Theorem 1", "Lemma 2.3", "Conjecture A", "Equation (4)", "Euler's theorem")
    groups = group_findings([find(name) for name in names], load_ontology(), left_out)
    assert list(groups) == ["euler theorem"]
    assert left_out["numbered"] == 4


def test_one_name_defined_in_foreign_words_is_flagged_and_not_split() -> None:
    groups = group(
        find("kernel", description="A kernel is the preimage of zero under a morphism.", paper="a"),
        find("kernel", description="A kernel weights pairs of integrands smoothly.", paper="b"),
        find("poset", description="A poset is a set ordered partially by a relation.", paper="a"),
        find("poset", description="A partially ordered collection is a poset.", paper="b"),
    )
    assert find_homographs(groups) == {"kernel": ["a", "b"]}
    assert sorted(merge_groups(groups)[0]) == ["kernel", "poset"]


CONCEPTS = {key: Concept(key, key, "object") for key in "abc"} | {
    "euler": Concept("euler", "Euler", "person")
}


def relate(*rows: tuple[str, str, str]) -> tuple[list[tuple[str, str, str, str]], Counter[str]]:
    left_out: Counter[str] = Counter()
    found = [Relation(*row, "llm", f"chunk {number}") for number, row in enumerate(rows)]
    relations = check_relations(found, CONCEPTS, load_ontology(), left_out)
    return [(r.source, r.type, r.target, r.note) for r in relations], left_out


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        (("a", "is a special case of", "b"), ("b", "specializes_to", "a", "")),
        (("a", "resembles", "b"), ("a", "related_to", "b", "was resembles")),
        (("euler", "conjectured_by", "a"), ("a", "conjectured_by", "euler", "")),
        (("a", "conjectured_by", "b"), ("a", "related_to", "b", "was conjectured_by")),
    ],
)
def test_relations_take_the_terms_of_the_ontology(
    row: tuple[str, str, str], kept: tuple[str, str, str, str]
) -> None:
    assert relate(row)[0] == [kept]


def test_what_is_outside_or_dangling_is_counted() -> None:
    relations, left_out = relate(("a", "resembles", "b"), ("a", "uses", ""), ("a", "uses", "a"))
    assert len(relations) == 1
    assert left_out == {"relations outside the ontology": 1, "dangling": 1, "loops": 1}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a", "generalizes", "b"), ("b", "generalizes", "a")),
        (("a", "generalizes", "b"), ("b", "specializes_to", "a")),
        (("a", "is_instance_of", "b"), ("b", "is_instance_of", "a")),
    ],
)
def test_contradictory_relations_are_demoted(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    relations, left_out = relate(one, other, ("a", "uses", "c"))
    assert {row[1] for row in relations} == {"related_to", "uses"}
    assert {row[3] for row in relations} == {f"was {one[1]}", f"was {other[1]}", ""}
    assert left_out["contradictory relations"] == 2


def test_implications_both_ways_are_an_equivalence_and_use_may_be_mutual() -> None:
    relations, _ = relate(("a", "implies", "b"), ("b", "implies", "a"))
    assert {row[1] for row in relations} == {"equivalent_to"}
    relations, _ = relate(("a", "uses", "b"), ("b", "uses", "a"))
    assert {row[1] for row in relations} == {"uses"}


def test_relations_that_run_along_do_not_contradict() -> None:
    relations, _ = relate(("a", "generalizes", "b"), ("a", "specializes_to", "b"))
    assert {row[1] for row in relations} == {"generalizes", "specializes_to"}


def test_a_model_does_not_outweigh_what_rules_read() -> None:
    rules = Relation("a", "generalizes", "b", "rules", "c", 0, 1)
    model = Relation("b", "generalizes", "a", "hybrid", "c", 0, 1)
    left_out: Counter[str] = Counter()
    found = demote_contradictions([rules, model], load_ontology(), left_out)
    assert [(r.source, r.type, r.note) for r in found] == [
        ("a", "generalizes", ""),
        ("b", "related_to", "was generalizes"),
    ]
    assert left_out == {"contradictory relations": 1}
