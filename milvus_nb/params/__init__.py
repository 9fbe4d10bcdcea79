"""Whatever a user may write → one validated, frozen `ConnectionParams`.

``parsing`` combines; ``address`` is the grammar of an address, with ``host`` and ``files`` below
it; ``sign_in`` and ``tls`` have the rules of their options, ``values`` those of single values;
``endpoint`` is the result, and ``secret`` keeps what must not be shown.
"""

from .endpoint import DEFAULT_TIMEOUT, ConnectionParams, Endpoint
from .guard import Guard
from .parsing import DEFAULT_PORT, change, is_empty, names_a_place, parse
from .secret import Secret, redact
from .tls import Tls

__all__ = [
    "DEFAULT_PORT",
    "DEFAULT_TIMEOUT",
    "ConnectionParams",
    "Endpoint",
    "Guard",
    "Secret",
    "Tls",
    "change",
    "is_empty",
    "names_a_place",
    "parse",
    "redact",
]
