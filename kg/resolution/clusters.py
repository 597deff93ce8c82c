"""Clusters: a canonical group, those spelled like it, and those that are other names of it."""

from dataclasses import dataclass, field

from graphtune.kg.resolution.groups import Alias, Group
from graphtune.kg.resolution.keys import read_acronym
from graphtune.records import Concept


@dataclass
class Cluster:
    """A canonical group, the groups spelled like it, and those that are other names of it."""

    head: Group
    alike: list[Group] = field(default_factory=list)
    others: list[Group] = field(default_factory=list)

    @property
    def same(self) -> list[Group]:
        """The groups whose statements count as the concept's own."""
        return [self.head, *self.alike]

    @property
    def groups(self) -> list[Group]:
        """All groups, the canonical one first."""
        return [*self.same, *self.others]

    @property
    def weight(self) -> int:
        """Findings under the canonical name, however it is spelled."""
        return sum(group.names.total() for group in self.same)

    @property
    def aliases(self) -> dict[str, Alias]:
        """What the concept's own passages call it beside its name."""
        found: dict[str, Alias] = {}
        for group in self.same:
            for form, alias in group.aliases.items():
                held = found.setdefault(form, alias)
                if held is not alias:
                    documents = held.documents | alias.documents
                    found[form] = Alias(
                        held.surface, documents, held.chunk_id, held.start, held.end
                    )
        return found

    @property
    def documents(self) -> set[str]:
        """The papers in which it was found under its canonical name."""
        return {document for group in self.same for document in group.documents}

    def describe(self) -> Concept:
        """Return what a verifier is told."""
        texts = (group.description for group in self.same if group.description)
        return Concept(self.head.key, self.head.name, self.head.kind, next(texts, ""))


def rank_cluster(cluster: Cluster) -> tuple[bool, int, str]:
    """Better attested names first; acronyms last, because the long name explains itself."""
    return bool(read_acronym(cluster.head.name)), -cluster.weight, cluster.head.key
