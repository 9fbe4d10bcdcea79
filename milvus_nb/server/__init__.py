"""The Jupyter Server extension: profiles over REST, and their description.

Not public: import from `milvus_nb` itself.
"""
