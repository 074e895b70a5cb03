"""What the agent's settings allow, and which language model follows from them."""

import pytest
from pydantic import HttpUrl, SecretStr, ValidationError

from agent.llm.dialects.compatible_llm import CompatibleLLM
from agent.llm.extractive import ExtractiveLLM
from agent.llm.factory import language_model
from agent.settings import AgentSettings


def test_every_field_has_a_variable_and_a_line_that_explains_it() -> None:
    for name, field in AgentSettings.model_fields.items():
        assert field.description, name
        assert len(field.description) < 100, name


def test_variables_are_read_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "BACKEND_URL": "http://backend:8000",
        "BACKEND_SERVICE_KEY": "s3cret",
        "AGENT_ROLLING_WINDOW_MESSAGES": "20",
        "AGENT_GREETING": "",
        "AGENT_RECALL_TIMEOUT_S": "",
        "OPENAI_API_KEY": "",
    }.items():
        monkeypatch.setenv(name, value)
    settings = AgentSettings()
    assert str(settings.backend_url) == "http://backend:8000/"
    assert settings.backend_service_key == SecretStr("s3cret")
    assert "s3cret" not in repr(settings)
    assert settings.rolling_window_messages == 20
    assert settings.greeting == ""
    assert settings.recall_timeout_s == 0.25
    assert settings.openai_api_key is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BACKEND_URL", "localhost:8000"),
        ("AGENT_ROLLING_WINDOW_MESSAGES", "0"),
        ("AGENT_ROLLING_WINDOW_MESSAGES", "many"),
        ("AGENT_TIME_ZONE", "Mars/Olympus"),
        ("AGENT_RECALL_ROLE", "prophet"),
        ("AGENT_RECALL_TIMEOUT_S", "-1"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        AgentSettings()


def test_settings_do_not_change_while_they_are_used() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        AgentSettings().greeting = "Yo"  # type: ignore[misc]


def test_without_key_and_address_answers_are_extracts() -> None:
    settings = AgentSettings(openai_api_key=None, llm_base_url=None)
    assert isinstance(language_model(settings), ExtractiveLLM)


@pytest.mark.parametrize(
    ("settings", "provider"),
    [
        (AgentSettings(openai_api_key=SecretStr("k")), "api.openai.com"),
        (AgentSettings(llm_base_url=HttpUrl("http://127.0.0.1:9/v1")), "127.0.0.1:9"),
    ],
)
async def test_with_a_key_or_an_address_a_model_answers(
    settings: AgentSettings, provider: str
) -> None:
    model = language_model(settings)
    assert isinstance(model, CompatibleLLM)
    assert model.provider == provider
    assert model.model == settings.llm_model
    await model.aclose()
