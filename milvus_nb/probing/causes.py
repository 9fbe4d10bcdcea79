"""Every cause of a failed connection that we can name: its identifier, why, and what to do.

What a cause is known by is in `rules`. Adding a cause is adding a row here, and one in
``tests/probing/test_diagnosis.py`` that provokes it. The texts are for somebody whose server is
down at midnight: the first line says what is so, the second what to do, with the actual host,
port, file, option or variable in it, and only with tools that there are where it is read.

What to do is said twice where a form has another way than a line of ``%milvus``; and what the form
can do itself, it offers as a button. That is offered only where it is known to lead on, or where
the user decides what it leads to: no guess is a button.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from ..errors import Offer

if TYPE_CHECKING:
    from ..errors import FailedState

__all__ = ["CAUSES", "FIX_IN_CONTAINER", "Cause"]


class Cause(NamedTuple):
    """Words for one cause; `{…}` are facts of the failure."""

    reason: str
    #: What to do, for a cell.
    fix: str
    state: FailedState = "unreachable"
    #: The same for a form; empty where it is the same.
    form: str = ""
    #: What a form can do itself; one whose value turns out empty is none.
    offers: tuple[Offer, ...] = ()


CAUSES: Final[dict[str, Cause]] = {
    # The name, and the way
    "dns": Cause(
        "The name {host} is unknown.",
        "Check its spelling; if it is right, your network or VPN does not know it. {name_hint}",
    ),
    "dns-silent": Cause(
        "The name {host} was not resolved: no name server answered ({details}).",
        "Is this machine online? Connect the network or VPN, or give an IP address.",
    ),
    "no-route": Cause(
        "There is no way from this machine to {host}: {details}.",
        "Connect the network or VPN that {host} is in; is a local firewall in the way?",
    ),
    "dropped": Cause(
        "{host} did not answer on port {port} in {seconds}: no TCP connection came about.",
        "Is the machine on, and does a firewall or security group let you through to port {port}?",
    ),
    "refused": Cause(
        "Connection refused: nothing listens on {address}.",
        "Is Milvus running, and is {port} its port? The default is 19530. {docker}",
    ),
    "other-port": Cause(
        "Nothing listens on {address}, but on port {right_port} a Milvus does.",
        "Connect there: %milvus connect {right_address}",
        form="Connect there.",
        offers=(Offer("use-port", "{milvus_address}"),),
    ),
    "socket": Cause(
        "The socket {path} cannot be used: {details}.",
        "Does Milvus run on this machine, is that its path, and may this kernel's user open it?",
    ),
    "no-sockets": Cause(
        "Python has no Unix sockets here, as everywhere on Windows.",
        "Let Milvus listen on a port, and write host:port.",
    ),
    "reset": Cause(
        "{address} accepts connections and resets them at once.",
        "Does Milvus run behind it, or is it still starting? {docker}",
    ),
    "forward-nowhere": Cause(
        "{address} accepts connections and closes them without a word, with TLS and without.",
        "A forwarded port (docker, ssh -L, kubectl) or load balancer with nothing behind it, or "
        "another kind of server, as a database? Look whether Milvus runs, and at which port.",
    ),
    "cut-off": Cause(
        "{address} broke the connection off in the middle of an answer.",
        "Was Milvus stopped just now? Otherwise look at what is in between: proxy, load balancer.",
    ),
    "silent": Cause(
        "{address} accepted the connection and said nothing for {seconds}.",
        "Is that Milvus, and not frozen? If it is only slow: --timeout 30",
        form="Is that Milvus, and not frozen? If it is only slow, wait longer.",
        offers=(Offer("timeout", "{longer}"),),
    ),
    "starting": Cause(
        "Milvus on {host} is up but not ready: {details}",
        "Wait a moment and connect again. If it stays like this, its log says why.",
    ),
    "unanswered": Cause(
        "{address} did not answer in {seconds}, although the connection stands.",
        "Is it frozen, overloaded or cut off? If only slow: --timeout 30, or for the heartbeat "
        "%config MilvusMagics.deadline = 10",
        form="Is it frozen, overloaded or cut off? If it is only slow, wait longer.",
        offers=(Offer("timeout", "{longer}"),),
    ),
    "unstable": Cause(
        "{address} broke off {drops} connections in a row, the last after {lived}.",
        "Look at the server's log, and at what is in between: proxy, load balancer, VPN.",
    ),
    # Somebody else
    "management-port": Cause(
        "{address} is Milvus's management port: it serves health, metrics and the WebUI.",
        "Connect to the port for work: %milvus connect {right_address}",
        form="Connect to the port for work: {right_address}",
        offers=(Offer("use-port", "{milvus_address}"),),
    ),
    "http1": Cause(
        "{address} is a web server ({details}), not Milvus.",
        "Check host and port (19530 by default). A gateway for Milvus has to speak HTTP/2 there.",
    ),
    "other-protocol": Cause(
        "{address} is {protocol}, not Milvus: it says {details}.",
        "Check host and port; Milvus's default port is 19530.",
    ),
    "not-milvus": Cause(
        "{address} speaks gRPC, but is not Milvus's proxy: perhaps another server, its etcd, or an "
        "internal port.",
        "Use the port of the Milvus proxy; its default is 19530.",
    ),
    # A gateway: it speaks HTTP/2, and what it says is not Milvus's
    "gateway": Cause(
        "{address} is a web server or gateway that does not pass gRPC on ({details}).",
        "Let the gateway forward gRPC to Milvus's port 19530, or connect to that port itself.",
    ),
    "gateway-no-milvus": Cause(
        "{address} speaks gRPC, but does not know Milvus's calls ({details}).",
        "Is it another kind of server, as Qdrant, or a gateway without a way to Milvus? Use the "
        "port of the Milvus proxy; its default is 19530.",
    ),
    "gateway-page": Cause(
        "{address} answers with a page for browsers, not as Milvus does.",
        "If it is for signing in, ask who runs the gateway how programs get through. Otherwise let "
        "it forward gRPC to Milvus's port 19530.",
        "rejected",
    ),
    "gateway-redirect": Cause(
        "{address} is a gateway that sends whoever asks to another page ({details}).",
        "If it leads to {https}: write that. If to a page for signing in: the gateway wants a "
        "sign-in of its own; ask who runs it.",
        "rejected",
        offers=(Offer("use-tls", "{tls_address}"),),
    ),
    "gateway-sign-in": Cause(
        "The gateway on {address} wants a sign-in of its own ({details}); it is not Milvus's.",
        "Ask who runs the gateway how programs get through; or connect to Milvus's own port 19530.",
        "rejected",
    ),
    "gateway-forbidden": Cause(
        "The gateway on {address} does not let this connection through ({details}).",
        "It wants a sign-in of its own, or does not know this machine's address: ask who runs it.",
        "rejected",
    ),
    "limited": Cause(
        "{address} limits how often it may be asked: {details}.",
        "Wait a moment and connect again. The limit is the gateway's, or Milvus's quotaAndLimits.",
        "rejected",
    ),
    "upstream": Cause(
        "The gateway on {address} answers, but Milvus behind it does not: {details}.",
        "Is Milvus up, and does the gateway forward to its port 19530? The logs of both say more.",
    ),
    "server-too-old": Cause(
        "The Milvus server on {address} is too old: it does not know {method}.",
        "Milvus 2.2.9 and later work with this milvus_nb; update the server.",
        "rejected",
    ),
    # TLS
    "tls-to-plaintext": Cause(
        "TLS was asked for, but {address} does not speak TLS.",
        "Leave out {tls_option}, or switch TLS on in the server (common.security.tlsMode).",
        form="Leave TLS out: then what is sent can be read on the way. Or switch it on in the "
        "server (common.security.tlsMode).",
        offers=(Offer("no-tls", "{plain_address}"),),
    ),
    "plaintext-to-tls": Cause(
        "{address} speaks TLS, and the connection was made without.",
        "Add --secure, or write https://{host}:{port}. {trust}",
        form="Use TLS. {trust_in_form}",
        offers=(Offer("use-tls", "{tls_address}"),),
    ),
    "tls-untrusted": Cause(
        "The certificate of {address} is not signed by an authority in {roots}.",
        "Give the authority's certificate: --ca-pem-path FILE. {shown}",
        form="Give the authority's certificate as CA certificate. {shown}",
        offers=(Offer("choose-file", "ca_pem_path"),),
    ),
    "tls-self-signed": Cause(
        "The certificate of {address} is self-signed, and not in {roots}.",
        "If you trust it, give that certificate: --server-pem-path FILE. {shown}",
        form="If you trust it, give that certificate as Server certificate. {shown}",
        offers=(Offer("choose-file", "server_pem_path"),),
    ),
    "tls-expired": Cause(
        "The certificate of {address} expired on {until}.",
        "Renew it on the server. If it is new: is the clock of this machine right ({now})?",
    ),
    "tls-not-yet-valid": Cause(
        "The certificate of {address} is valid only from {since}.",
        "Is the clock of this machine right? It says {now}.",
    ),
    "tls-name": Cause(
        "The certificate of {address} is for {names}, not for {expected}.",
        "Connect by a name in it, or say which to expect: --server-name {first_name}",
        form="Connect by a name in it, or say which to expect as Server name.",
        offers=(Offer("server-name", "{certified_name}"),),
    ),
    "tls-client-missing": Cause(
        "{address} asks for a client certificate, and none was given.",
        "Give yours: --client-pem-path FILE --client-key-path FILE",
        form="Give yours as Client certificate and Client key.",
        offers=(Offer("choose-file", "client_pem_path"),),
    ),
    "tls-client-rejected": Cause(
        "{address} does not accept the client certificate {client_file}.",
        "Is it from the authority that the server trusts, and not expired? "
        "Change --client-pem-path and --client-key-path.",
        form="Is it from the authority that the server trusts, and not expired? Give another one, "
        "with its key.",
        offers=(Offer("choose-file", "client_pem_path"),),
    ),
    "tls-handshake": Cause(
        "The TLS handshake with {address} failed: {details}",
        "Have server and client a TLS version and cipher in common? Or does a proxy cut in?",
    ),
    # A server that wants a client certificate may say so by this alone, under TLS 1.3.
    "tls-closed": Cause(
        "{address} closed the connection after the TLS handshake, without a word.",
        "Was Milvus stopped just now? {client_hint}",
        form="Was Milvus stopped just now? {client_hint_in_form}",
    ),
    "tls-no-http2": Cause(
        "{address} speaks TLS but does not offer HTTP/2, which gRPC needs (ALPN).",
        "Let the gateway in front of Milvus offer h2, or connect to Milvus's own port.",
    ),
    "tls-bad-file": Cause(
        "The TLS files cannot be used: {details}",
        "Check that {files} are the PEM files that their options ask for.",
        form="Check that {files} are the PEM files that their fields ask for.",
    ),
    # Proxies
    "proxy-unreachable": Cause(
        "The proxy {proxy} from {variable} is in the way, and failed: {details}",
        "If {host} needs no proxy: %env {no_proxy}  Otherwise correct {variable}.",
        form="If {host} needs no proxy, run in a cell: %env {no_proxy}  Otherwise correct "
        "{variable}.",
    ),
    "proxy-refused": Cause(
        "The proxy {proxy} from {variable} refused to reach {address}: {details}",
        "If {host} needs no proxy: %env {no_proxy}  Otherwise the proxy must allow it.",
        form="If {host} needs no proxy, run in a cell: %env {no_proxy}  Otherwise the "
        "proxy must allow it.",
    ),
    "project-env": Cause(
        "{variable} is set by a file of the project, {file}, and {does}: nothing was sent.",
        "If that is right, set it yourself before the kernel starts. Otherwise take it out of that "
        "file, and restart the kernel.",
        "rejected",
    ),
    # Signing in
    "wrong-password": Cause(
        "Wrong password for user {user}, or no such user.",
        "Check both.{oddity} A fresh Milvus has the user root with the password Milvus.",
        "rejected",
        offers=(Offer("sign-in", "password"),),
    ),
    "wrong-api-key": Cause(
        "{address} does not accept this API key.",
        "Check the key. For a user and password, write the token as user:password.",
        "rejected",
        form="Check the key. A user with a password signs in by Password.",
        offers=(Offer("sign-in", "token"),),
    ),
    "no-credentials": Cause(
        "{address} asks for credentials, and none were given.",
        "Sign in: add --user NAME --ask, or --token-env VARIABLE.",
        "rejected",
        form="Sign in with a password or a token.",
        offers=(Offer("sign-in", "password"),),
    ),
    "cloud-no-tls": Cause(
        "{host} is a Zilliz Cloud endpoint, and the address asks for no TLS: nothing was sent.",
        "Write https:// before it: {https}. In plain text your API key could be read.{token_hint}",
        "rejected",
        form="Use TLS: {https}. In plain text your API key could be read.{token_hint_in_form}",
        offers=(Offer("use-tls", "{tls_address}"),),
    ),
    "cloud-no-token": Cause(
        "{host} is a Zilliz Cloud endpoint, and no token was given.",
        "Take an API key from the cloud console and add --token-env VARIABLE, or --ask.",
        "rejected",
        form="Take an API key from the cloud console and give it as Token.",
        offers=(Offer("sign-in", "token"),),
    ),
    "permission-denied": Cause(
        "{address} knows {user} but does not allow this: {details}",
        "Ask the server's administrator for the privilege.",
        "rejected",
    ),
    # The database, and the server's own errors
    "database-missing": Cause(
        "There is no database {database} on {address}.", "{existing}", "rejected"
    ),
    "server-error": Cause(
        "{address} answered with error {details}", "The server's log tells more.", "rejected"
    ),
    # Milvus Lite
    "lite-locked": Cause(
        "{path} is open in another process{holder}.",
        "Disconnect it there{where}, or stop that process; then connect again.",
    ),
    "lite-open-here": Cause(
        "{path} is open in this kernel already{other_name}.",
        "Disconnect it there first (%milvus status lists the connections), or use it there.",
        form="Disconnect it there first, or use it there.",
    ),
    "lite-no-locks": Cause(
        "{path} is on a file system without locks ({details}), which Milvus Lite needs.",
        "Put the database on a local disk: some network and FUSE mounts have no file locks.",
    ),
    "lite-full": Cause(
        "Milvus Lite cannot open {path}: its disk, or your share of it, is full.",
        "Free some space there, or choose another folder; then connect again.",
    ),
    "lite-failed": Cause(
        "Milvus Lite cannot open {path}: {details}",
        "Check that it is a Milvus Lite database and that you may write there.",
    ),
    "lite-gone": Cause(
        "Milvus Lite does not serve {path} any more: {details}",
        "Disconnect and connect again.",
    ),
    "lite-deleted": Cause(
        "{path} was deleted or replaced; what this kernel still holds of it goes with it.",
        "Put it back where it was, or disconnect and connect again to start anew.",
    ),
    # Ours
    "no-files": Cause(
        "No connection could be opened: this process has as many files and sockets as it may.",
        "Close some, or restart the kernel; before Jupyter starts, ulimit -n raises the limit.",
    ),
    "no-threads": Cause(
        "{address} could not be asked: this process may start no more threads.",
        "End threads, other kernels or programs; ulimit -u and a container's pids limit tell how"
        " many there may be.",
    ),
    "connection-lost": Cause(
        "The connection to {address} was lost.",
        "It is tried again until the server is back; %milvus status tells.",
        form="It is tried again until the server is back.",
    ),
    "unknown": Cause(
        "{address} answered {details}",
        "This failure is not one we know; the text is what was seen.",
    ),
}

#: What to do instead, where the kernel runs in a container and the host is that container.
FIX_IN_CONTAINER: Final = {
    "refused": "Is Milvus running? This kernel runs in a container, and {host} is that container: "
    "a Milvus outside of it has the name of its own container or service, or "
    "host.docker.internal on the machine around them.",
}
