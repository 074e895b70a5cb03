"""Opens the embedder that the settings ask for."""

from retrieval.embedders.protocol import Embedder
from retrieval.errors import ModelMismatch
from retrieval.installing import extra_installed, programs_installed
from retrieval.settings import EmbeddingSettings


def open_embedder(settings: EmbeddingSettings) -> Embedder:
    """Blocks for up to several seconds: call it in a thread. Imports only the runtime chosen.

    Raises ModelMismatch when weights, name or dimension differ from the settings.
    """
    if settings.provider == "openai":
        embedder = _open_openai_compatible(settings)
    elif settings.provider == "sentence-transformers":
        embedder = _open_sentence_transformers(settings)
    else:
        embedder = _open_onnx(settings)
    if settings.dimension not in (None, embedder.dimension):
        raise ModelMismatch(
            f"model {embedder.name} makes embeddings of {embedder.dimension} numbers, but"
            f" EMBEDDING_DIMENSION is {settings.dimension}; correct it or leave it empty"
        )
    return embedder


def _open_onnx(settings: EmbeddingSettings) -> Embedder:
    try:
        from retrieval.embedders.onnx import OnnxEmbedder
    except ModuleNotFoundError as error:
        raise _not_installed(error, mend=programs_installed()) from error
    return OnnxEmbedder(model=settings.model, threads=settings.threads)


def _open_sentence_transformers(settings: EmbeddingSettings) -> Embedder:
    try:
        from retrieval.embedders.sentence_transformers import SentenceTransformersEmbedder
    except ModuleNotFoundError as error:
        mend = extra_installed("sentence-transformers")
        raise _not_installed(error, mend=mend) from error
    return SentenceTransformersEmbedder(model=settings.model, threads=settings.threads)


def _open_openai_compatible(settings: EmbeddingSettings) -> Embedder:
    from retrieval.embedders.openai_compatible import OpenAICompatibleEmbedder

    if settings.base_url is None:
        raise ModelMismatch(
            "EMBEDDING_BASE_URL is not set; give the address of the openai provider,"
            " such as http://127.0.0.1:8080/v1"
        )
    if settings.dimension is None:
        raise ModelMismatch(
            "EMBEDDING_DIMENSION is not set; the openai provider needs it, because the database"
            " must know the length of the embeddings before the first one is made"
        )
    return OpenAICompatibleEmbedder(
        base_url=settings.base_url,
        api_key=settings.api_key.get_secret_value() if settings.api_key else None,
        model=settings.model,
        dimension=settings.dimension,
        batch=settings.batch,
        timeout_s=settings.timeout_s,
    )


def _not_installed(error: ModuleNotFoundError, *, mend: str) -> ModelMismatch:
    return ModelMismatch(
        f"package {error.name} is not installed; choose another EMBEDDING_PROVIDER, or {mend}"
    )
