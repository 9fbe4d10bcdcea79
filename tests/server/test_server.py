"""The REST interface in a real Jupyter Server."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tornado.httpclient import HTTPClientError

from milvus_nb.profiles.location import VARIABLE
from milvus_nb.profiles.profile import Profile
from milvus_nb.profiles.reference import SecretRef
from milvus_nb.profiles.store import ProfileStore
from tests.support.helpers import WITHOUT_GRAMMAR, threads

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from jupyter_server.serverapp import ServerApp

    from tests.support.servers import MilvusTestServer

    Fetch = Callable[..., Awaitable[Any]]

pytest_plugins = ["pytest_jupyter.jupyter_server"]

SECRET = "Zebra#7quagga"
ENABLED = {"ServerApp": {"jpserver_extensions": {"milvus_nb": True}}}


@pytest.fixture
def jp_server_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Enable the extension below a prefix, as JupyterHub has one."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "own" / "profiles.toml"))
    return ENABLED


@pytest.fixture
def fetch(jp_fetch: Fetch) -> Fetch:
    """Ask the interface; give the status and what came."""

    async def ask(*parts: str, **how: Any) -> tuple[int, Any]:
        if "body" in how and not isinstance(how["body"], (str, bytes)):
            how["body"] = json.dumps(how["body"])
        try:
            answer = await jp_fetch("milvus_nb", *parts, **how)
        except HTTPClientError as error:
            body = error.response.body if error.response else b""
            return error.code, json.loads(body or b"{}")
        return answer.code, json.loads(answer.body)

    return ask


async def test_looking_is_no_activity_of_the_server(fetch: Fetch, jp_serverapp: ServerApp) -> None:
    """Pages look by themselves; what a user does counts."""
    settings = jp_serverapp.web_app.settings
    settings["api_last_activity"] = before = settings["started"]
    await fetch("profiles")
    await fetch("profiles", "missing")
    await fetch("openapi.json")
    assert settings["api_last_activity"] == before
    await fetch("profiles", "prod", method="PUT", body={"address": "localhost"})
    assert settings["api_last_activity"] > before


async def test_write_read_list_delete(fetch: Fetch) -> None:
    """What one writes another lists, with a reference to its secret."""
    body = {"address": "localhost:19530", "user": "root", "secret": "env:P", "color": "red"}
    assert (await fetch("profiles", "prod", method="PUT", body=body))[0] == 201
    status, found = await fetch("profiles", "prod", method="PUT", body=body | {"label": "L"})
    assert (status, found["label"], found["secret"]) == (200, "L", "env:P")
    assert (await fetch("profiles", "prod"))[1] == found
    listed = (await fetch("profiles"))[1]
    assert listed["profiles"] == [found]
    assert ProfileStore().get("prod").label == "L"
    assert (await fetch("profiles", "prod", method="DELETE"))[0] == 200
    assert (await fetch("profiles", "prod"))[0] == 404
    assert (await fetch("profiles", "prod", method="DELETE"))[0] == 404


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("prod", {}, "no address"),
        ("prod", {"address": "h", "pasword": "x"}, "no key"),
        ("prod", {"address": "h", "password": SECRET}, "in clear"),
        ("prod", {"address": f"root:{SECRET.replace('#', '')}@h"}, "credentials in clear"),
        ("prod", {"address": "h", "secret": SECRET}, "not a reference"),
        ("prod", {"address": "h", "user": "root"}, "no secret"),
        ("prod", {"address": "h", "timeout": "x"}, "number of seconds"),
        ("prod", {"address": "h", "color": "pink"}, "not known"),
        ("prod", '{"address": "h", "timeout": NaN}', "number of seconds"),
        ("prod", '{"address": "./x.db", "timeout": 1e999}', "number of seconds"),
        ("prod", r'{"address": "./\ud800.db"}', "cannot be printed"),
        ("prod", r'{"address": "h", "ca_pem_path": "\ud800"}', "cannot be printed"),
        ("prod", r'{"address": "h", "user": "a\u202e", "secret": "ask"}', "cannot be printed"),
        ("prod", {"address": ["h"]}, "text in quotes"),
        ("prod", {"address": "x" * 100_000}, "larger than"),
        ("<b>", {"address": "h"}, "cannot be the name"),
        ("..", {"address": "h"}, "cannot be the name"),
        ("a/b", {"address": "h"}, "cannot be the name"),
        ("prod", "[]", "not a JSON object"),
        ("prod", "{", "not JSON"),
        ("prod", "[" * 50_000, "not JSON"),
    ],
)
async def test_what_cannot_be_used_is_refused_and_no_secret_repeated(
    fetch: Fetch, name: str, body: Any, words: str
) -> None:
    """Nothing is written."""
    from urllib.parse import quote

    status, found = await fetch("profiles", quote(name, safe=""), method="PUT", body=body)
    assert status == 400
    text = json.dumps(found)
    assert words in text
    assert SECRET not in text
    assert list(ProfileStore()) == []


@pytest.mark.parametrize(
    "jp_server_config",
    [{**ENABLED, "MilvusServer": {"allow_test": False}},
     {**ENABLED, "MilvusServer": {"enabled": False}}],
    ids=["tests", "everything"],
)  # fmt: skip
async def test_what_is_switched_off_is_not_there(
    jp_fetch: Fetch,
    jp_server_config: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Testing a profile, whose server hears nothing then; or all of it."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "profiles.toml"))
    wanted = (200, 403) if "allow_test" in jp_server_config["MilvusServer"] else (404, 404)
    with socket.create_server(("127.0.0.1", 0)) as peer:
        address = f"127.0.0.1:{peer.getsockname()[1]}"
        (tmp_path / "profiles.toml").write_text(f"[profiles.a]\naddress = '{address}'\n")
        found = []
        for parts, how in (((), {}), (("a", "test"), {"method": "POST", "body": "{}"})):
            try:
                found.append((await jp_fetch("milvus_nb", "profiles", *parts, **how)).code)
            except HTTPClientError as error:
                found.append(error.code)
        assert tuple(found) == wanted
        peer.setblocking(False)
        with pytest.raises(BlockingIOError):
            peer.accept()


async def test_proto_is_a_name_like_any_other(fetch: Fetch) -> None:
    """JavaScript's trap."""
    assert (await fetch("profiles", "__proto__", method="PUT", body={"address": "h"}))[0] == 201
    assert [one["name"] for one in (await fetch("profiles"))[1]["profiles"]] == ["__proto__"]


async def test_new_leaves_one_of_that_name_alone(fetch: Fetch) -> None:
    """Two pages that save at once."""
    how = {"method": "PUT", "params": {"new": "true"}}
    assert (await fetch("profiles", "a", body={"address": "one"}, **how))[0] == 201
    assert (await fetch("profiles", "a", body={"address": "two"}, **how))[0] == 409
    assert (await fetch("profiles", "a"))[1]["address"] == "one"


async def test_renaming_keeps_what_stands_there(fetch: Fetch, tmp_path: Path) -> None:
    """Comments, unknown keys, the place in the file."""
    path = tmp_path / "own" / "profiles.toml"
    path.parent.mkdir(parents=True)
    path.write_text('[profiles.a] # mine\naddress = "h"\nodd = 1\n\n[profiles.b]\naddress = "h"\n')
    how = {"method": "PUT", "body": {"address": "i"}, "params": {"was": "a"}}
    status, found = await fetch("profiles", "c", **how)
    assert (status, found["name"], found["address"]) == (200, "c", "i")
    text = path.read_text()
    assert "# mine" in text
    assert "odd = 1" in text
    assert list(ProfileStore()) == ["c", "b"]
    assert (await fetch("profiles", "b", **how))[0] == 404
    how["params"] = {"was": "c"}
    assert (await fetch("profiles", "b", **how))[0] == 400


async def test_a_project_of_the_notebook(fetch: Fetch, jp_root_dir: Path) -> None:
    """Found from the notebook's folder; paths are not followed out of the root."""
    ProfileStore().save(Profile("prod", "mine"))
    project = jp_root_dir / "team" / "milvus.toml"
    project.parent.mkdir()
    project.write_text('[profiles.prod]\naddress = "theirs"\n')
    (jp_root_dir / "team" / "deep").mkdir()
    for path, address in (("", "mine"), ("team/deep/x.ipynb", "theirs"), ("none/x.ipynb", "mine")):
        assert (await fetch("profiles", "prod", params={"path": path}))[1]["address"] == address
    for path in ("../x.ipynb", "team/../../etc"):
        status, found = await fetch("profiles", params={"path": path})
        assert (status, "below the server's root" in found["what"]) == (400, True)
    how = {"method": "PUT", "params": {"path": "team/x.ipynb", "project": "true"}}
    assert (await fetch("profiles", "dev", body={"address": "h"}, **how))[0] == 201
    assert "[profiles.dev]" in project.read_text()


async def test_the_sites_profiles_are_for_administrators_to_change(
    fetch: Fetch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are listed, and neither changed nor deleted; one's own of the same name wins."""
    file = tmp_path / "jupyter" / "milvus_nb" / "profiles.toml"
    file.parent.mkdir(parents=True)
    file.write_text('[profiles.prod]\naddress = "h"\n')
    monkeypatch.setattr("jupyter_core.paths.ENV_CONFIG_PATH", [str(tmp_path / "jupyter")])
    listed = (await fetch("profiles"))[1]
    assert listed["site_path"] == str(file)
    assert listed["profiles"][0]["is_site"]
    for how in ({"method": "DELETE"}, {"method": "PUT", "body": {"address": "mine"}}):
        status, told = await fetch("profiles", "prod", **how)
        assert (status, told["cause"]) == (403, "site-profile")
        assert "administrators" in told["reason"]
    new = {"method": "PUT", "body": {"address": "mine"}, "params": {"new": "true"}}
    assert not (await fetch("profiles", "prod", **new))[1].get("is_site", True)
    assert (await fetch("profiles", "prod"))[1]["address"] == "mine"


async def test_a_projects_profile_is_not_tested_before_it_was_allowed(
    fetch: Fetch, jp_root_dir: Path, milvus: MilvusTestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's environment is its user's, too; a yes is for what the page has shown."""
    monkeypatch.setenv("MINE", SECRET)
    project = jp_root_dir / "milvus.toml"
    text = f'[profiles.dev]\naddress = "{milvus.address}"\nsecret = "env:MINE"\n'
    project.write_text(text)
    seen = (await fetch("profiles", "dev"))[1]
    assert seen["permit"]
    assert seen["place"] == f"{milvus.address}, without TLS"

    async def tested(**body: str) -> tuple[int, str]:
        status, found = await fetch("profiles", "dev", "test", method="POST", body=body)
        return status, found.get("cause", "")

    assert await tested() == (403, "profile-not-allowed")
    assert await tested(seal=seen["seal"]) == (403, "profile-not-allowed")
    project.write_text(text.replace("env:MINE", "env:HOME"))
    yes = {"seal": seen["seal"], "allow": seen["permit"]}
    assert await tested(**yes) == (403, "profile-not-allowed")
    project.write_text(text.replace("dev]", "dev]\nsecure = true"))
    assert await tested(**yes) == (409, "profile-changed")
    project.write_text(text)
    assert await tested(**yes) == (200, "")
    assert (await fetch("profiles", "dev"))[1]["permit"] == ""
    # What is written by this user needs no question; what is only changed stays as it was.
    await fetch("profiles", "own", method="PUT", body={"address": "h"}, params={"project": "true"})
    assert (await fetch("profiles", "own"))[1]["permit"] == ""
    project.write_text(text.replace("env:MINE", "env:HOME"))
    how: dict[str, Any] = {"method": "PUT", "body": {"address": "other"}, "params": {"was": "dev"}}
    found = (await fetch("profiles", "dev", **how))[1]
    assert found["permit"]
    how["params"] = {"was": "dev", "seen": seen["revision"]}
    assert (await fetch("profiles", "dev", **how))[0] == 409  # it was changed since
    how["params"]["seen"] = found["revision"]
    assert (await fetch("profiles", "dev", **how))[0] == 200


async def test_an_etag_tells_that_nothing_changed(fetch: Fetch, jp_fetch: Fetch) -> None:
    """A page that asks each second is cheap."""
    await fetch("profiles", "a", method="PUT", body={"address": "h"})
    first = await jp_fetch("milvus_nb", "profiles")
    tag = first.headers["Etag"]
    with pytest.raises(HTTPClientError) as failure:
        await jp_fetch("milvus_nb", "profiles", headers={"If-None-Match": tag})
    assert failure.value.code == 304


async def test_a_test_without_a_kernel(
    fetch: Fetch, milvus_auth: MilvusTestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The secret comes from the server's environment, or is sent once and in no answer."""
    store = ProfileStore()
    for name, secret in (("env", SecretRef("env", "P")), ("asked", SecretRef("ask"))):
        store.save(Profile(name, milvus_auth.address, user="root", secret=secret))
    monkeypatch.setenv("P", "Milvus")
    status, report = await fetch("profiles", "env", "test", method="POST", body="")
    assert (status, report["failure"]) == (200, None)
    assert [stage["status"] for stage in report["stages"] if stage["name"] == "sign_in"] == ["ok"]
    assert (await fetch("profiles", "asked", "test", method="POST", body=""))[1]["cause"] == (
        "secret-needed"
    )
    seal = (await fetch("profiles", "asked"))[1]["seal"]
    for other in ("", "x"):
        how = {"method": "POST", "body": {"secret": SECRET, "seal": other}}
        assert (await fetch("profiles", "asked", "test", **how))[0] == 409
    how = {"method": "POST", "body": {"secret": SECRET, "seal": seal}}
    status, report = await fetch("profiles", "asked", "test", **how)
    assert (status, report["failure"]["cause"]) == (200, "wrong-password")
    assert SECRET not in json.dumps(report)
    assert (await fetch("profiles", "none", "test", method="POST", body=""))[0] == 404
    assert threads("milvus-nb") == []  # the server keeps none of ours


async def test_strangers_and_other_sites_are_refused(
    fetch: Fetch, jp_fetch: Fetch, jp_serverapp: Any
) -> None:
    """Jupyter Server's own authentication, authorization and XSRF check."""
    from http.client import HTTPConnection

    del jp_fetch
    ProfileStore().save(Profile("a", "h"))
    base = f"{jp_serverapp.base_url}milvus_nb/profiles"
    token = f"token {jp_serverapp.identity_provider.token}"

    def ask(method: str, path: str, headers: dict[str, str]) -> int:
        connection = HTTPConnection("127.0.0.1", jp_serverapp.port, timeout=10)
        connection.request(method, path, b"{}" if method != "GET" else None, headers)
        status = connection.getresponse().status
        connection.close()
        return status

    def cookies() -> str:
        connection = HTTPConnection("127.0.0.1", jp_serverapp.port, timeout=10)
        secret = jp_serverapp.identity_provider.token
        connection.request("GET", f"{jp_serverapp.base_url}api/me?token={secret}")
        answer = connection.getresponse()
        found = [value.split(";")[0] for name, value in answer.getheaders() if name == "Set-Cookie"]
        connection.close()
        assert found
        return "; ".join(found)

    async def answered(method: str, path: str, headers: dict[str, str]) -> int:
        return await asyncio.get_running_loop().run_in_executor(None, ask, method, path, headers)

    calls = [
        ("GET", base),
        ("GET", f"{base}/a"),
        ("PUT", f"{base}/a"),
        ("DELETE", f"{base}/a"),
        ("POST", f"{base}/a/test"),
        ("GET", base.replace("profiles", "openapi.json")),
        ("GET", base.replace("profiles", "kernels")),
    ]
    for method, path in calls:
        assert await answered(method, path, {}) == 403, (method, path)
        assert await answered(method, path, {"Authorization": "token wrong"}) == 403
    assert await answered("GET", base, {"Authorization": token}) == 200
    # A page of another site has the cookies of a signed-in user, but neither token nor XSRF's.
    signed_in = await asyncio.get_running_loop().run_in_executor(None, cookies)
    assert await answered("GET", base, {"Cookie": signed_in}) == 200
    foreign = {"Cookie": signed_in, "Origin": "http://evil.example"}
    foreign |= {"Referer": "http://evil.example/x"}
    for method, path in calls:
        assert await answered(method, path, foreign) in (403, 404), (method, path)
    for method, path in calls:
        if method != "GET":  # nor has a form that it sends
            assert await answered(method, path, {"Cookie": signed_in}) == 403
    assert "a" in ProfileStore()


async def test_an_authorizer_is_asked(fetch: Fetch, jp_serverapp: Any) -> None:
    """Reading, writing and testing are different permissions."""
    asked: list[tuple[str, str]] = []

    def is_authorized(_: Any, user: Any, action: str, resource: str) -> bool:
        asked.append((action, resource))
        return action == "read"

    jp_serverapp.authorizer.is_authorized = is_authorized
    jp_serverapp.web_app.settings["authorizer"].is_authorized = is_authorized
    assert (await fetch("profiles"))[0] == 200
    assert (await fetch("profiles", "a", method="PUT", body={"address": "h"}))[0] == 403
    assert (await fetch("profiles", "a", method="DELETE"))[0] == 403
    assert (await fetch("profiles", "a", "test", method="POST", body=""))[0] == 403
    assert set(asked) == {("read", "milvus_nb"), ("write", "milvus_nb"), ("execute", "milvus_nb")}


@pytest.mark.parametrize("operations", ["--exclude-operation-id", "--include-operation-id"])
async def test_the_description_holds_for_hostile_requests(
    fetch: Fetch, jp_serverapp: Any, tmp_path: Path, operations: str
) -> None:
    """Schemathesis finds no 5xx, and no answer that is not described.

    What tests a profile is asked apart, where there is none: what is made up names hosts.
    """
    status, description = await fetch("openapi.json")
    assert status == 200
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(description))
    place = f"http://127.0.0.1:{jp_serverapp.port}{jp_serverapp.base_url}milvus_nb"
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "schemathesis.cli", "run", str(path), "--url", place,
        "--header", f"Authorization: token {jp_serverapp.identity_provider.token}",
        operations, "test", "--max-examples", "40", "--seed", "1", "--no-color",
        "--generation-database", "none", "--suppress-health-check", "all",
        # Jupyter Server itself serves OPTIONS, takes the token from several places, and answers 403
        # without; and what an address may be, a schema cannot say.
        "--exclude-checks",
        "unsupported_method,ignored_auth,missing_required_header,positive_data_acceptance",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=tmp_path,
    )  # fmt: skip
    told, _ = await run.communicate()
    assert run.returncode == 0, told.decode()[-6000:]


async def test_what_kernels_have_connected_is_told_without_asking_them(
    fetch: Fetch, jp_fetch: Fetch, jp_serverapp: Any, tmp_path: Path
) -> None:
    """From their files; after a restart it is what was lost; looking counts as no activity."""
    assert (await fetch("kernels"))[1] == {"kernels": []}
    manager = jp_serverapp.kernel_manager
    kernel = await manager.start_kernel()
    client = manager.get_kernel(kernel).client()
    client.start_channels()
    await client.wait_for_ready(timeout=60)
    code = f"%load_ext milvus_nb\nc = %milvus connect {tmp_path}/x.db -a lite"
    reply = await client.execute_interactive(code, timeout=60, output_hook=lambda _: None)
    assert reply["content"]["status"] == "ok", reply

    async def listed(which: str) -> list[str]:
        for record in (await fetch("kernels"))[1]["kernels"]:
            assert record["id"] == kernel
            return [row["alias"] for row in record[which]]
        return []

    async def comes(which: str) -> None:
        for _ in range(200):
            if await listed(which) == ["lite"]:
                return
            await asyncio.sleep(0.05)
        raise AssertionError((await fetch("kernels"))[1])

    await comes("connected")
    assert await listed("lost") == []
    found = (await fetch("kernels", params={"open": kernel}))[1]
    assert found == {"kernels": []}, "a page that knows it from the kernel is told nothing twice"
    before = jp_serverapp.web_app.last_activity()
    kernel_before = manager.get_kernel(kernel).last_activity
    await comes("connected")
    assert jp_serverapp.web_app.last_activity() == before
    assert manager.get_kernel(kernel).last_activity == kernel_before
    client.stop_channels()
    await jp_fetch("api", "kernels", kernel, "restart", method="POST", body="")
    await comes("lost")
    assert await listed("connected") == []
    assert (await fetch("kernels", params={"open": kernel}))[1] == (await fetch("kernels"))[1]
    await manager.shutdown_kernel(kernel)
    assert (await fetch("kernels"))[1] == {"kernels": []}


def test_importing_it_is_light() -> None:
    """It brings nothing to Jupyter Server that is not there yet, but itself."""
    code = WITHOUT_GRAMMAR + (
        "import jupyter_server.serverapp, sys, time\n"
        "before = set(sys.modules)\n"
        "import milvus_nb.server.extension\n"
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    assert shown.strip() == "['milvus_nb']"
