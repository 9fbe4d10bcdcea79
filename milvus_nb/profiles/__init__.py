"""Saved connections: connect by name, with the secret kept where it belongs.

``profile`` is one of them. ``files`` reads TOML, ``editing`` changes it so that nothing is lost.
``listing`` is what stands there, ``known`` says which profile wins, ``shown`` is all that as text
and as HTML, and ``store`` changes it. ``trust`` keeps which of a project's may be used. ``secrets``
gets a secret when it is needed, ``conversion`` and ``saving`` turn profiles into parameters and
back, and ``importing`` makes profiles of what other tools have saved.

Not public: import from `milvus_nb` itself.
"""
