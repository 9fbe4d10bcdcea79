"""``%milvus``: one function a subcommand, completion, options, live progress.

Not public: import from `milvus_nb` itself.
"""
