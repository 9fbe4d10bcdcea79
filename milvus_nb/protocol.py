"""What pages and the kernel say to each other, typed once: the page's TypeScript is made of this.

``python lab/protocol.py`` writes ``lab/src/protocol/messages.ts``; a test fails where that is out
of date. Both sides check what they get against these types: the kernel in `messages.parse`, the
page in ``parse`` of ``lab/src/protocol/validate.ts``. A change that an older page or kernel would
not understand is a new `_version.PROTOCOL`; then both say so, instead of guessing.

A page's message is ``{v, id, method, params, page, stays_s, until}``: `page` names the page, and
`stays_s` says for how many seconds from now it wants to be told what changes. Beyond that the
kernel is silent: each message would count as activity of a kernel that ought to look idle. What
arrives after `until`, in seconds of the kernel's clock, is not done: nobody waits for it any more.
What is not answered is asked again under the same id, and done once.
"""

# No postponed annotations: they are read at run time.
import functools
from typing import Any, Final, Literal, TypedDict, get_args, get_origin, get_type_hints

State = Literal["connecting", "connected", "degraded", "unreachable", "rejected", "disconnected"]
Auth = Literal["none", "password", "token"]
#: How the secret of a connection comes once more.
SecretKind = Literal["none", "ask", "env", "keyring"]
#: What a form can do about a failure.
Action = Literal[
    "use-tls",
    "no-tls",
    "use-port",
    "choose-file",
    "server-name",
    "timeout",
    "sign-in",
    "database",
    "create-database",
    "other-alias",
    "replace",
    "trust",
]
StageName = Literal[
    "file", "resolve", "tcp", "tls", "grpc", "sign_in", "version", "health", "database"
]
LoadState = Literal["loaded", "loading", "released"]
StageStatus = Literal["pending", "running", "ok", "failed", "skipped"]

#: A label and a text, which may have several lines, and a page of the web that it tells of.
Fact = tuple[str, str] | tuple[str, str, str]

#: A value as a short text; None is a null.
Cell = str | None

#: What was last measured of an endpoint, for all connections to it: its number, the latency in ms,
#: and when, in Unix seconds.
Measurement = tuple[int, float | None, float | None]


class _Where(TypedDict):
    address: str
    alias: str


class ConnectParams(_Where, total=False):
    """The connect form as it is sent; fields that are left out mean "not given"."""

    user: str
    password: str
    token: str
    #: The id of an earlier request of this form whose secret the kernel still holds.
    secret_from: int
    #: The environment variable of the kernel that holds the one or the other.
    password_env: str
    token_env: str
    db_name: str
    secure: bool
    ca_pem_path: str
    server_pem_path: str
    client_pem_path: str
    client_key_path: str
    server_name: str
    timeout: float
    replace: bool
    #: Whether the database is created where it is missing.
    create_database: bool
    #: A profile; of the fields only those that are given take the place of its own.
    profile: str
    #: The `seal` of the profile as it was shown: another one is not connected.
    seal: str
    #: The `permit` of a project's profile, where the user has answered its question with yes.
    allow: str


class Offer(TypedDict):
    """Something that a form can do about a failure: a button."""

    action: Action
    #: The address, the field, the name or the seconds that it is done with, or empty.
    value: str


class _Connection(TypedDict):
    #: The number of its endpoint, which several connections may share.
    endpoint: int
    alias: str
    address: str
    user: str
    auth: Auth
    db_name: str
    secure: bool
    state: State
    reason: str
    fix: str
    #: The identifier of why it fails, as `refused`; empty if it does not.
    cause: str
    #: A warning about a connection that works, or empty.
    note: str
    server_version: str
    latency_ms: float | None
    since: float | None
    checked_at: float | None
    connected_at: float | None
    #: Who opened it: `milvus_nb`, `pymilvus connections`, `MilvusClient`, `AsyncMilvusClient`.
    origin: str
    #: The variables that hold what was opened.
    users: list[str]
    #: Whether it has an alias of ours; else somebody else opened it.
    own: bool
    #: What connects it once more, in another kernel; never a secret.
    again: ConnectParams
    #: Where its secret comes from then.
    secret: SecretKind
    #: The profile that it comes from, or empty; and what that shows and asks.
    profile: str
    label: str
    color: str
    confirm: bool


class Row(_Connection, total=False):
    """One connection. Times are the kernel's Unix seconds."""

    offers: list[Offer]


class Stage(TypedDict):
    """One stage of connecting."""

    name: StageName
    status: StageStatus
    ms: float | None
    #: What was found, or why it failed.
    text: str


class _Explained(TypedDict):
    what: str
    reason: str
    fix: str
    #: An identifier, as `refused`; empty if there is none.
    cause: str
    #: What was asked, what was answered, how long it took; one line, or empty.
    evidence: str


class Failure(_Explained, total=False):
    """An error, as the user should read it: what happened, why, what to do."""

    offers: list[Offer]


class Report(TypedDict):
    """What a check of all layers has found."""

    stages: list[Stage]
    facts: list[Fact]
    #: Warnings, a sentence each.
    notes: list[str]
    failure: Failure | None


class Profile(TypedDict):
    """A saved connection. Its secret is only referred to."""

    name: str
    address: str
    user: str
    #: `none`, `ask`, `keyring`, or `env:NAME`.
    secret: str
    db_name: str
    secure: bool | None
    ca_pem_path: str
    server_pem_path: str
    client_pem_path: str
    client_key_path: str
    server_name: str
    timeout: float | None
    label: str
    color: str
    confirm: bool
    default: bool
    autoconnect: bool
    #: The file, and whether it is the project's, or the site's, which nobody can change here.
    path: str
    is_project: bool
    is_site: bool
    #: What is the same for as long as it goes to the same place, as the same user.
    seal: str
    #: What is another as soon as anything of it changes.
    revision: str
    #: The question about a project's profile that was not allowed yet; empty where none is needed.
    permit: str
    #: Where it goes, in words: address, TLS.
    place: str


class ProfileProblem(TypedDict):
    """What is wrong in a file of profiles."""

    #: The file and the line.
    where: str
    #: Which profile; empty where it is about the file.
    profile: str
    what: str
    reason: str
    fix: str
    #: Whether the profile works nevertheless.
    is_warning: bool


class Profiles(TypedDict):
    """All saved connections."""

    profiles: list[Profile]
    problems: list[ProfileProblem]
    #: The user's file, and the project's; empty where there is none.
    user_path: str
    project_path: str
    #: The site's; empty where there is none.
    site_path: str


class _Saving(TypedDict):
    name: str
    #: Its name until now; empty for a new one.
    was: str
    #: The connection that it is made of; empty where the fields say all.
    alias: str
    #: Whether it goes into the project's file.
    project: bool
    #: Whether it may take the place of one of that name.
    replace: bool


class SaveProfile(_Saving, total=False):
    """A profile as it is to be saved; keys that are left out mean "not given"."""

    #: The password or token for the keyring, where that is typed here.
    typed: str
    #: The id of an earlier request of this form, whose secret the kernel still holds.
    secret_from: int
    #: The `revision` of what was shown and changed; another that stands there is not overwritten.
    seen: str
    address: str
    user: str
    secret: str
    db_name: str
    secure: bool
    ca_pem_path: str
    server_pem_path: str
    client_pem_path: str
    client_key_path: str
    server_name: str
    timeout: float
    label: str
    color: str
    confirm: bool
    default: bool
    autoconnect: bool


class Importable(TypedDict):
    """A connection that the Milvus CLI has saved, and no profile has."""

    #: What is to be imported is named by it: it is another as soon as that goes elsewhere.
    id: str
    name: str
    #: Where it goes, in words.
    place: str
    user: str
    #: Whether somebody signs in.
    has_secret: bool
    #: Why it cannot be imported, or empty.
    problem: str


class Importables(TypedDict):
    """What can be imported, and where it stands."""

    path: str
    found: list[Importable]


class Picked(TypedDict):
    """Some of what can be imported, by `id`."""

    ids: list[str]


class Imported(TypedDict):
    """The names of the profiles that were made; and a sentence on each that was not."""

    names: list[str]
    left: list[str]


class KernelRecord(TypedDict):
    """What a running kernel has connected, as the Jupyter server reads it in the kernel's file."""

    #: Jupyter's id of the kernel.
    id: str
    #: What was measured at each heartbeat is left out.
    connected: list[Row]
    #: What was connected before a restart of the kernel, and is not again.
    lost: list[Row]


class Kernels(TypedDict):
    """The running kernels that have, or had, connections."""

    kernels: list[KernelRecord]


class Many(TypedDict):
    """How many connections there are, where a page is not told of each."""

    #: Those with an alias of ours, and those that somebody else opened.
    own: int
    others: int
    #: Of both, those that are lost, refused or degraded.
    troubled: int
    #: The profiles that they come from.
    profiles: list[str]


class _Span(TypedDict):
    #: Those with an alias of ours, or those that somebody else opened.
    own: bool
    #: The words that have to occur in what is shown of each, in any order.
    filter: str
    #: What the page calls the states, in the order of `State`.
    states: list[str]
    #: Of those that match: from which on, and how many.
    offset: int
    count: int
    #: These are wanted besides, wherever they are.
    also: list[str]


class Window(_Span, total=False):
    """Some of the connections: those that a page shows."""

    #: The one in whose middle this is to be, instead of at `offset`.
    around: str
    #: Only those that come from this profile.
    profile: str
    #: Only those whose profile wants to be asked about.
    confirm: bool


class Listed(TypedDict):
    """Some of the connections."""

    rows: list[Row]
    #: Where the first of them is, among how many that match.
    offset: int
    total: int
    #: Those that were wanted besides, as far as they are there.
    also: list[Row]


class _Greeting(TypedDict):
    #: All of them; where there are many, the current one and those in trouble.
    connections: list[Row]
    current: str | None
    now: float
    #: How often each server is probed.
    heartbeat_s: float
    versions: dict[str, str]
    profiles: Profiles


class Hello(_Greeting, total=False):
    """All that a page needs to begin with."""

    #: How often the kernel tells that it lives, where that is not each heartbeat.
    tick_s: float
    many: Many


class Ping(TypedDict):
    """Round trips, in milliseconds."""

    count: int
    min_ms: float
    median_ms: float
    max_ms: float


class Pasted(TypedDict):
    """What was pasted, as the fields of the form. Its secret stays in the kernel."""

    #: What it was: `pymilvus`, `curl`, `uri`, …
    kind: str
    address: str
    alias: str
    user: str
    sign_in: Auth
    #: The kernel keeps a secret under this request's id, for `secret_from`.
    has_secret: bool
    db_name: str
    secure: bool
    ca_pem_path: str
    server_pem_path: str
    client_pem_path: str
    client_key_path: str
    server_name: str
    timeout: float | None
    #: What was left out, a sentence each.
    notes: list[str]


class Code(TypedDict):
    """A connection as code, with its secrets as references to the environment."""

    #: Its words, and what JupyterLab's editor calls their kind, or "". Together they are the code.
    words: list[tuple[str, str]]
    language: str
    languages: list[str]


class Nothing(TypedDict):
    """Nothing to say."""


class Look(TypedDict):
    """What a page is told that goes on attending."""

    #: It had been forgotten meanwhile: what has changed was not told.
    missed: bool


class Alias(TypedDict):
    """A connection's name."""

    alias: str


class Name(TypedDict):
    """A profile's name."""

    name: str


class Adoption(TypedDict):
    """A name of somebody else's connection, and the alias that it is given."""

    alias: str
    new_alias: str


class Language(TypedDict):
    """A connection, and the language in which it is wanted."""

    alias: str
    language: str


class RequestId(TypedDict):
    """An earlier request."""

    request: int


class Outcome(TypedDict):
    """What became of an earlier request whose answer a page could not hear any more."""

    #: Whether it is known here. One that is not will not be done, should it still arrive.
    known: bool
    failure: Failure | None


class Text(TypedDict):
    """A text."""

    text: str


class Pace(TypedDict):
    """How often a server is probed, in seconds."""

    heartbeat_s: float


class OpenFile(TypedDict):
    """A file that is open in the page, as the Jupyter server names it."""

    #: The server's own folder; may begin with ``~``.
    root: str
    #: Below it.
    path: str


class Facts(TypedDict):
    """All that is known of something."""

    rows: list[Fact]


class Database(TypedDict):
    """A database of a connection."""

    alias: str
    database: str


class Collection(Database):
    """A collection of a connection."""

    collection: str


class SomeCollections(Database):
    """Some collections of a database, by name."""

    names: list[str]


class Loading(Collection):
    """A collection that is to be loaded, or further than it was."""

    #: How far that was, 0 to 100; -1 to begin.
    seen: int


class Rows(Collection):
    """A collection, and how many of its rows are wanted."""

    count: int


class Part(Collection):
    """A collection, or one field of it."""

    #: Empty for all of it.
    field: str


class PartCode(TypedDict):
    """Code that reads a collection."""

    #: For this kernel, which has the connection.
    here: str
    #: For anywhere else: it connects itself, with its secrets as references to the environment.
    elsewhere: str


class Untold(TypedDict):
    """What a server did not tell of something that it told else."""

    what: str
    reason: str
    #: What an administrator runs to allow it; empty where it is not that.
    grant: str


class DatabaseNames(TypedDict):
    """The databases that the user may see. Times are the kernel's Unix seconds."""

    names: list[str]
    #: The one that the connection uses.
    current: str
    untold: list[Untold]
    asked_at: float


class CollectionNames(TypedDict):
    """The collections that the user may see."""

    names: list[str]
    #: How many there are: no more than 20,000 are named.
    total: int
    asked_at: float


class Loaded(TypedDict):
    """Whether a collection is in the server's memory, as far as that tells."""

    load: LoadState | None
    #: How much is loaded, 0 to 100.
    percent: int | None


class Size(Loaded):
    """How large a collection is, as far as the server tells."""

    rows: int | None
    #: Whether they were counted; else it is the server's estimate.
    is_exact: bool


class NamedSize(Size):
    """A collection, and how large it is."""

    name: str


class Sizes(TypedDict):
    """Those of the collections that are still there."""

    sizes: list[NamedSize]
    untold: list[Untold]
    asked_at: float


class Field(TypedDict):
    """A field of a collection, or of the structs in one of its fields."""

    name: str
    #: The field whose structs it is in; empty where it is the collection's own.
    struct: str
    #: With its size: `FLOAT_VECTOR 768`, `VARCHAR(64)`.
    type: str
    is_primary: bool
    auto_id: bool
    is_partition_key: bool
    is_clustering_key: bool
    nullable: bool
    is_function_output: bool
    default: str | None
    analyzer: str
    description: str


class Index(TypedDict):
    """An index of a field."""

    field: str
    name: str
    type: str
    metric: str
    #: The others, such as `M 8, efConstruction 64`.
    params: str
    #: `finished`, `in progress`, `failed`, …, or empty; and what of it is done, 0 to 100.
    state: str
    percent: int | None
    #: Why it failed.
    reason: str


class Description(Size):
    """All that a server tells of a collection."""

    #: Its own, where it was asked for by an alias.
    name: str
    description: str
    fields: list[Field]
    has_dynamic_field: bool
    indexes: list[Index]
    #: None where the server does not tell.
    partitions: list[str] | None
    aliases: list[str] | None
    untold: list[Untold]
    asked_at: float


class Preview(TypedDict):
    """Some rows of a collection, each value as a short text."""

    columns: list[str]
    #: Of each column; empty for one that is not in the schema.
    types: list[str]
    #: As many values a row as there are columns; an empty text is no value.
    rows: list[list[Cell]]
    asked_at: float


class _Change(TypedDict):
    v: int
    event: Literal["rows"]
    changed: list[Row]
    removed: list[str]
    current: str | None
    now: float


class RowsEvent(_Change, total=False):
    """Which connections are new or changed, and which are gone."""

    many: Many
    #: So many have changed at once that they are not told: a page asks for what it shows.
    missed: bool


class StageEvent(TypedDict):
    """How far a connect or a check has come."""

    v: int
    event: Literal["stage"]
    request: int
    stages: list[Stage]


class _Measured(TypedDict):
    v: int
    event: Literal["tick"]
    now: float
    #: How often each server is probed.
    heartbeat_s: float
    measured: list[Measurement]


class TickEvent(_Measured, total=False):
    """The kernel lives, and this was last measured; told at each heartbeat while a page attends."""

    #: How often it is told, where that is not each heartbeat: many servers are probed in turn.
    tick_s: float


class ProfilesEvent(TypedDict):
    """The profiles have changed, in any notebook or by any editor."""

    v: int
    event: Literal["profiles"]
    profiles: Profiles


class HereEvent(TypedDict):
    """The kernel has loaded milvus_nb, of this version."""

    v: int
    event: Literal["here"]
    milvus_nb: str


class CellEvent(TypedDict):
    """A cell has ended; told where a page has looked into a database, which it may have changed."""

    v: int
    event: Literal["cell"]


class SubshellEvent(TypedDict):
    """Pages have made several subshells; this is the one to share."""

    v: int
    event: Literal["subshell"]
    id: str


class TakenEvent(TypedDict):
    """A question that was asked again has arrived; it is being answered."""

    v: int
    event: Literal["taken"]
    request: int


class GoneEvent(TypedDict):
    """The kernel has unloaded milvus_nb; a comm_close would be an error in JupyterLab's console."""

    v: int
    event: Literal["gone"]


Event = (
    RowsEvent
    | StageEvent
    | TickEvent
    | ProfilesEvent
    | HereEvent
    | CellEvent
    | SubshellEvent
    | TakenEvent
    | GoneEvent
)

#: What a page may ask: the parameters, and the result.
METHODS: Final[dict[str, tuple[Any, Any]]] = {
    "hello": (Nothing, Hello),
    #: It goes on attending, or it does not any more.
    "look": (Nothing, Look),
    "leave": (Nothing, Nothing),
    "pace": (Pace, Nothing),
    "connect": (ConnectParams, Alias),
    "test": (ConnectParams, Report),
    "diagnose": (Alias, Report),
    "cancel": (RequestId, Nothing),
    "forget": (RequestId, Nothing),
    "outcome": (RequestId, Outcome),
    "paste": (Text, Pasted),
    "list": (Window, Listed),
    "disconnect": (Alias, Nothing),
    #: All with an alias of ours, but for those that other code uses.
    "disconnect_all": (Nothing, Nothing),
    "reconnect": (Alias, Alias),
    "retry": (Alias, Nothing),
    "use": (Alias, Nothing),
    "adopt": (Adoption, Alias),
    "ping": (Alias, Ping),
    "details": (Alias, Facts),
    "sources": (Alias, Facts),
    "rights": (Alias, Facts),
    "code": (Language, Code),
    "cell": (Alias, Text),
    "databases": (Alias, DatabaseNames),
    "collections": (Database, CollectionNames),
    "sizes": (SomeCollections, Sizes),
    "describe": (Collection, Description),
    "preview": (Rows, Preview),
    #: It is answered as soon as more is loaded than was; a page asks until all is.
    "load": (Loading, Loaded),
    "release": (Collection, Nothing),
    "collection_code": (Part, PartCode),
    "save_profile": (SaveProfile, Name),
    "delete_profile": (Name, Text),
    "importable": (Nothing, Importables),
    "import_profiles": (Picked, Imported),
    #: The server's folder, absolute, where the kernel sees its files; else "".
    "server_folder": (OpenFile, Text),
}

#: What only looks: asked again, it is done again. All else is done once, see page/questions.py.
LOOKS: Final = frozenset(
    {
        "hello",
        "importable",
        "list",
        "look",
        "outcome",
        "ping",
        "details",
        "sources",
        "rights",
        "code",
        "cell",
        "databases",
        "collections",
        "sizes",
        "describe",
        "preview",
        "collection_code",
        "server_folder",
    }
)


def mismatch(taken: type, found: object) -> str:
    """Say what of a message's fields does not fit its type; empty where all of it does.

    Parameters
    ----------
    taken
        A TypedDict of plain types, as in what a page says.
    found
        The fields. They are named, never their values.
    """
    if not isinstance(found, dict):
        return "it has no fields"
    known = _types(taken)
    for name, value in found.items():
        if name not in known:
            return f"there is no parameter {str(name)[:40]!r}"
        if not fits(value, known[name]):
            return f"its parameter {name} is of the wrong type"
    required: frozenset[str] = getattr(taken, "__required_keys__")  # noqa: B009  # mypy: a type
    missing = min(required - found.keys(), default="")
    return f"it needs the parameter {missing}" if missing else ""


@functools.cache
def _types(taken: type) -> dict[str, type]:
    return get_type_hints(taken)


def fits(value: object, kind: type) -> bool:
    """Tell whether a value is of a type, as TypeScript sees it."""
    if get_origin(kind) is list:
        (item,) = get_args(kind)
        return isinstance(value, list) and all(fits(one, item) for one in value)
    # There a bool is no number, and an integer is one like any other.
    kinds = (int, float) if kind is float else kind
    return isinstance(value, kinds) and (kind is bool or not isinstance(value, bool))
