"""From findings to the concept graph: names are merged, types voted, mentions linked, edits applied."""
