"""What a page is told and may ask: its session, messages, the widget, the sidebar's comm.

Not public: import from `milvus_nb` itself.
"""
