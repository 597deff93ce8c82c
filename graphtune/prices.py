"""What models behind APIs cost."""

from pydantic import BaseModel, ConfigDict, Field


class Price(BaseModel):
    """Dollars for a million tokens sent (`input`) and received (`output`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: float = Field(ge=0)
    output: float = Field(ge=0)


#: List prices of OpenAI's models in dollars for a million tokens; they change, so see to them.
PRICES = {
    "gpt-4o-mini": Price(input=0.15, output=0.6),
    "gpt-4o": Price(input=2.5, output=10.0),
    "gpt-4.1-nano": Price(input=0.1, output=0.4),
    "gpt-4.1-mini": Price(input=0.4, output=1.6),
    "gpt-4.1": Price(input=2.0, output=8.0),
    "gpt-5-nano": Price(input=0.05, output=0.4),
    "gpt-5-mini": Price(input=0.25, output=2.0),
    "gpt-5": Price(input=1.25, output=10.0),
    "text-embedding-3-small": Price(input=0.02, output=0.0),
    "text-embedding-3-large": Price(input=0.13, output=0.0),
    "text-embedding-ada-002": Price(input=0.1, output=0.0),
}
