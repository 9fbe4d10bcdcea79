"""The kernel is its user's: no line but ours in a cell, no variable of the process changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.helpers import free_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.kernels import Kernel
    from tests.servers import MilvusTestServer


def fails(kernel: Kernel, line: str, cause: str) -> None:
    """Run a line that fails, whose outputs are ours alone."""
    found = kernel.execute(line)
    assert found.error is not None, found.text
    assert cause in found.traceback
    assert found.stderr == ""


@pytest.mark.parametrize("order", ["ours first", "gRPC first, with a variable for it"])
def test_grpc_writes_nothing_into_a_cell(
    make_kernel: Callable[..., Kernel],
    milvus: MilvusTestServer,
    milvus_auth: MilvusTestServer,
    milvus_tls: MilvusTestServer,
    order: str,
) -> None:
    """Whatever fails, and although it would to its user, who may have asked for it."""
    if order == "ours first":
        kernel = make_kernel()
    else:
        kernel = make_kernel(GRPC_VERBOSITY="INFO")
        kernel.run("import grpc, pymilvus")
    kernel.run("import os; before = dict(os.environ)\n%load_ext milvus_nb")
    secure, ca = milvus_tls.address, milvus_tls.ca_pem
    fails(kernel, f"%milvus connect {secure} --secure", "not signed by an authority")
    fails(kernel, f"%milvus connect {secure} --ca-pem-path {ca} --server-name other.example", "for")
    fails(kernel, f"%milvus connect {milvus.address} --secure", "TLS")
    fails(kernel, f"%milvus connect {secure}", "TLS")
    fails(kernel, f"%milvus connect {milvus_auth.address} --token root:no", "password")
    fails(kernel, f"%milvus connect localhost:{free_port()}", "nothing listens")
    assert "not signed" in (found := kernel.run(f"%milvus doctor https://{secure}")).text
    assert found.stderr == ""
    assert kernel.run("before == dict(os.environ)").result == {"text/plain": "True"}
