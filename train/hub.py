"""Publishing a trained model."""

from pathlib import Path

from graphtune.errors import ModelError


def push_model(folder: Path, repository: str) -> str:
    """Upload a model folder to the Hugging Face hub as a private repository; return its address.

    The token comes from `hf auth login` or $HF_TOKEN.

    Raises:
        ModelError: the hub cannot be reached or refuses.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    api = HfApi()
    try:
        address = api.create_repo(repository, private=True, exist_ok=True)
        api.upload_folder(repo_id=repository, folder_path=str(folder))
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        raise ModelError(
            f"cannot upload {folder} to {repository!r}: {error}. "
            "Log in with `hf auth login` and check the name (USER/NAME)."
        ) from error
    return str(address)
