"""Whatever a user may write → one validated, frozen `ConnectionParams`; secrets do not show.

``parsing`` combines; ``place`` says where Milvus is, ``address`` is the grammar of an address, with
``host`` and ``files`` below it; ``sign_in`` and ``tls`` have the rules of their options, ``values``
those of single values; ``endpoint`` is the result, and ``secret`` keeps what must not be shown.
``tidy`` takes away what copying adds.

Not public: import from `milvus_nb` itself.
"""
