"""What a page is told and may ask."""
