"""Connections and reports as text and as HTML.

Not public: import from `milvus_nb` itself.
"""
