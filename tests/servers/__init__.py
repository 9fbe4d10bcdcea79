"""Real Milvus servers for the tests. Nothing here is a fake."""

from tests.servers.certificates import Certificates, make_certificates
from tests.servers.milvus import MilvusTestServer, why_no_server

__all__ = ["Certificates", "MilvusTestServer", "make_certificates", "why_no_server"]
