"""How a server is asked, and why it fails."""
