from graphtune.kg.resolution.resolve import group_findings, merge_aliases
from graphtune.records import ConceptType, FoundConcept


def find(
    name: str, *aliases: str, kind: ConceptType = "object", description: str = ""
) -> FoundConcept:
    role = "defines" if description else "mentions"
    return FoundConcept(name, kind, 0, len(name), description, aliases, role)  # type: ignore[arg-type]


def test_an_alias_that_is_a_concept_of_its_own_is_merged() -> None:
    groups = group_findings(
        [find("RSK correspondence", "RSK"), find("RSK correspondence"), find("RSK")]
    )
    owner = merge_aliases(groups)
    assert list(groups) == ["rsk correspondence"]
    assert owner["rsk"] == "rsk correspondence"


def test_chains_of_aliases_do_not_grow() -> None:
    groups = group_findings(
        [find("X ring", "Y ring"), find("X ring"), find("Y ring", "Z ring"), find("Z ring")]
    )
    merge_aliases(groups)
    assert sorted(groups) == ["x ring", "z ring"]


def test_an_alias_claimed_by_two_belongs_to_neither() -> None:
    groups = group_findings([find("normal subgroup", "normal"), find("normal operator", "normal")])
    owner = merge_aliases(groups)
    assert "normal" not in owner


def test_the_better_attested_concept_absorbs_the_other_whichever_says_so() -> None:
    groups = group_findings([find("hook", "hook length"), *[find("hook length")] * 3])
    merge_aliases(groups)
    assert sorted(groups) == ["hook", "hook length"]


def test_types_are_voted_and_definitions_preferred() -> None:
    groups = group_findings(
        [
            find("Pieri rule", kind="theorem"),
            find("Pieri rule", kind="theorem", description="The Pieri rule says this."),
            find("pieri rules", kind="formula"),
        ]
    )
    group = groups["pieri rule"]
    assert group.types.most_common(1)[0][0] == "theorem"
    assert group.description == "The Pieri rule says this."
