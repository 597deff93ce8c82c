"""What all groups of settings have in common."""

import hashlib

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """A frozen group of settings; an unknown name is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    def digest(self) -> str:
        """Return 16 hex digits that change whenever a setting changes."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]
