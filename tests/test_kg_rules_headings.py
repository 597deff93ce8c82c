"""Concepts by rule from headings, and from terms that recur below them."""

import pytest

from graphtune.kg.rules.headings import is_topic
from tests.test_kg_rules import summarize

BODY = (
    "Every lattice path has a length, and paths with steps of both kinds are counted by a number."
)


@pytest.mark.parametrize(
    "title",
    [
        "Counting lattice paths",
        "Proof of Raney's lemma",
        "Examples of lattice paths",
        "A lattice path is determined by its steps",
    ],
)
def test_titles_that_are_topics(title):
    assert is_topic(title, BODY)


@pytest.mark.parametrize(
    "title",
    [
        "Introduction",
        "Proof of Theorem 2.1",
        "Step 3: counting paths",
        "What we know about paths",
        "Back to lattice paths",
        "Fixing the glitch",
        "Lattice paths and their lengths",
        "Paths, lengths and trees",
        "Why lattice paths?",
        "path " * 20,
    ],
)
def test_titles_that_are_none(title):
    assert not is_topic(title, BODY)


def test_a_title_without_its_text_is_believed():
    assert is_topic("Local rings", "")
    assert not is_topic("Examples", "")


def test_a_whole_title_and_its_core_are_concepts():
    text = f"3. Properties of lattice paths\n\n{BODY}"
    concepts = summarize(text, "3 Properties of lattice paths")
    assert concepts["lattice path"] == ("object", "states")
    assert concepts["Properties of lattice paths"] == ("object", "states")


def test_a_title_that_states_something_is_a_theorem():
    text = f"3. Lattice paths are determined by steps\n\n{BODY}"
    concepts = summarize(text, "3 Lattice paths are determined by steps")
    assert ("theorem", "states") in concepts.values()


def test_a_term_that_recurs_below_a_title_with_its_word():
    text = (
        "Each closed path is good. Some closed paths are not, and a weighted tree is. "
        "For a weighted tree we know it."
    )
    assert "closed path" in summarize(text, "4 Path counting")
    assert "weighted tree" not in summarize(text, "4 Path counting")
    assert "closed path" not in summarize(text, "4 Trees")
