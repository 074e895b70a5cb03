import secrets
import ssl
from urllib.parse import quote

import httpx
import pytest

from tests.support.backend_under_test import BackendUnderTest


@pytest.mark.parametrize("agent_name", ["longroom", "with / slash", "ü"])
async def test_a_worker_reports_as_often_as_it_likes(
    api: httpx.AsyncClient, agent_name: str
) -> None:
    path = f"/workers/{quote(agent_name, safe='')}/{secrets.token_hex(8)}"
    for _ in range(3):
        response = await api.put(path)
        assert (response.status_code, response.content) == (204, b""), response.text
    assert (await api.put(f"{path}?registered_s_ago=3600.5")).status_code == 204


async def test_a_name_that_is_none_is_refused(api: httpx.AsyncClient) -> None:
    assert (await api.put(f"/workers/longroom/{'x' * 257}")).status_code == 422
    assert (await api.put("/workers/%20/w1")).status_code == 422


async def test_a_report_needs_the_credential(
    backend: BackendUnderTest, certificates: ssl.SSLContext
) -> None:
    if not backend.headers:
        pytest.skip("this backend asks for no key")
    async with httpx.AsyncClient(base_url=f"{backend.url}/api/v1", verify=certificates) as stranger:
        assert (await stranger.put("/workers/longroom/w1")).status_code == 401
